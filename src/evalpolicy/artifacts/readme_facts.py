"""What a README's table of facts says: `| Tasks | 400 |` below `| Field | Value |`."""

from __future__ import annotations

import re
from typing import NamedTuple

from evalpolicy.artifacts.syntax.markdown import MarkdownError, without
from evalpolicy.artifacts.syntax.source import Span

_RULE = re.compile(r":?-+:?")
_HEADS = frozenset(("", "field", "key", "property", "item", "name", "attribute"))
_LINK = re.compile(r"\[([^\]]{0,300})\]\([^)]{0,1000}\)")


class Stated(NamedTuple):
    """One row: the field in lower case, its value without Markdown, and the value's place."""

    field: str
    value: str
    span: Span


def stated(content: bytes, *, rough: bool = False) -> list[Stated]:
    """The rows of all tables of two columns whose first is headed Field or the like.

    A `rough` look takes code for text, at a tenth of the cost.
    """
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    if "|" not in text:
        return []
    try:
        lines = (text if rough else without(text, code=False)).split("\n")
    except MarkdownError:
        return []
    found: list[Stated] = []
    within = False
    for number, line in enumerate(lines, 1):
        row = _cells(line)
        if row is None:
            within = False
        elif within:
            if not _RULE.fullmatch(row[0]):
                span = Span.at(number, row[2], max(len(row[1]), 1))
                found.append(Stated(_bare(row[0]).casefold(), _bare(row[1]), span))
        elif number < len(lines) and (below := _cells(lines[number])):
            within = bool(_RULE.fullmatch(below[0])) and _bare(row[0]).casefold() in _HEADS
    return found


def _cells(line: str) -> tuple[str, str, int] | None:
    """The cells of a row of two and the second one's column; GitHub needs no outer bars."""
    row = line.strip()
    first, bar, second = row.removeprefix("|").partition("|")
    second = second.removesuffix("|")
    if not bar or "|" in second:
        return None
    indent = len(line) - len(line.lstrip()) + row.startswith("|")
    column = indent + len(first) + 1 + len(second) - len(second.lstrip()) + 1
    return first.strip(), second.strip(), column


def _bare(cell: str) -> str:
    return _LINK.sub(r"\1", cell).strip("`*_ ")
