"""The places of values in a file, and problems with reading it."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Annotated, NamedTuple, TypeAlias

from msgspec import Meta, Struct


class Span(NamedTuple):
    """A half-open range of a file's text.

    Lines and columns count from 1; a column counts code points of the decoded line, and
    `end_column` is the column just behind the last character (as SARIF counts). A tuple, because
    a fleet has tens of thousands of them and each run of a hook makes them again.
    """

    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def at(cls, line: int, column: int = 1, length: int = 1) -> Span:
        """A span of `length` code points within one line."""
        return cls(line, column, line, column + length)


Position: TypeAlias = Annotated[int, Meta(ge=1, le=1 << 31)]
SpanRow: TypeAlias = tuple[Position, Position, Position, Position]
"""A span as a row of the cache holds it."""

START = Span(1, 1, 1, 1)
"""The very start of a file: where a finding about the file as a whole points."""


class Located(Struct, frozen=True):
    """A text and where it stands."""

    text: str
    span: Span


class Lines:
    """The lines of a text that begins on line `first` of its file, in a column of that."""

    def __init__(self, text: str, first: int = 1, column: int = 1) -> None:
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        self._first = first
        self._indent = column - 1  # of the first line alone

    def span(self, start: int, end: int) -> Span:
        """The span of a range of the text, given by offsets."""
        line = bisect_right(self._starts, start) - 1
        last = max(line, bisect_right(self._starts, max(end - 1, start)) - 1)
        return Span(
            self._first + line,
            start - self._starts[line] + 1 + self._indent * (line == 0),
            self._first + last,
            end - self._starts[last] + 1 + self._indent * (last == 0),
        )


class Problem(Struct, frozen=True):
    """Something that could not be read or checked; it is reported and is never a pass.

    `is_bug`: the tool failed, not the file. Nothing that rests on it is kept for another run.
    """

    message: str
    span: Span = START
    is_bug: bool = False
