"""Where a Markdown document leads: its links and images, and the paths that it names in code.

After CommonMark 0.31: inline links, reference definitions and images; fenced and indented code,
code spans and HTML comments hold no links. `src` and `href` of HTML tags count too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from evalpolicy.artifacts.syntax.source import Span

_FENCE = re.compile(r"(?: {0,3}|[ \t]*(?:[-*+>]|\d+[.)])[ \t]+|[ \t]+)(`{3,}|~{3,})(.*)")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_INLINE = re.compile(
    r"\]\(\s*(?:<([^<>]*)>|((?:\\.|[^\s()\\]|\((?:\\.|[^\s()\\])*\))+))"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^)]*\)))?\s*\)"
)
_DEFINITION = re.compile(r" {0,3}\[[^\]^][^\]]*\]:\s*(?:<([^<>]*)>|(\S+))")
_HTML = re.compile(r"<(?:a|img|source)\b[^<>]*?\s(?:href|src)=[\"']([^\"']*)[\"']", re.IGNORECASE)
_PATH = re.compile(r"(?:\.{0,2}/)?[\w.@+-]+(?:/[\w.@+-]+)+/?|[\w.@+-]+/")
_BEHIND_PATH = re.compile(r"(?::{1,2}[\w-]+|#[\w-]+)?")
_ESCAPED = re.compile(r"\\(.)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
# What every line has that names a target; most have nothing of it.
_LINK_MARK = re.compile(r"\]\(|\]:|<[ais]", re.IGNORECASE)
_ANY_MARK = re.compile(r"\]\(|\]:|<[ais]|`[^`]*/", re.IGNORECASE)


class Link(NamedTuple):
    """What a document names: as written, and where. `code` tells paths in code spans apart."""

    target: str
    span: Span
    code: bool = False


def links(content: bytes, *, code: bool = True) -> list[Link]:
    """Every target in the document's order; bytes that are no UTF-8 are replaced.

    `code` asks for the paths in code spans too.
    """
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    mark = _ANY_MARK if code else _LINK_MARK
    if mark.search(text) is None:
        return []
    found: list[Link] = []
    for number, line in _prose(text):
        if mark.search(line) is not None:
            found.extend(_of_line(number, line, code))
    return found


def _of_line(number: int, line: str, with_code: bool) -> Iterator[Link]:
    spans = list(_CODE.finditer(line)) if "`" in line else []
    for code in spans if with_code else ():
        path = _PATH.match(code[2].strip())
        if path is not None:
            start = code.start(2) + len(code[2]) - len(code[2].lstrip())
            if _BEHIND_PATH.fullmatch(code[2].strip(), path.end()):
                yield Link(path[0], Span.at(number, start + 1, len(path[0])), True)
    plain = _CODE.sub(lambda code: "`" * len(code[0]), line) if spans else line
    if "](" in plain:
        for link in _INLINE.finditer(plain):
            group = 1 if link[1] is not None else 2
            yield _link(number, link, group)
    if definition := _DEFINITION.match(plain):
        yield _link(number, definition, 1 if definition[1] is not None else 2)
    if "<" in plain:
        for tag in _HTML.finditer(plain):
            yield _link(number, tag, 1)


def _link(number: int, found: re.Match[str], group: int) -> Link:
    start, end = found.span(group)
    target = found[group]
    if "\\" in target:
        target = _ESCAPED.sub(r"\1", target)
    return Link(target, Span.at(number, start + 1, end - start))


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, without fenced and indented code and HTML comments."""
    fence = ""
    commented = False
    blank = True
    listed = False
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        opening = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if fence:
            if opening and opening[1].startswith(fence) and not opening[2].strip():
                fence = ""
            continue
        if opening and not commented and "`" not in opening[2]:
            fence = opening[1]
            continue
        indented = line.startswith(("    ", "\t"))
        if commented or "<!--" in line:
            line, commented = _uncommented(line, commented)
        if indented and blank and not listed:
            continue
        blank = not line.strip()
        if not blank:
            listed = (listed and indented) or _ITEM.match(line) is not None
            yield number, line


def _uncommented(line: str, commented: bool) -> tuple[str, bool]:
    """The line with comments blanked, so that columns stay."""
    kept: list[str] = []
    at = 0
    while at < len(line):
        mark = line.find("-->" if commented else "<!--", at)
        end = mark if mark >= 0 else len(line)
        behind = end + (3 if commented else 4) if mark >= 0 else end
        kept.append(" " * (behind - at) if commented else line[at:end] + " " * (behind - end))
        if mark >= 0:
            commented = not commented
        at = behind
    return "".join(kept), commented
