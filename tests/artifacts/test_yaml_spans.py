"""YAML that nests: what libyaml would follow until the process ends, and what is only text."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.yaml_spans import parse_yaml

DEEP = 100_000


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: 1\nb: " + b"[" * DEEP, 2),
        (b"[" * DEEP + b"]" * DEEP, 1),
        (b"{a: " * DEEP + b"}" * DEEP, 1),
        (b"# " + b"]" * DEEP + b"\n" + b"[" * DEEP, 2),
        (b'a: "' + b"]" * DEEP + b'"\nb: ' + b"[" * DEEP + b"]" * DEEP, 2),
        (b"a:\n" + b"- " * 200 + b"b\n", 2),
    ],
    ids=["open", "closed", "mappings", "behind a comment", "behind a string", "dashes"],
)
def test_what_nests_too_deep_is_a_problem_and_no_crash(content, line):
    problem = parse_yaml(content).problem
    assert problem is not None
    assert problem.message == "nested deeper than 60 levels"
    assert problem.span.line == line


def test_brackets_that_are_text_do_not_nest():
    document = parse_yaml(b"a: '" + b"[{" * 500 + b"'\n# " + b"[" * 500 + b"\nb: [1]\n")
    assert document.problem is None
    assert document.root is not None


def test_brackets_side_by_side_do_not_nest():
    assert parse_yaml(b"a: [" + b"[1], " * 500 + b"]\n").problem is None
