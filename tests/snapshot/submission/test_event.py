"""GitHub's payloads: what they say, and that nothing in them can raise."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.snapshot.submission.event import Event, parse

HEAD, BASE, ZERO = "a" * 40, "b" * 40, "0" * 40
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ID = st.sampled_from([HEAD, BASE, ZERO, "", "main", HEAD[:7], 7, None])
PULL = {"number": 7, "title": "t", "head": {"sha": HEAD}, "base": {"sha": BASE}}


def read(payload: object) -> Event | Problem:
    return parse(json.dumps(payload).encode())


def test_a_pull_request():
    found = read(
        {
            "pull_request": {
                **PULL,
                "body": "Fixes #3",
                "labels": [{"name": "skip-issue"}, {"name": None}, "x"],
                "user": {"login": "renovate[bot]", "type": "Bot"},
                "commits": 4,
            }
        }
    )
    assert found == Event(
        "pull_request", HEAD, BASE, "t", "Fixes #3", ("skip-issue", ""), "renovate[bot]", True, 7, 4
    )


def test_a_body_that_was_never_written_is_empty():
    found = read({"pull_request": {**PULL, "body": None}})
    assert isinstance(found, Event)
    assert found.body == ""


def test_a_merge_group():
    found = read({"merge_group": {"head_sha": HEAD, "base_sha": BASE}})
    assert found == Event("merge_group", HEAD, BASE)


def test_a_push():
    assert read({"before": BASE, "after": HEAD}) == Event("push", HEAD, BASE)


def test_the_push_of_a_new_branch_names_the_default_branch():
    found = read({"before": ZERO, "after": HEAD, "repository": {"default_branch": "main"}})
    assert found == Event("push", HEAD, None, default_branch="main")


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ([], "not a JSON object"),
        ({}, "no pull_request"),
        ({"issue": {}}, "no pull_request"),
        ({"pull_request": {}}, "head.sha"),
        ({"pull_request": {**PULL, "head": {"sha": "main"}}}, "not a commit id"),
        ({"pull_request": {**PULL, "head": {"sha": "--upload-pack=x"}}}, "not a commit id"),
        ({"pull_request": {**PULL, "base": []}}, "not a commit id"),
        ({"merge_group": {"head_sha": HEAD}}, "not a commit id"),
        ({"before": BASE, "after": ZERO}, "deletes"),
        ({"before": BASE, "after": HEAD, "deleted": True}, "deletes"),
        ({"before": 7, "after": HEAD}, "not a commit id"),
    ],
)
def test_what_is_no_submission_is_a_problem(payload, word):
    found = read(payload)
    assert isinstance(found, Problem)
    assert word in found.message


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"nul"])
def test_what_is_no_json_is_a_problem(content):
    assert isinstance(parse(content), Problem)


def test_half_a_surrogate_pair_is_no_character():
    found = parse(json.dumps({"pull_request": {**PULL, "title": "\ud800x"}}).encode())
    assert isinstance(found, Event)
    found.title.encode()


@given(st.binary(max_size=80))
def test_no_bytes_raise(content):
    assert isinstance(parse(content), Event | Problem)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "pull_request": JSON
            | st.fixed_dictionaries(
                {"head": JSON | st.fixed_dictionaries({"sha": ID}), "base": JSON},
                optional={
                    "title": JSON,
                    "body": JSON,
                    "labels": JSON | st.lists(JSON | st.fixed_dictionaries({"name": JSON})),
                    "user": JSON,
                    "number": JSON,
                },
            ),
            "merge_group": JSON | st.fixed_dictionaries({"head_sha": ID, "base_sha": ID}),
            "before": ID,
            "after": ID,
            "repository": JSON,
        },
    )
    | JSON
)
def test_no_json_raises(payload):
    found = read(payload)
    assert isinstance(found, Event | Problem)
    if isinstance(found, Event):
        assert len(found.head) == 40
        assert all(isinstance(label, str) for label in found.labels)
        (found.title + found.body).encode()
