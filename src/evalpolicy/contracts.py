"""Contracts as data: JSON Schemas, judged with `jsonschema`, told as facts.

The validator is imported when something is judged, not before: it takes longer to load than
the rest of a hook.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from evalpolicy.errors import UsageError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a schema refuses.

    `path` leads to the value, `keyword` is the schema's word that failed (`required`, `enum`,
    `pattern` …), `key` the missing or unexpected key where it is about one, `expected` what the
    schema says there.
    """

    path: tuple[str | int, ...]
    keyword: str
    message: str
    key: str | None = None
    expected: Any = None


def violations(schema: bytes, value: object, name: str = "the schema") -> list[Violation]:
    """Everything in `value` that `schema` refuses, in a stable order.

    Raises `UsageError` if `schema` is no JSON Schema (2020-12 unless it says otherwise).
    """
    found = [v for error in _validator(schema, name).iter_errors(value) for v in _told(error)]
    unique = {(v.path, v.keyword, v.key, v.message): v for v in found}
    return sorted(unique.values(), key=lambda v: (tuple(map(str, v.path)), v.keyword, v.key or ""))


def check_schema(schema: bytes, name: str) -> None:
    """Raises `UsageError` if `schema` is no JSON Schema."""
    _validator(schema, name)


@cache
def _validator(schema: bytes, name: str) -> Validator:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        document = json.loads(schema)
    except ValueError as error:
        raise UsageError(f"{name} is not JSON: {error}") from error
    if not isinstance(document, (dict, bool)):
        raise UsageError(f"{name} is no JSON Schema: it holds {_kind(document)}, not an object")
    kind = validator_for(document, default=Draft202012Validator)
    try:
        kind.check_schema(document)
    except SchemaError as error:
        where = "/".join(map(str, error.path))
        raise UsageError(f"{name} is no JSON Schema: {error.message} (at /{where})") from error
    validator: Validator = kind(document, format_checker=kind.FORMAT_CHECKER)
    return validator


def _told(error: Any) -> Iterator[Violation]:
    """A `jsonschema.ValidationError` as facts: one for each missing or unexpected key."""
    path = tuple(error.absolute_path)
    keyword = str(error.validator)
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [key for key in error.validator_value if key not in error.instance]
        for key in missing:
            if f"'{key}'" in error.message:
                yield Violation(path, keyword, error.message, key)
        return
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        patterns = tuple(error.schema.get("patternProperties", ()))
        for key in error.instance:
            if key not in known and not _any_matches(patterns, key):
                yield Violation(path, keyword, f"unknown key {key!r}", key)
        return
    yield Violation(path, keyword, error.message, None, error.validator_value)


def _any_matches(patterns: tuple[str, ...], key: str) -> bool:
    import re

    return any(re.search(pattern, key) for pattern in patterns)


def _kind(value: object) -> str:
    return {list: "a list", str: "a string", type(None): "null"}.get(type(value), "a number")
