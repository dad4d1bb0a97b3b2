"""What a fixture holds, as a row of the cache: JSON, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import to_builtins

from evalpolicy.artifacts.source import Problem, Span
from evalpolicy.artifacts.trajectory import Client, FailedCall, Last, LfsPointer, Repeated, Summary
from evalpolicy.recordings.reading import Content, Leak

_FIELDS = Summary.__struct_fields__


def to_row(content: Content) -> list[Any]:
    """The row; lists stand for tuples and rows for what is in them."""
    summary = [to_builtins(getattr(content.summary, name)) for name in _FIELDS]
    pointer = content.pointer and [content.pointer.sha256, content.pointer.size]
    return [summary, list(map(list, content.leaks)), content.leaked, pointer]


def from_row(row: list[Any]) -> Content:
    """What the row was made of. Raises `TypeError`, `ValueError` or `KeyError` for another row."""
    summary, leaks, leaked, pointer = row
    values = {
        name: _READ.get(name, _same)(value) for name, value in zip(_FIELDS, summary, strict=True)
    }
    stands_for = LfsPointer(*pointer) if pointer else None
    return Content(Summary(**values), tuple(Leak(*leak) for leak in leaks), leaked, stands_for)


def _same(value: Any) -> Any:
    return value


def _counts(value: Any) -> tuple[tuple[str, int], ...]:
    return tuple((name, count) for name, count in value)


def _placed(kind: Callable[..., Any]) -> Callable[[Any], Any]:
    """Of something with a path, which JSON makes a list, or of nothing."""
    return lambda value: value and kind(**{**value, "path": tuple(value["path"])})


def _problems(value: Any) -> tuple[Problem, ...]:
    return tuple(Problem(one["message"], Span(*one["span"])) for one in value)


_READ: dict[str, Callable[[Any], Any]] = {
    "models": _counts,
    "requested_models": _counts,
    "user_agents": _counts,
    "error_types": _counts,
    "clients": lambda value: tuple(Client(**one) for one in value),
    "repeated": _placed(Repeated),
    "first_failed": _placed(FailedCall),
    "last": _placed(Last),
    "problems": _problems,
}
