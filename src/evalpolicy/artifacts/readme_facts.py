"""What a README's table of facts says: `| Tasks | 400 |` below `| Field | Value |`."""

from __future__ import annotations

import re
from typing import NamedTuple

from evalpolicy.artifacts.syntax.markdown import MarkdownError, without
from evalpolicy.artifacts.syntax.source import Span

# A row of two cells; GitHub takes it without the outer bars, too.
_ROW = re.compile(r" {0,3}\|?[ \t]*([^|]*?)[ \t]*\|[ \t]*([^|]*?)[ \t]*\|?[ \t]*")
_RULE = re.compile(r":?-+:?")
_HEADS = frozenset(("", "field", "key", "property", "item", "name", "attribute"))
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


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
        row = _ROW.fullmatch(line.rstrip("\r"))
        if row is None:
            within = False
        elif within:
            if not _RULE.fullmatch(row[1]):
                span = Span.at(number, row.start(2) + 1, max(len(row[2]), 1))
                found.append(Stated(_bare(row[1]).casefold(), _bare(row[2]), span))
        elif number < len(lines) and (below := _ROW.fullmatch(lines[number].rstrip("\r"))):
            within = bool(_RULE.fullmatch(below[1])) and _bare(row[1]).casefold() in _HEADS
    return found


def _bare(cell: str) -> str:
    return _LINK.sub(r"\1", cell).strip("`*_ ")
