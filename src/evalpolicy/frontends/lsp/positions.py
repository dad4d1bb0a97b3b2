"""Converts spans, which count code points, to ranges of the Language Server Protocol."""

from __future__ import annotations

import re
from functools import cached_property

from lsprotocol import types

from evalpolicy.artifacts.syntax.source import Span

_MARK = "\ufeff"
# A line ends with LF, CR LF or a CR alone (LSP 3.17, text documents); spans know no CR alone.
_ALONE = re.compile("\r(?!\n)")


class EncodedLines:
    """The lines of one text, counted as in the client's encoding (utf-8, utf-16, utf-32).

    `text` is what the client holds: with a byte order mark if that is a character to it.
    """

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self.encoding = encoding
        self._marked = text.startswith(_MARK)

    @cached_property
    def lines(self) -> list[str]:
        """As spans count them: without the mark, ended by LF alone; a CR before it is kept."""
        return self.text.removeprefix(_MARK).split("\n")

    def range(self, span: Span) -> types.Range:
        """The range of a span, limited to the end of the text."""
        start = self.position(span.line, span.column)
        end = self.position(span.end_line, span.end_column)
        return types.Range(start, max(start, end))

    def position(self, line: int, column: int) -> types.Position:
        if line > len(self.lines):
            line, column = len(self.lines), len(self.lines[-1]) + 1
        before = self.lines[line - 1][: column - 1]
        inside = _ALONE.split(before)
        shift = self._marked and line == 1 and len(inside) == 1
        return types.Position(
            line - 1 + self._extra[line - 1] + len(inside) - 1,
            units(inside[-1], self.encoding) + (units(_MARK, self.encoding) if shift else 0),
        )

    @cached_property
    def _extra(self) -> list[int]:
        """How many more lines than spans do a client counts before each line."""
        if _ALONE.search(self.text) is None:
            return [0] * len(self.lines)
        found = [0]
        for line in self.lines:
            found.append(found[-1] + len(_ALONE.findall(f"{line}\n")))
        return found


def units(text: str, encoding: str) -> int:
    """The number of code units in the text; a lone surrogate is one character."""
    if text.isascii() or encoding == "utf-32":
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > "\uffff" for character in text)


def within(position: types.Position, range: types.Range) -> bool:
    """Whether a position is in a range, or at its end."""
    return range.start <= position <= range.end


def touch(one: types.Range, other: types.Range) -> bool:
    """Whether two ranges share a position; an end counts."""
    return one.start <= other.end and other.start <= one.end
