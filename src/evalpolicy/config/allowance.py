"""`[[allow]]` as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Allowance(NamedTuple):
    """One `[[allow]]` table as written, and the line on which it starts."""

    rule: str
    path: str
    reason: str
    match: str = ""
    line: int = 1


def from_table(rows: list[Mapping[str, str]], lines: Iterator[int]) -> tuple[Allowance, ...]:
    """The tables of a configuration that its schema accepts, with their lines."""
    return tuple(Allowance(**row, line=line) for row, line in zip(rows, lines, strict=True))
