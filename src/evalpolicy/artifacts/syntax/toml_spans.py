"""TOML with the position of every key and value, for files another tool's parser will read.

tomllib and tomlkit give no positions, and a configuration of ten megabytes has to be read in
seconds, so the values keep offsets; lines and columns are computed on demand.
`toml_reader.parse_toml` makes them.

Parsers in the field are laxer or stricter in places. What TOML 1.0 forbids and some parser lets
pass is kept and named as a `Deviation`; the caller, who knows the parser, decides what it means.
"""

from __future__ import annotations

import bisect
import re
from functools import cached_property
from typing import Literal, TypeAlias, cast

from msgspec import Struct, field

from evalpolicy.artifacts.syntax.source import Problem, Span

DeviationKind: TypeAlias = Literal[
    "bom",
    "not-utf-8",
    "control-character",
    "bare-carriage",
    "duplicate-key",
    "duplicate-table",
    "dotted-table",
    "list-extended",
    "control-in-string",
    "inline-table-newline",
    "number-form",
    "string-over-lines",
    "surrogate-escape",
    "short-escape",
    "local-date",
]
"""What TOML 1.0 forbids and some parser takes; `local-date` is legal and some parser rejects it."""

ScalarKind: TypeAlias = Literal["string", "integer", "float", "boolean", "datetime"]


class TomlScalar(Struct):
    """A string, number, boolean or date; a date's value is its text."""

    kind: ScalarKind
    value: str | int | float | bool
    start: int
    end: int


class Array(Struct):
    """`[…]`, or the tables of one `[[name]]` (then `of_tables`)."""

    items: list[Value]
    start: int
    end: int
    of_tables: bool = False


class KeyValue(Struct):
    """A key as it is written and the value that belongs to it."""

    key: str
    start: int
    end: int
    value: Value


class Table(Struct):
    """A table; `start` and `end` are its header, its inline braces, or its first key."""

    start: int
    end: int
    entries: dict[str, KeyValue] = field(default_factory=dict)
    origin: Literal["root", "header", "implicit", "dotted", "inline"] = "implicit"


Value: TypeAlias = TomlScalar | Array | Table


class Deviation(Struct, frozen=True):
    """A place where parsers differ."""

    kind: DeviationKind
    message: str
    start: int
    end: int


class TomlDocument(Struct, frozen=True, dict=True):
    """A file's values; `problem` states why values are missing, or where they end."""

    text: str
    root: Table
    deviations: tuple[Deviation, ...] = ()
    problem: Problem | None = None
    limited: bool = False
    """The problem is our limit; another reader may well read on."""

    def span(self, start: int, end: int) -> Span:
        """Lines and columns of a range of offsets."""
        line, column = self._position(start)
        end_line, end_column = self._position(end)
        return Span(line, column, end_line, end_column)

    def span_of(self, node: Value | KeyValue) -> Span:
        """Where a value, a table's header or a key stands."""
        return self.span(node.start, node.end)

    def line_of(self, *keys: str | int) -> int:
        """The line of a key or of an array's item; of the nearest thing around it that is there."""
        line, value = 1, cast(Value, self.root)
        for key in keys:
            inner: KeyValue | Value | None = None
            if isinstance(value, Table):
                inner = value.entries.get(str(key))
            elif isinstance(value, Array) and isinstance(key, int) and key < len(value.items):
                inner = value.items[key]
            if inner is None:
                break
            line, _ = self._position(inner.start)
            value = inner.value if isinstance(inner, KeyValue) else inner
        return line

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]
