"""Edits on the bytes of one file."""

from __future__ import annotations

from collections.abc import Iterable

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.fix import Edit

_MARK = "\ufeff"


def edited(content: bytes, edits: Iterable[Edit]) -> bytes:
    """The content with all edits made; they must not overlap.

    Everything else keeps its bytes: a byte order mark, what is not UTF-8, and the line ends.
    Raises `ValueError` for an edit outside of the text.
    """
    text = content.decode("utf-8", "surrogateescape")
    mark = _MARK if text.startswith(_MARK) else ""
    lines = text.removeprefix(_MARK).split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    text = "\n".join(lines)
    end = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    ranges = sorted((*_range(edit.span, lines, starts), edit.text) for edit in edits)
    pieces: list[str] = []
    at = 0
    for start, stop, replacement in ranges:
        if start < at:
            raise ValueError("edits overlap")
        pieces += (text[at:start], replacement.replace("\n", end))
        at = stop
    return (mark + "".join((*pieces, text[at:]))).encode("utf-8", "surrogateescape")


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share a character, or are empty and at the same place."""
    first, second = sorted((one, other))
    if first == second:
        return True
    return (second.line, second.column) < (first.end_line, first.end_column)


def _range(span: Span, lines: list[str], starts: list[int]) -> tuple[int, int]:
    """Start and end, counted in characters. The line after the last one is the end of the text."""
    start = _offset(span.line, span.column, lines, starts)
    stop = _offset(span.end_line, span.end_column, lines, starts)
    if stop < start:
        raise ValueError(f"an edit ends before it starts: {span}")
    return start, stop


def _offset(line: int, column: int, lines: list[str], starts: list[int]) -> int:
    if line == len(lines) + 1 and column == 1:
        return starts[-1] - 1
    if not 1 <= line <= len(lines) or not 1 <= column <= len(lines[line - 1]) + 1:
        raise ValueError(f"line {line}, column {column} does not exist")
    return starts[line - 1] + column - 1
