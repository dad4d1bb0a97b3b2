"""A breach of a contract is worded by us, whatever jsonschema says of it."""

from __future__ import annotations

import json

import pytest

from evalpolicy.matching.json_schema import violations

CASES = [
    ({"type": "string"}, 1, "1 is not of type 'string'"),
    ({"type": ["string", "null"]}, 1, "1 is not of type 'string', 'null'"),
    ({"enum": ["a", "b"]}, "c", "'c' is not one of ['a', 'b']"),
    ({"const": "a"}, "b", "'b' is not 'a'"),
    ({"minLength": 1}, "", "'' has fewer than 1 characters"),
    ({"maxItems": 1}, [1, 2], "[1, 2] has more than 1 items"),
    ({"minimum": 3}, 2, "2 is less than 3"),
    ({"uniqueItems": True}, [1, 1], "[1, 1] contains an item twice"),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, "1 has none of the allowed forms"),
    ({"oneOf": [{}, {}]}, 1, "1 does not have exactly one of the allowed forms"),
    ({"not": {}}, 1, "1 does not satisfy not"),
    ({"pattern": "^a$"}, "b", "'b' does not match '^a$'"),
    ({"required": ["a", "b"]}, {"b": 1}, "'a' is a required property"),
    ({"type": "string"}, ["a " * 150], "['" + "a " * 99 + "… is not of type 'string'"),
    ({"type": "string"}, ["a" * 300], "['" + "a" * 12 + "… is not of type 'string'"),
    (
        {"type": "string"},
        ["a " * 80 + "b" * 60],
        "['" + "a " * 80 + "b" * 12 + "… is not of type 'string'",
    ),
]


@pytest.mark.parametrize(("schema", "value", "message"), CASES)
def test_the_words_are_ours(schema, value, message):
    (found,) = violations(json.dumps(schema).encode(), value)
    assert found.message == message


def test_each_missing_key_is_one_violation():
    schema = json.dumps({"required": ["a", "b", "ab"]}).encode()
    assert [v.key for v in violations(schema, {})] == ["a", "ab", "b"]
