"""What is told without the validator is what the validator says."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fleets import BENCHMARK, FLEET, write

from evalpolicy.matching import json_schema as contracts
from evalpolicy.matching.flat_schema import missing_keys
from evalpolicy.matching.shipped import schema

ROLES = ("benchmark-labels", "agent-labels", "model-labels", "core-labels")
KEYS = sorted(
    {key for role in ROLES for key in json.loads(schema(role))["properties"]} | {"eval.agent.x"}
)
TEXTS = st.sampled_from(
    ["", " ", "x", "1", "01", "test", "true", "benchmark", "agent", "model", "core", "shared-env",
     "https://example.com/a", "é" * 3, "a\nb"]
)  # fmt: skip
LABELS = st.dictionaries(st.sampled_from(KEYS), TEXTS, max_size=len(KEYS))


def _validator_says(name: str, labels: dict[str, str], unjudged: frozenset[str]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contracts, "missing_keys", lambda *_: None)
        return contracts.violations(schema(name), labels, unjudged=unjudged)


@pytest.mark.parametrize("name", ROLES)
@given(labels=LABELS, unjudged=st.frozensets(st.sampled_from(KEYS), max_size=4))
def test_it_agrees_with_the_validator(
    name: str, labels: dict[str, str], unjudged: frozenset[str]
) -> None:
    told = _validator_says(name, labels, unjudged)
    assert contracts.violations(schema(name), labels, unjudged=unjudged) == told
    keys = missing_keys(json.loads(schema(name)), labels, unjudged)
    refused = [violation for violation in told if violation.keyword != "required"]
    # It knows every keyword of these contracts: it is silent only where a value is refused.
    assert (keys is None) == bool(refused)
    if keys is not None:
        assert keys == [violation.key for violation in told]


@pytest.mark.parametrize(
    ("contract", "texts", "expected"),
    [
        (True, {}, []),
        (False, {}, None),
        ({"required": ["a"]}, {}, ["a"]),
        ({"required": ["a", "a"], "properties": {}}, {"b": ""}, ["a"]),
        ({"required": ["a"], "maxProperties": 1}, {}, None),
        ({"properties": {"a": {"format": "uri"}}}, {"a": "x"}, None),
        ({"properties": {"a": {"format": "uri"}}}, {}, []),
        ({"type": "array"}, {}, None),
        ({"properties": {"a": {"type": "object"}}}, {"a": ""}, None),
        ({"if": {"maxProperties": 1}, "then": {"required": ["a"]}}, {}, None),
        ({"if": {"required": ["b"]}, "then": {"required": ["a"]}}, {"b": ""}, ["a"]),
        ({"if": {"required": ["b"]}, "else": {"required": ["a"]}}, {"b": ""}, []),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"b": ""}, []),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, None),
        ({"patternProperties": {"^x": {"minLength": 2}}}, {"xy": "z"}, None),
        ({"patternProperties": {"^x": {"minLength": 2}}}, {"yx": "z"}, []),
    ],
)
def test_keywords(contract: Any, texts: dict[str, str], expected: list[str] | None) -> None:
    assert missing_keys(contract, texts) == expected


@pytest.mark.parametrize("keyword", ["properties", "patternProperties"])
def test_what_is_not_judged_may_be_anything_and_is_there(keyword: str) -> None:
    contract = {keyword: {"xy": {"minLength": 2}}, "required": ["xy", "z"]}
    assert missing_keys(contract, {"xy": ""}) is None
    assert missing_keys(contract, {"xy": ""}, {"xy"}) == ["z"]


def test_a_missing_label_loads_no_validator(tmp_path) -> None:
    path = "containers/benchmarks/arc/Dockerfile"
    less = "".join(line for line in BENCHMARK.splitlines(True) if "description" not in line)
    write(tmp_path, {**FLEET, path: less})
    code = (
        "import sys; from evalpolicy.__main__ import main; main(['check', '-q', '--no-cache']); "
        "print('jsonschema' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    *said, loaded = done.stdout.splitlines()
    assert any("LBL001" in line for line in said), done
    assert loaded == "False"
