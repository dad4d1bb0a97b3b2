"""The provenance file and the broken manifest: read with spans, written without loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalpolicy.artifacts import broken_manifest
from evalpolicy.artifacts.provenance import FIELDS, parse, write
from evalpolicy.artifacts.syntax.source import START, Span

SCHEMAS = Path(__file__).parents[2] / "schemas"

OLD_FORM = {
    "benchmark": "b",
    "task_id": "0",
    "agent": "a",
    "agent_version": "latest (not pinned)",
    "model": "openai/gpt-x",
    "gateway": "g",
    "benchmark_data_revision": "c5ee500c",
    "captured": "2026-06-15",
    "release_tag": "out of band",
    "reward": 0,
    "eval_skills": "on",
}
FULL_FORM = OLD_FORM | {
    "agent_version": "2.1.104",
    "model_version": "2026-03-01",
    "benchmark_tree": "ab" * 20,
    "captured": "2026-06-15T08:30:00Z",
    "release_tag": None,
    "sha256": "cd" * 32,
    "reward": 1.0,
    "evidence": {"model": "recording: 3 turns", "release_tag": "unknown: recorded before a tag"},
}


def schema(name: str) -> jsonschema.Draft202012Validator:
    content = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


def accepts(**changes: Any) -> bool:
    entry = {key: value for key, value in (FULL_FORM | changes).items() if value != "absent"}
    return schema("provenance").is_valid({"_comment": "c", "b-0-a": entry})


def test_the_schema_takes_both_forms() -> None:
    assert schema("provenance").is_valid({"_comment": "c", "b-0-a": OLD_FORM, "x": FULL_FORM})
    assert schema("provenance").is_valid({})


@pytest.mark.parametrize(
    "changes",
    [
        {"agent": "absent"},
        {"model": ""},
        {"model": " "},
        {"task_id": 0},
        {"sha256": "cd" * 31},
        {"benchmark_tree": "main"},
        {"captured": "June"},
        {"captured": "2026-13-01"},
        {"captured": "2026-06-15 08:30"},
        {"reward": 2},
        {"reward": "1"},
        {"evidence": {"release_tag": "somebody said so"}},
        {"evidence": {}},
        {"evidence": "absent"},
        {"evidence": {"release_tag": "unknown"}},
        {"evidence": {"release_tag": "git: commit"}},
    ],
)
def test_the_schema_refuses(changes: dict[str, Any]) -> None:
    assert accepts()
    assert not accepts(**changes)


@pytest.mark.parametrize("field", ["agent", "agent_version", "model", "captured"])
def test_null_needs_its_reason(field: str) -> None:
    evidence = {"release_tag": "unknown: x"}
    assert not accepts(**{field: None, "evidence": evidence})
    assert accepts(**{field: None, "evidence": evidence | {field: "unknown: not recorded"}})


def test_the_schema_wants_an_object() -> None:
    for value in ([], "x", None, {"b-0-a": []}, {"b-0-a": {}}):
        assert not schema("provenance").is_valid(value)


TEXT = """{
  "_comment": "why",
  "b-0-a": {"benchmark": "b", "x": [1, {"y": 2}]},
  "ü-1-a": {"benchmark": "ü"},
  "odd": 3
}
"""


def test_every_value_has_its_place() -> None:
    provenance = parse(TEXT.encode())
    assert list(provenance.entries) == ["b-0-a", "ü-1-a"]
    entry = provenance.entries["b-0-a"]
    assert (entry.span, entry.text("benchmark")) == (Span.at(3, 3, 7), "b")
    assert entry.span_of("benchmark") == Span.at(3, 26, 3)
    assert entry.span_of("agent") == entry.span
    assert entry.text("x") is entry.text("agent") is None
    assert provenance.span(("b-0-a", "x", 1, "y")) == Span.at(3, 46, 1)
    assert provenance.span(("b-0-a", "x", 7, "gone")) == Span.at(3, 36, 13)
    assert provenance.span(("odd",)) == Span.at(5, 10, 1)
    assert provenance.problems == ()


def test_a_duplicate_key_is_noticed() -> None:
    provenance = parse(b'{"a": {"model": "x", "model": "y"},\n "a": {"model": "z"}}')
    assert provenance.duplicates == (("$.a.model", Span.at(1, 22, 7)), ("$.a", Span.at(2, 2, 3)))
    assert provenance.entries["a"].text("model") == "z"


@pytest.mark.parametrize(
    ("content", "message", "span"),
    [
        (b"", "the text ends where a value belongs", Span.at(1)),
        (b"[{}]", "an object from fixture to entry, not a list", Span.at(1, 1, 4)),
        (b"null", "not null", Span.at(1, 1, 4)),
        (b"true", "not a boolean", Span.at(1, 1, 4)),
        (b"1.5", "not a number", Span.at(1, 1, 3)),
        (b'"x"', "not a string", Span.at(1, 1, 3)),
        (b'{"a": NaN}', "NaN is not a JSON value", Span.at(1, 7)),
        (b'{"a": 1,\n}', "expected a key in quotes", Span.at(2, 1)),
        (b'{"a": 1} x', "something follows", Span.at(1, 10)),
        (b'{"\xc3\xbc": "\xff"}', "not UTF-8", Span.at(1, 8)),
        (b'{"a": ' + b"9" * 10_000 + b"}", "too many digits", Span.at(1, 7)),
        (b"[" * 100_000, "nested deeper than 200 levels", Span.at(1, 201)),
        (b'{"a": "\x00"}', "malformed or not closed", Span.at(1, 8)),
        (b'{"a"', "expected : after the key", Span.at(1, 5)),
        (b'{"a": [1 2]}', "expected , or a closing mark", Span.at(1, 10)),
        (b'{"a": {', "the text ends inside an object", Span.at(1, 8)),
        (b"[1,", "the text ends where a value belongs", Span.at(1, 4)),
        (b"[1", "the text ends inside a value", Span.at(1, 3)),
    ],
)
def test_what_is_no_provenance(content: bytes, message: str, span: Span) -> None:
    provenance = parse(content)
    (problem,) = provenance.problems
    assert message in problem.message
    assert problem.span == span
    assert provenance.entries == {}


def test_without_a_file_every_place_is_its_start() -> None:
    assert parse(b"{").span(("a",)) == START


@given(st.binary(max_size=80))
def test_any_bytes(content: bytes) -> None:
    parse(content)
    broken_manifest.parse(content)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(JSON)
def test_what_python_writes_is_read_the_same(value: Any) -> None:
    provenance = parse(json.dumps(value).encode())
    assert provenance.value == value
    assert provenance.duplicates == ()


@settings(max_examples=30)
@given(st.dictionaries(st.text(min_size=1), JSON), st.dictionaries(st.text(min_size=1), JSON))
def test_writing_loses_nothing(before: dict[str, Any], more: dict[str, Any]) -> None:
    entries = {stem: {"x": value} for stem, value in more.items()}
    content = write(before, entries)
    assert parse(content).value == before | entries
    assert write(parse(content).value, {}) == content
    assert write(parse(content).value, entries) == content


def test_the_order_of_a_written_file() -> None:
    before = {"z": {"zz": 1, "model": "m", "aa": 2}, "_comment": "é", "odd": [1]}
    entry = {field: "x" for field in reversed(FIELDS) if field != "evidence"}
    entry["evidence"] = {"reward": "unknown: x", "model": "recording"}  # type: ignore[assignment]  # the entry is JSON
    content = write(before, {"a": entry})
    value = json.loads(content)
    assert list(value) == ["_comment", "a", "odd", "z"]
    assert list(value["a"]) == list(FIELDS)
    assert list(value["a"]["evidence"]) == ["model", "reward"]
    assert list(value["z"]) == ["model", "aa", "zz"]
    assert content.startswith('{\n  "_comment": "é",\n  "a": {\n'.encode())
    assert content.endswith(b"}\n")


def test_a_lone_surrogate_survives() -> None:
    content = b'{"a": {"x": "\\ud800"}}'
    assert parse(write(parse(content).value, {})).value == parse(content).value


def test_what_is_no_object_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="not an object"):
        write([1], {})
    assert write(None, {}) == b"{}\n"


MANIFEST = b"""{"broken": [
  {"fixture": "b-0-a.traces.jsonl", "reason": "a loop"},
  {"fixture": "b-0-a.traces.jsonl", "reason": "again"},
  {"reason": "no name"}, 3
]}"""


def test_the_broken_manifest() -> None:
    manifest = broken_manifest.parse(MANIFEST)
    (row,) = manifest.fixtures.values()
    assert (row.fixture, row.reason, row.span) == (
        "b-0-a.traces.jsonl",
        "a loop",
        Span.at(2, 15, 20),
    )
    assert manifest.duplicates == (("b-0-a.traces.jsonl", Span.at(3, 15, 20)),)
    assert manifest.span(("broken", 3)) == Span.at(4, 26, 1)
    assert manifest.problems == ()


@pytest.mark.parametrize("content", [b"", b"[", b'{"broken": [}'])
def test_a_broken_manifest_that_cannot_be_read(content: bytes) -> None:
    manifest = broken_manifest.parse(content)
    assert len(manifest.problems) == 1
    assert manifest.span(("broken",)) == START


def test_the_schema_of_the_broken_manifest() -> None:
    good = {"_comment": "c", "broken": [{"fixture": "b-0-a.traces.jsonl", "reason": "a loop"}]}
    assert schema("broken").is_valid(good)
    for bad in (
        {},
        [],
        {"broken": {}},
        {"broken": [], "more": 1},
        {"broken": [{"fixture": "b-0-a.traces.jsonl"}]},
        {"broken": [{"fixture": "b-0-a.traces.jsonl", "reason": " "}]},
        {"broken": [{"fixture": "folder/b-0-a.traces.jsonl", "reason": "x"}]},
        {"broken": [{"fixture": "b-0-a", "reason": "x"}]},
    ):
        assert not schema("broken").is_valid(bad)
