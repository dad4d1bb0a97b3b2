"""Contracts on texts, as far as they can be judged without the validator.

A hook judges the labels of one changed Dockerfile, and `jsonschema` takes longer to load than all
the rest of it. Labels are a flat object of texts, and what a contract says of these is a handful
of keywords: whether they are kept, and which required keys are missing, is decided here. Whatever
else is the case, a rejected value or a keyword that is not known here, is left to the validator.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from evalpolicy.matching.re2 import matches

# Keywords without a say of their own; `then` and `else` are read with `if`.
_SILENT = frozenset({"$schema", "$id", "title", "description", "then", "else"})


class _Refused(Exception):  # noqa: N818 - the answer no, from deep inside a schema
    pass


class _Unknown(Exception):  # noqa: N818 - no answer
    pass


def missing_keys(
    schema: Any, texts: Mapping[str, str], unjudged: Set[str] = frozenset()
) -> list[str] | None:
    """The required keys that these texts lack, where nothing else in them is rejected.

    The texts of the keys `unjudged` may be anything. None where it takes the validator to say.
    """
    try:
        return sorted(set(_missing(schema, texts, unjudged)))
    except (_Refused, _Unknown):
        return None


def _missing(schema: Any, value: Any, unjudged: Set[str] = frozenset()) -> list[str]:
    """The keys that an object lacks; empty for a text."""
    if not isinstance(schema, dict):
        if schema is True:
            return []
        raise _Refused
    found: list[str] = []
    for keyword, said in schema.items():
        if keyword in _SILENT:
            continue
        if keyword == "if":
            then = schema.get("then" if _holds(said, value) else "else", True)
            found += _missing(then, value, unjudged)
        elif keyword == "anyOf":
            if not any(_holds(one, value) for one in said):
                raise _Refused
        elif keyword == "const":
            _demand(value == said)
        elif keyword == "enum":
            _demand(value in said)
        elif isinstance(value, str):
            _judge_text(keyword, said, value)
        else:
            found += _missing_in_object(keyword, said, value, unjudged)
    return found


def _missing_in_object(
    keyword: str, said: Any, value: Mapping[str, str], unjudged: Set[str]
) -> list[str]:
    if keyword == "required":
        return [key for key in said if key not in value]
    if keyword == "properties":
        for key, subschema in said.items():
            if key in value and key not in unjudged:
                _missing(subschema, value[key])
    elif keyword == "patternProperties":
        for expression, subschema in said.items():
            for key, text in value.items():
                if key not in unjudged and matches(expression, key):
                    _missing(subschema, text)
    elif keyword == "type":
        _demand(said == "object")
    else:
        raise _Unknown
    return []


def _judge_text(keyword: str, said: Any, text: str) -> None:
    if keyword == "type":
        _demand(said == "string")
    elif keyword == "minLength":
        _demand(len(text) >= said)
    elif keyword == "pattern":
        _demand(matches(said, text))
    else:
        raise _Unknown


def _holds(schema: Any, value: Any) -> bool:
    try:
        return not _missing(schema, value)
    except _Refused:
        return False


def _demand(kept: bool) -> None:
    if not kept:
        raise _Refused
