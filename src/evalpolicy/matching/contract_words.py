"""What a JSON Schema asks of a value, in our own words, because those of jsonschema change."""

from __future__ import annotations

import re
from typing import Any

_LONGEST = 200
_LAST_WORD = re.compile(r"[^\s'\"]{13,}\Z")
_BEGINNING = 12
_COUNTED = {
    "minLength": ("has fewer than", "characters"),
    "maxLength": ("has more than", "characters"),
    "minItems": ("has fewer than", "items"),
    "maxItems": ("has more than", "items"),
    "minProperties": ("has fewer than", "keys"),
    "maxProperties": ("has more than", "keys"),
}
_COMPARED = {
    "minimum": "is less than",
    "maximum": "is greater than",
    "exclusiveMinimum": "is not greater than",
    "exclusiveMaximum": "is not less than",
    "multipleOf": "is not a multiple of",
}
# Keywords that `contracts` judges itself.
_OWN = frozenset(("pattern", "patternProperties", "additionalProperties"))


def missing(key: str) -> str:
    return f"{key!r} is a required property"


def worded(error: Any) -> str:
    """The message of a `jsonschema.ValidationError`: the value, and what is wrong with it."""
    keyword, expected = str(error.validator), error.validator_value
    shown = _shown(error.instance)
    if keyword in _COUNTED:
        less, things = _COUNTED[keyword]
        return f"{shown} {less} {expected} {things}"
    if keyword in _COMPARED:
        return f"{shown} {_COMPARED[keyword]} {expected}"
    match keyword:
        case _ if error.validator is None or keyword in _OWN:
            return str(error.message)
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            return f"{shown} is not of type {', '.join(map(repr, kinds))}"
        case "enum":
            return f"{shown} is not one of {_shown(expected)}"
        case "const":
            return f"{shown} is not {_shown(expected)}"
        case "format":
            return f"{shown} does not have the format {expected!r}"
        case "uniqueItems":
            return f"{shown} contains an item twice"
        case "anyOf":
            return f"{shown} has none of the allowed forms"
        case "oneOf":
            return f"{shown} does not have exactly one of the allowed forms"
        case _:
            return f"{shown} does not satisfy {keyword}"


def _shown(value: object) -> str:
    text = repr(value)
    if len(text) <= _LONGEST:
        return text
    # Of a word at the cut no more than a beginning: who looks for a key would not know half of one.
    word = _LAST_WORD.search(text, 0, _LONGEST)
    return f"{text[: word.start() + _BEGINNING] if word else text[:_LONGEST]}…"
