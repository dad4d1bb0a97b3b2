"""What gates set, in each file that configures one, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpolicy.artifacts import gate_settings as gates

PRE_COMMIT = b"""\
exclude: ^vendor/
repos:
  - repo: https://example.org/hooks
    rev: v1.2.3
    hooks:
      - id: check-added-large-files
        args: [--maxkb=1024]
        exclude: '\\.jsonl$'
      - {id: lint, files: py$, args: [--ignore=E1, --fix]}
      - id: late
        stages: [manual]
  - repo: local
    hooks: [{id: own}]
"""


def rows(settings):
    return [(s.kind, s.gate, s.value, s.span.line) for s in settings.settings]


def test_pre_commit():
    assert rows(gates.pre_commit(PRE_COMMIT)) == [
        ("exemption", "every hook", "^vendor/", 1),
        ("pin", "https://example.org/hooks", "v1.2.3", 4),
        ("hook", "hook check-added-large-files", "", 6),
        ("exemption", "hook check-added-large-files", "\\.jsonl$", 8),
        ("limit", "hook check-added-large-files --maxkb", "1024", 7),
        ("hook", "hook lint", "", 9),
        ("scope", "hook lint", "py$", 9),
        ("exemption", "hook lint args", "--ignore=E1", 9),
        ("hook", "hook own", "", 13),
    ]


def test_baselines():
    own = b'{"version": 1, "findings": [\n{"rule": "X", "path": "a", "subject": "s"}\n]}'
    assert rows(gates.baseline(own)) == [("exemption", "baseline: X s", "a", 2)]


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (gates.pre_commit, b"repos: [\n"),
        (gates.pre_commit, b"\xff"),
        (gates.workflow, b"jobs: [\n"),
        (gates.gitleaks, b"[x\n"),
        (gates.baseline, b"{"),
    ],
)
def test_what_cannot_be_read_is_a_problem(read, content):
    settings = read(content)
    assert len(settings.problems) == 1
    assert settings.settings == ()


def test_what_cannot_be_read_has_a_line():
    [problem] = gates.pre_commit(b"repos:\n  - repo: a\n  x: }\n").problems
    assert problem.span.line == 3


@pytest.mark.parametrize("read", [gates.ignore_file])
@given(content=st.binary(max_size=60))
def test_lines_never_raise(read, content):
    assert read(content).problems == ()


@pytest.mark.parametrize("read", [gates.pre_commit, gates.workflow, gates.gitleaks, gates.baseline])
@given(
    content=st.binary(max_size=60)
    | st.text("abc:[]{}&*!\n -'\"=.#", max_size=60).map(str.encode)
    | st.sampled_from(
        [
            b"repos: 1", b"repos: [1, [2], {hooks: 3}]", b"- a", b"a: &a [*a]", b"{? [1] : 2}",
            b"repos: [{repo: {a: 1}, rev: [1], hooks: [{id: [1], args: {}, stages: 1}]}]",
            b"allowlist = 1", b"rules = [1]", b"extend = []", b"allowlist = {paths = 'x'}",
            b"[[rules]]\nid = 1", b"allow = [1, {path = 1}]", b"tool = 1", b"[]", b"[[[]]]",
            b'{"results": {"a": [1, null, []]}}', b'{"path": 1, "x": {"path": "a"}}', b"1",
        ]
    )
)  # fmt: skip
def test_nothing_raises(read, content):
    read(content)
