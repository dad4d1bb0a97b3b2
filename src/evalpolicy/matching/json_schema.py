"""Contracts as data: JSON Schemas, checked with `jsonschema`, with violations as facts.

The validator is imported when something is judged, not before: it takes longer to load than
the rest of a hook.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Set
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from evalpolicy.errors import NotCheckedError, UsageError, described
from evalpolicy.matching.contract_words import missing, worded
from evalpolicy.matching.flat_schema import missing_keys
from evalpolicy.matching.re2 import matches, pattern

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


_STEPS = 100_000
_DEPTH = 64
_VALUES = 20_000


class Violation(NamedTuple):
    """One thing that a schema rejects.

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
    """Everything in `value` that `schema` rejects, in a stable order.

    Violations within the keys `unjudged` are left out. Raises `NotCheckedError` where a
    schema that is not the package's own takes more than 100,000 steps.

    `name` is the file of a schema that is not the package's own: `UsageError` is raised if that
    is not a JSON Schema (2020-12 unless it declares another).
    """
    if name is None and isinstance(value, dict):
        missing = _missing(schema, value, unjudged)
        if missing is not None:
            return missing
    from referencing.exceptions import Unresolvable

    validator, budget = _validator(schema, name)
    budget.left = _STEPS
    try:
        found = [v for e in validator.iter_errors(value) for v in _told(e)]
    except Unresolvable as error:
        raise UsageError(f"{name} refers to {error.ref!r}, which it does not define") from error
    except NotCheckedError:
        raise
    except Exception as error:
        raise _unjudgeable(name, error) from error
    told = [v for v in found if unjudged.isdisjoint(map(str, v.path[:1]))]
    unique = {(v.path, v.keyword, v.key, v.message): v for v in told}
    return sorted(unique.values(), key=lambda v: (tuple(map(str, v.path)), v.keyword, v.key or ""))


def _missing(schema: bytes, value: dict[str, Any], unjudged: Set[str]) -> list[Violation] | None:
    """The missing required keys if nothing else is wrong; None if the validator has to decide."""
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
    """Raises `UsageError` for what is not a JSON Schema, `NotCheckedError` for a too large one."""
    _validator(schema, name)


@cache
def _validator(schema: bytes, name: str | None) -> tuple[Validator, StepBudget]:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import extend, validator_for
    from jsonschema_specifications import REGISTRY

    document = _document(schema) if name is None else _loaded(schema, name)
    budget = StepBudget(name)
    try:
        kind = validator_for(document, default=Draft202012Validator)
        if name is not None:
            kind.check_schema(document)
    except SchemaError as error:
        where = "/".join(map(str, error.path))
        raise UsageError(f"{name} is not a JSON Schema: {worded(error)} (at /{where})") from error
    except Exception as error:
        raise _unjudgeable(name, error) from error
    if name is not None:
        _check_patterns(document, name)
    keywords = {
        **kind.VALIDATORS,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    if name is not None:
        keywords = {keyword: budget.counted(judge) for keyword, judge in keywords.items()}
    linear: Any = extend(kind, keywords)
    # A registry of its own: without one, a `$ref` to a URL would be fetched.
    validator: Validator = linear(document, format_checker=kind.FORMAT_CHECKER, registry=REGISTRY)
    return validator, budget


class StepBudget:
    """The steps that one value may take: `allOf` of one schema twice, forty deep, has 2^40."""

    def __init__(self, name: str | None) -> None:
        self._name = name
        self.left = _STEPS

    def counted(self, judge: Callable[..., Any]) -> Callable[..., Any]:
        """Wraps a keyword's validator so that each call counts as a step."""

        def judged(*given: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise NotCheckedError(
                    f"{self._name}:1: not checked: the contract takes more than {_STEPS:,} steps "
                    "for one value: use each definition once"
                )
            return judge(*given)

        return judged


def _unjudgeable(name: str | None, error: Exception) -> Exception:
    """What to raise if the validator fails: for a contract of the fleet, a usage error."""
    if name is None:
        return error
    if isinstance(error, RecursionError):
        return UsageError(f"{name} is nested too deeply, or refers to itself endlessly")
    return UsageError(f"{name} cannot be used as a JSON Schema: {described(error)}")


def _loaded(schema: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(schema)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not JSON") from error
    if not isinstance(document, dict):
        raise UsageError(
            f"{name} is not a JSON Schema: it contains {_kind(document)}, not an object"
        )
    _check_size(document, name)
    return document


def _check_size(document: dict[str, Any], name: str) -> None:
    """Raises `NotCheckedError` for a schema that would take long, or a deep stack, to check."""
    waiting: list[tuple[object, int]] = [(document, 1)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > _DEPTH or seen > _VALUES:
            raise NotCheckedError(
                f"{name}:1: not checked: a contract has at most {_VALUES:,} values, nested at "
                f"most {_DEPTH} deep"
            )
        inner = list(value.values()) if isinstance(value, dict) else value
        if isinstance(inner, list):
            waiting.extend((one, depth + 1) for one in inner)


def _check_patterns(document: dict[str, Any], name: str) -> None:
    """Raises `UsageError` for a pattern that RE2 does not know (look-around, back-references)."""
    import re2

    for expression in _patterns(document):
        try:
            pattern(expression)
        except (re2.error, UnicodeEncodeError) as error:
            raise UsageError(
                f"{name}: RE2 rejects the pattern {expression!r}: {_words(error)}"
            ) from error


def _patterns(document: object) -> Iterator[str]:
    """Every regular expression in a schema, at any depth."""
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

    if isinstance(instance, str) and not matches(expression, instance):
        yield ValidationError(f"{instance!r} does not match {expression!r}")


def _pattern_properties(
    validator: Any, patterns: dict[str, Any], instance: object, _: Any
) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for expression, subschema in patterns.items():
        for key, value in instance.items():
            if matches(expression, key):
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
    patterns = schema.get("patternProperties", ())
    for key in instance:
        if key not in known and not any(matches(one, key) for one in patterns):
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
    return {list: "a list", str: "a string", type(None): "null", bool: "a boolean"}.get(
        type(value), "a number"
    )
