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


def test_what_a_merge_key_brings_is_a_setting_where_it_is_written():
    content = b"""\
x: &loose
  exclude: ^fixtures/
  args: [--maxkb, '9']
repos:
  - repo: local
    hooks: [{id: check-added-large-files, <<: *loose}]
"""
    assert rows(gates.pre_commit(content)) == [
        ("hook", "hook check-added-large-files", "", 6),
        ("exemption", "hook check-added-large-files", "^fixtures/", 2),
        ("limit", "hook check-added-large-files --maxkb", "9", 3),
    ]


def test_hooks_that_run_by_hand_only_are_none():
    hooks = b"repos: [{repo: local, hooks: [{id: a},\n{id: b, stages: [commit]}]}]"
    assert rows(gates.pre_commit(b"default_stages: [manual]\n" + hooks)) == [
        ("hook", "hook b", "", 3)
    ]


def test_each_setting_of_gitleaks_stands_on_its_own_line():
    """Whatever spells the same before it: a comment, another list, a key."""
    content = rb"""
# \.jsonl$ and generic
[extend]
useDefault = true
disabledRules = [
  "aws",
  'generic',
]
[[rules]]
id = "generic"
description = "\\.jsonl$"
[[rules.allowlists]]
Paths = ['\.jsonl$',
  "\u005c.jsonl$"]
[allowlist]
regexes = ["generic"]
"""
    assert rows(gates.gitleaks(content)) == [
        ("exemption", "gitleaks rules", "aws", 6),
        ("exemption", "gitleaks rules", "generic", 7),
        ("hook", "gitleaks' default rules", "", 4),
        ("hook", "gitleaks rule generic", "", 10),
        ("exemption", "gitleaks allowlist paths", "\\.jsonl$", 13),
        ("exemption", "gitleaks allowlist paths", "\\.jsonl$", 14),
        ("exemption", "gitleaks allowlist regexes", "generic", 16),
    ]


def test_what_lets_a_workflow_pass():
    content = b"""\
on: push
jobs:
  a:
    continue-on-error: true
    steps:
      - run: ruff check || true  # evalpolicy
      - {run: mypy, continue-on-error: "${{ x }}"}
      - run: |
          # pytest || true
          ruff check || :
        continue-on-error: false
      - uses: a/b@v1
        with: {args: check --exit-zero}
        # a || true
"""
    assert rows(gates.workflow(content)) == [
        ("swallowed", "workflow", "continue-on-error: true", 4),
        ("swallowed", "workflow", "continue-on-error: ${{ x }}", 7),
        ("swallowed", "workflow", "ruff check || true", 6),
        ("swallowed", "workflow", "ruff check || :", 10),
        ("swallowed", "workflow", "check --exit-zero", 13),
    ]


def test_a_row_of_detect_secrets_stands_where_it_is_written():
    secrets = b'{"version": "1", "results": {"a": [\n{"type": "a"},\n{"type": "b"}]}}'
    assert rows(gates.baseline(secrets)) == [
        ("exemption", "baseline: a", "a", 2),
        ("exemption", "baseline: b", "a", 3),
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


@given(content=st.binary(max_size=60))
def test_lines_never_raise(content):
    assert gates.ignore_file(content).problems == ()


@pytest.mark.parametrize("read", [gates.pre_commit, gates.gitleaks, gates.baseline, gates.workflow])
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
