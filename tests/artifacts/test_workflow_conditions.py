"""Conditions of workflows: what the event decides, and what it does not."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.workflow_conditions import holds, in_event


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("false", False),
        ("${{ false }}", False),
        ("${{ true }}", True),
        ("True", True),
        ("!true", False),
        ("''", False),
        ("'a'", True),
        ("always()", None),
        ("${{ false }} && true", None),
        ("github.event_name == 'push'", False),
        ("github.event_name == 'PULL_request'", True),
        ("github.event_name != 'push'", True),
        ("GitHub.Event_Name == 'push'", False),
        ("github.event_name == 'push' || github.event_name == 'schedule'", False),
        ("github.event_name == 'push' || inputs.force", None),
        ("github.event_name == 'push' && inputs.force", False),
        ("inputs.force && github.event_name == 'push'", False),
        ("github.event_name == 'pull_request' && inputs.force", None),
        ("!(github.event_name == 'push')", True),
        ("!inputs.force", None),
        ("startsWith(github.ref, 'refs/tags/')", False),
        ("endsWith(github.ref, '/merge')", True),
        ("contains(github.ref, 'pull')", True),
        ("contains(github.event.labels, 'x')", None),
        ("github.ref == 'refs/heads/main'", False),
        ("github.event_name == 'push' == false", None),
        ("matrix['a b'] == 'x'", None),
        ("github.run_number < 3", None),
        ("true && (false || true)", True),
        ("true && (false", None),
        ("true true", None),
        ("", None),
        ("a(", None),
        ("(" * 500 + "true" + ")" * 500, None),
        ("!" * 500 + "true", None),
        ("'it''s' == 'IT''S'", True),
    ],
)
def test_what_a_pull_request_decides(condition, expected):
    assert holds(condition, in_event("pull_request")) is expected


def test_another_event_says_nothing_of_its_branch():
    assert holds("github.ref == 'refs/heads/main'", in_event("push")) is None
    assert holds("github.event_name == 'push'", in_event("push")) is True
