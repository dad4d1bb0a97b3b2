"""Contracts as data: JSON Schemas, judged with `jsonschema`, told as facts.

The validator is imported when something is judged, not before: it takes longer to load than
the rest of a hook.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from evalpolicy.contract_words import missing, worded
from evalpolicy.errors import UsageError
from evalpolicy.text_contracts import missing_keys

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


class Violation(NamedTuple):
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


def violations(
    schema: bytes, value: Any, name: str | None = None, unjudged: Set[str] = frozenset()
) -> list[Violation]:
    """Everything in `value` that `schema` refuses, in a stable order.

    What the keys `unjudged` of the value hold is not told of.

    `name` is the file of a schema that is not the package's own: `UsageError` is raised if that
    is no JSON Schema (2020-12 unless it says otherwise).
    """
    if name is None and isinstance(value, dict):
        missing = _missing(schema, value, unjudged)
        if missing is not None:
            return missing
    from referencing.exceptions import Unresolvable

    validator = _validator(schema, name)
    try:
        found = [v for e in validator.iter_errors(value) for v in _told(e)]
    except Unresolvable as error:
        raise UsageError(f"{name} refers to {error.ref!r}, which is not in it") from error
    except RecursionError as error:
        raise UsageError(f"{name} refers to itself without end") from error
    told = [v for v in found if unjudged.isdisjoint(map(str, v.path[:1]))]
    unique = {(v.path, v.keyword, v.key, v.message): v for v in told}
    return sorted(unique.values(), key=lambda v: (tuple(map(str, v.path)), v.keyword, v.key or ""))


def _missing(schema: bytes, value: dict[str, Any], unjudged: Set[str]) -> list[Violation] | None:
    """The required keys that are missing where this is all; None where the validator must say."""
    if not all(isinstance(one, str) for one in value.values()):
        return None
    keys = missing_keys(_document(schema), value, unjudged)
    if keys is None:
        return None
    return [Violation((), "required", missing(key), key) for key in keys]


@cache
def _document(schema: bytes) -> Any:
    return json.loads(schema)


def check_schema(schema: bytes, name: str) -> None:
    """Raises `UsageError` if `schema` is no JSON Schema."""
    _validator(schema, name)


@cache
def _validator(schema: bytes, name: str | None) -> Validator:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import extend, validator_for
    from jsonschema_specifications import REGISTRY

    document = _document(schema) if name is None else _loaded(schema, name)
    kind = validator_for(document, default=Draft202012Validator)
    if name is not None:
        try:
            kind.check_schema(document)
        except SchemaError as error:
            where = "/".join(map(str, error.path))
            raise UsageError(f"{name} is no JSON Schema: {worded(error)} (at /{where})") from error
        _check_patterns(document, name)
    linear: Any = extend(
        kind,
        {
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
        },
    )
    # A registry of its own: without one, a `$ref` to a URL would be fetched.
    validator: Validator = linear(document, format_checker=kind.FORMAT_CHECKER, registry=REGISTRY)
    return validator


def _loaded(schema: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(schema)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not JSON") from error
    if not isinstance(document, dict):
        raise UsageError(f"{name} is no JSON Schema: it holds {_kind(document)}, not an object")
    return document


@cache
def pattern(expression: str) -> Any:
    """A schema's regular expression on RE2, which no expression and no text can make hang."""
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(expression, options)


def _check_patterns(document: dict[str, Any], name: str) -> None:
    """Raises `UsageError` for a pattern that RE2 does not know (look-around, back-references)."""
    import re2

    for expression in _patterns(document):
        try:
            pattern(expression)
        except re2.error as error:
            raise UsageError(
                f"{name}: RE2 does not take the pattern {expression!r}: {_words(error)}"
            ) from error


def _patterns(document: object) -> Iterator[str]:
    """Every regular expression in a schema, wherever it stands."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            if isinstance(found := value.get("pattern"), str):
                yield found
            if isinstance(found := value.get("patternProperties"), dict):
                yield from found


def _words(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _pattern(_: Any, expression: str, instance: object, __: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and not pattern(expression).search(instance):
        yield ValidationError(f"{instance!r} does not match {expression!r}")


def _pattern_properties(
    validator: Any, patterns: dict[str, Any], instance: object, _: Any
) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for expression, subschema in patterns.items():
        for key, value in instance.items():
            if pattern(expression).search(key):
                yield from validator.descend(value, subschema, path=key, schema_path=expression)


def _additional_properties(
    validator: Any, allowed: Any, instance: object, schema: dict[str, Any]
) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if not isinstance(instance, dict):
        return
    extras = list(_additional(instance, schema))
    if allowed is False and extras:
        yield ValidationError(f"unknown keys: {', '.join(map(repr, extras))}")
    elif isinstance(allowed, dict):
        for key in extras:
            yield from validator.descend(instance[key], allowed, path=key)


def _additional(instance: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    known = schema.get("properties", {})
    patterns = [pattern(expression) for expression in schema.get("patternProperties", ())]
    for key in instance:
        if key not in known and not any(p.search(key) for p in patterns):
            yield key


def _told(error: Any) -> Iterator[Violation]:
    """A `jsonschema.ValidationError` as facts: one for each missing or unexpected key."""
    path = tuple(error.absolute_path)
    keyword = str(error.validator)
    if error.validator == "required" and isinstance(error.instance, dict):
        for key in error.validator_value:
            if key not in error.instance:
                yield Violation(path, keyword, missing(key), key)
        return
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        for key in _additional(error.instance, error.schema):
            yield Violation(path, keyword, f"unknown key {key!r}", key)
        return
    yield Violation(path, keyword, worded(error), None, error.validator_value)


def _kind(value: object) -> str:
    return {list: "a list", str: "a string", type(None): "null", bool: "a truth value"}.get(
        type(value), "a number"
    )
