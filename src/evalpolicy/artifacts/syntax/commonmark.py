"""What markdown-it-py sees in a Markdown text, with the place of each piece.

markdown-it gives lines of blocks alone. Rules put around its own take down where in a block's
content a piece begins and ends; what stands before the content on its line (`> `, `- `) is found
by the line's end. To import this is expensive: `markdown` does when a text needs it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

from markdown_it import MarkdownIt, rules_block, rules_inline
from markdown_it.common.utils import unescapeAll
from markdown_it.helpers import parseLinkDestination
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

__all__ = ["DEEPEST", "InlinePiece", "TooDeepError", "pieces", "unescapeAll"]

_Block: TypeAlias = Callable[[StateBlock, int, int, bool], bool]
_Inline: TypeAlias = Callable[[StateInline, bool], bool]

# Deeper blocks or brackets are an error. markdown-it would skip what is deeper than its limit.
DEEPEST = 50
_ITS_LIMIT = DEEPEST + 10
# What a list or a quote ends, as markdown-it has it.
_INTERRUPTED_BY_LIST = ["paragraph", "reference", "blockquote"]
_INTERRUPTED_BY_QUOTE = [*_INTERRUPTED_BY_LIST, "list"]
_INLINE = ("text", "escape", "backticks", "link", "image", "autolink", "html_inline")
_SPACES = re.compile(r"[ \t\n]*")
_CELL = re.compile(r"(?:\\.|[^|\\])+")
_LABEL = re.compile(r"\[(?:\\.|[^\[\]\\])*\]:[ \t\n]*", re.DOTALL)


class TooDeepError(Exception):
    """The text nests deeper than anybody writes."""


class InlinePiece(NamedTuple):
    """`target`, `html`, `code` (a span's words) or `block` (lines of code), from `start` to `end`.

    Offsets count code points of the text. A target is without its angle brackets.
    """

    kind: str
    start: int
    end: int


def pieces(text: str, wanted: re.Pattern[str]) -> list[InlinePiece]:
    """The pieces of a text, in order. Of text that `wanted` does not find only blocks are read.

    Raises `TooDeepError`. NUL and CR count as characters: offsets are those of the text.
    """
    plain = text.replace("\r", " ").replace("\0", "\ufffd")
    starts = [0, *(found.end() for found in re.finditer("\n", plain)), len(plain) + 1]
    found: list[InlinePiece] = []
    environment: dict[str, Any] = {"found": found}
    tokens = _parser().parse(plain, environment)
    before = ""
    for token in tokens:
        kind, before = before, token.type
        if token.map is None:
            continue
        start, end = starts[token.map[0]], starts[token.map[1]] - 1
        if token.type in ("fence", "code_block"):
            found.append(InlinePiece("block", start, end))
        elif token.type == "html_block":
            found.append(InlinePiece("html", start, end))
        elif token.type == "tr_open":
            for cell in _CELL.finditer(plain, start, end):
                if wanted.search(cell[0]):
                    found += _within(cell[0], environment, [0], [cell.start()])
        elif token.type != "inline" or kind in ("td_open", "th_open"):
            continue
        elif wanted.search(token.content):
            found += _within(token.content, environment, *_lines(token.content, plain, start))
    return sorted(found, key=lambda piece: piece.start)


def _lines(content: str, text: str, start: int) -> tuple[list[int], list[int]]:
    """Where each line of a block's content begins: in the content, and in the text."""
    inner: list[int] = []
    outer: list[int] = []
    at = 0
    for line in content.split("\n"):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        bare = line.strip(" \t")
        inner.append(at + line.find(bare))
        outer.append(text.rfind(bare, start, end))
        at += len(line) + 1
        start = end + 1
    return inner, outer


def _within(
    content: str, environment: dict[str, Any], inner: list[int], outer: list[int]
) -> list[InlinePiece]:
    found: list[InlinePiece] = []
    parser = _parser()
    notes = {"content": content, "found": found, "last": content.rfind("](")}
    parser.inline.parse(content, parser, {**environment, **notes}, [])
    return [_moved(piece, inner, outer) for piece in found]


def _moved(piece: InlinePiece, inner: list[int], outer: list[int]) -> InlinePiece:
    """The piece in the text, by where each line begins in the content and in the text."""

    def place(offset: int) -> int:
        line = bisect_right(inner, offset) - 1
        return outer[line] + offset - inner[line]

    start = place(piece.start)
    return InlinePiece(piece.kind, start, max(start, place(piece.end - 1) + 1))


@cache
def _parser() -> MarkdownIt:
    """CommonMark with GitHub's tables; what is not needed (emphasis, entities) is text."""
    parser = _AsWritten("commonmark", {"maxNesting": _ITS_LIMIT}).enable("table")
    parser.core.ruler.enableOnly(["block"])
    inline = parser.inline.ruler
    inline.enableOnly(list(_INLINE))
    inline.at("backticks", _noted(rules_inline.backtick, _code_words))
    inline.at("link", _noted(_unless_behind_the_last(rules_inline.link), _destination))
    inline.at("image", _noted(_unless_behind_the_last(rules_inline.image), _destination))
    inline.at("html_inline", _noted(rules_inline.html_inline, _all_of_it))
    block = parser.block.ruler
    block.at("list", _bounded(rules_block.list_block), {"alt": _INTERRUPTED_BY_LIST})
    block.at("blockquote", _bounded(rules_block.blockquote), {"alt": _INTERRUPTED_BY_QUOTE})
    block.at("reference", _reference)
    return parser


class _AsWritten(MarkdownIt):
    """Where a link leads is neither encoded nor judged."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - its name
        return url

    def validateLink(self, url: str) -> bool:  # noqa: N802 - its name
        return True


def _noted(rule: _Inline, seen: Callable[[StateInline, int], InlinePiece | None]) -> _Inline:
    def noting(state: StateInline, silent: bool) -> bool:
        start = state.pos
        if not rule(state, silent):
            return False
        # The text of an image is parsed on its own: nothing in it is a link.
        if not silent and state.src is state.env["content"] and (piece := seen(state, start)):
            state.env["found"].append(piece)
        return True

    return noting


def _unless_behind_the_last(rule: _Inline) -> _Inline:
    def looking(state: StateInline, silent: bool) -> bool:
        if state.src[state.pos] not in "[!" or state.pos > state.env["last"]:
            return False
        if state.level > DEEPEST:
            raise TooDeepError
        return rule(state, silent)

    return looking


def _code_words(state: StateInline, start: int) -> InlinePiece:
    words = state.src[start : state.pos].strip("`").strip()
    at = state.src.index(words, start) if words else start
    return InlinePiece("code", at, at + len(words))


def _all_of_it(state: StateInline, start: int) -> InlinePiece:
    return InlinePiece("html", start, state.pos)


def _destination(state: StateInline, start: int) -> InlinePiece | None:
    """Where an inline link leads; None for one by reference."""
    opening = state.src.index("[", start)
    is_link = opening == start
    end = state.md.helpers.parseLinkLabel(state, opening, is_link)
    if state.src[end + 1 : end + 2] != "(" or state.src[state.pos - 1] != ")":
        return None
    return _target(state.src, end + 2, state.posMax)


def _target(text: str, at: int, limit: int) -> InlinePiece | None:
    spaces = _SPACES.match(text, at)
    start = spaces.end() if spaces else at
    found = parseLinkDestination(text, start, limit)
    if not found.ok:
        return None
    brackets = text.startswith("<", start)
    return InlinePiece("target", start + brackets, found.pos - brackets)


def _bounded(rule: _Block) -> _Block:
    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if state.level > DEEPEST:
            raise TooDeepError
        return rule(state, start, end, silent)

    return bounded


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A definition of a link; one of a footnote, which GitHub knows, is a paragraph."""
    at = state.bMarks[start] + state.tShift[start]
    if state.src.startswith("[^", at) or not rules_block.reference(state, start, end, silent):
        return False
    lines = range(start, state.line)
    outer = [state.bMarks[line] + state.tShift[line] for line in lines]
    parts = [state.src[at : state.eMarks[line]] for at, line in zip(outer, lines, strict=True)]
    inner = [0, *accumulate(len(part) + 1 for part in parts[:-1])]
    content = "\n".join(parts)
    label = _LABEL.match(content)
    if label and (piece := _target(content, label.end(), len(content))):
        state.env["found"].append(_moved(piece, inner, outer))
    return True
