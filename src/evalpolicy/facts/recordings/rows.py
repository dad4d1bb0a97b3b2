"""Converts the content of a fixture to a row of the cache (JSON), and back."""

from __future__ import annotations

from typing import Any

from msgspec import convert, to_builtins

from evalpolicy.facts.recordings.reading import Content


def to_row(content: Content) -> Any:
    """The row; lists stand for tuples and objects for what has fields."""
    return to_builtins(content)


def from_row(row: Any) -> Content:
    """What the row was made of. Raises `msgspec.ValidationError` for another row."""
    return convert(row, Content)
