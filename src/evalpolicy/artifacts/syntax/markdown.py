"""Where a Markdown text leads, its comments and its code.

After CommonMark 0.31 and GitHub's tables, as markdown-it-py reads them: links and images, the
definitions of links, `src` and `href` of HTML, HTML comments, code in blocks and in lines.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from evalpolicy.artifacts.syntax.source import Span

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.commonmark import InlinePiece

_PATH = re.compile(r"(?:(?:\.{0,2}/)?[\w.@+-]+(?:/[\w.@+-]+)+/?|[\w.@+-]+/)")
_BEHIND_PATH = re.compile(r"(?::{1,2}[\w-]+|#[\w-]+)?")
_TAG = re.compile(r"<(?:!--|[a-zA-Z][\w-]*)")
_ATTRIBUTE = re.compile(
    r"\s+([a-zA-Z_:][\w:.-]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+)))?"
)
# What a text has that has one of them; most have none. To look is cheap, to parse is not.
_LINKS = re.compile(r"\]\(|\]:|(?:href|src)\s*=", re.IGNORECASE)
_LINKS_AND_PATHS = re.compile(rf"{_LINKS.pattern}|`[^`]*/", re.IGNORECASE)
_POSSIBLE_PATH = re.compile(
    rf"(?<=`)[ \t\r\n]*({_PATH.pattern}){_BEHIND_PATH.pattern}[ \t\r\n]*(?=`)"
)
# Behind a mark: a target that is meant as it is written.
_PLAIN_TARGET = re.compile(r"[ \t\r\n]*(?:([^ \t\r\n()<>\\&]+)(?=[ \t\r\n)]|\Z)|\))")
_PLAIN_VALUE = re.compile(r"\s*(?:\"([^\"&]*)\"|'([^'&]*)'|([^\s\"'=<>`&]+))")
_VISIBLE = re.compile(r"[^\r\n]")
_COMMENTS = re.compile("<!--")
_COMMENTS_AND_CODE = re.compile("<!--|`")
_BLOCKS = re.compile("```|~~~| {4}|\t")


class MarkdownError(Exception):
    """A text that is not read; the message says why."""


class Link(NamedTuple):
    """What a document names: as it is meant, and where. `code` tells paths in code spans apart."""

    target: str
    span: Span
    code: bool = False


def links(content: bytes, *, code: bool = True) -> list[Link]:
    """Every target in the document's order; bytes that are not UTF-8 are replaced.

    `code` asks for the paths in code spans too. Raises `MarkdownError`.
    """
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    found = _pieces(text, _LINKS_AND_PATHS if code else _LINKS)
    if not found:
        return []
    from evalpolicy.artifacts.syntax.commonmark import unescapeAll

    starts = [0, *(end.end() for end in re.finditer("\n", text))]
    shown: list[Link] = []
    for kind, start, end in found:
        if kind == "target":
            shown.append(Link(unescapeAll(text[start:end]), _span(starts, start, end)))
        elif kind == "attribute":
            shown.append(Link(html.unescape(text[start:end]), _span(starts, start, end)))
        elif kind == "code" and code:
            path = _PATH.match(text, start, end)
            if path and _BEHIND_PATH.fullmatch(text, path.end(), end):
                shown.append(Link(path[0], _span(starts, start, path.end()), True))
    return shown


def possible_targets(content: bytes, *, code: bool = True) -> list[tuple[str, bool]]:
    """At least the targets of `links`, each with its `code`, at a tenth of the cost.

    What is code, a comment or no link at all is not known here. NUL, which names nothing, stands
    for a target that only `links` can tell.
    """
    text = content.decode("utf-8", "replace")
    found = {(path[1], True) for path in _POSSIBLE_PATH.finditer(text)} if code else set()
    for mark in _LINKS.finditer(text):
        form = _PLAIN_VALUE if mark[0].endswith("=") else _PLAIN_TARGET
        target = form.match(text, mark.end())
        found.add((next(filter(None, target.groups()), "") if target else "\0", False))
    return sorted(found)


def comments(text: str) -> list[tuple[int, int]]:
    """From where to where each HTML comment goes, in code points. Raises `MarkdownError`."""
    return [(start, end) for kind, start, end in _pieces(text, _COMMENTS) if kind == "comment"]


def without(text: str, *, code: bool) -> str:
    """The text with NUL for each character of an HTML comment or a block of code.

    `code` hides what is in code spans too. Line ends stay. Raises `MarkdownError`.
    """
    hidden = {"comment", "block", "code"} if code else {"comment", "block"}
    shown: list[str] = []
    at = 0
    for kind, start, end in _pieces(text, _COMMENTS_AND_CODE if code else _COMMENTS, _BLOCKS):
        if kind in hidden:
            shown += text[at:start], _VISIBLE.sub("\0", text[start:end])
            at = end
    return "".join(shown) + text[at:]


def _pieces(
    text: str, inline: re.Pattern[str], blocks: re.Pattern[str] | None = None
) -> list[InlinePiece]:
    """What there is of a text that has `blocks`, and of its lines that have `inline`."""
    if not inline.search(text) and not (blocks and blocks.search(text)):
        return []
    from evalpolicy.artifacts.syntax import commonmark

    try:
        found = commonmark.pieces(text, inline)
    except commonmark.TooDeepError:
        raise MarkdownError(
            f"more than {commonmark.DEEPEST} blocks or brackets within each other"
        ) from None
    return [
        part
        for piece in found
        for part in (_of_html(text, piece) if piece.kind == "html" else [piece])
    ]


def _of_html(text: str, piece: InlinePiece) -> Iterator[InlinePiece]:
    """The comments of HTML, and where its tags lead; what nothing closes is a comment."""
    at = piece.start
    while found := _TAG.search(text, at, piece.end):
        at = found.end()
        if found[0] == "<!--":
            close = text.find("-->", found.start() + 2, piece.end)
            at = piece.end if close < 0 else close + 3
            yield piece._replace(kind="comment", start=found.start(), end=at)
            continue
        while attribute := _ATTRIBUTE.match(text, at, piece.end):
            at = attribute.end()
            group = attribute.lastindex or 1
            if group > 1 and attribute[1].casefold() in ("href", "src"):
                start, end = attribute.span(group)
                yield piece._replace(kind="attribute", start=start, end=end)


def _span(starts: list[int], start: int, end: int) -> Span:
    line, last = bisect_right(starts, start), bisect_right(starts, max(start, end - 1))
    return Span(line, start - starts[line - 1] + 1, last, end - starts[last - 1] + 1)
