"""The values of a TOML file that this tool itself is configured by, read strictly (TOML 1.0).

`toml_reader` reads it, in linear time and within its limits. tomllib would not do: its time grows
with the square of a dotted key's parts, and how deep it may nest depends on Python's stack.
"""

from __future__ import annotations

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.artifacts.syntax.toml_reader import parse_toml
from evalpolicy.artifacts.syntax.toml_spans import Array, Table, TomlDocument, Value


class TomlError(ValueError):
    """A file that is not TOML 1.0, or passes a limit."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Date(Struct, frozen=True):
    """A date or time, as it is written."""

    text: str


def load(text: str) -> tuple[dict[str, object], TomlDocument]:
    """The file's values (`dict`, `list`, `str`, `int`, `float`, `bool`, `Date`), and their places.

    Raises `TomlError`.
    """
    document = parse_toml(text.encode("utf-8", "surrogateescape"))
    if document.problem is not None:
        raise TomlError(document.problem)
    for deviation in document.deviations:
        if deviation.kind != "local-date":
            span = document.span(deviation.start, deviation.end)
            raise TomlError(Problem(deviation.message, span))
    return _table(document.root), document


def _table(table: Table) -> dict[str, object]:
    return {name: _value(entry.value) for name, entry in table.entries.items()}


def _value(value: Value) -> object:
    match value:
        case Table():
            return _table(value)
        case Array():
            return [_value(item) for item in value.items]
        case _:
            return Date(str(value.value)) if value.kind == "datetime" else value.value
