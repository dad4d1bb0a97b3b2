""".pre-commit-config.yaml with positions, and any bytes at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpolicy.artifacts.pre_commit_config import parse

TEXT = b"""repos:
- repo: https://example.invalid/a
  rev: v1.0
  hooks:
  - id: one
    args: [--a, 'b']
    exclude: \\.jsonl$
    always_run: yes
- repo: local
  hooks:
  - {id: two, entry: x, language: system}
exclude: ^docs/
"""


def test_hooks_and_positions():
    config = parse(TEXT)
    assert config.problems == ()
    first, second = config.repositories
    assert first.rev is not None
    assert (first.rev.text, first.rev.span.line, first.rev.span.column) == ("v1.0", 3, 8)
    (hook,) = first.hooks
    assert [argument.text for argument in hook.args or ()] == ["--a", "b"]
    assert hook.exclude is not None
    assert (hook.exclude.text, hook.exclude.span.line) == (r"\.jsonl$", 7)
    assert hook.always_run is True
    assert second.rev is None
    assert second.hooks[0].language is not None
    assert config.exclude is not None


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"repos: [\n", 2), (b"a: b: c\n", 1), (b"- a\n", 1), (b"", 1), (b"repos: 1\n", 1),
        (b"repos:\n- rev: x\n", 2), (b"repos:\n- repo: x\n  hooks: []\n", 2), (b"\xff\n", 1),
        (b"repos:\n- repo: local\n  hooks:\n  - name: x\n", 4), (b"[" * 100_000, 1),
        (b"- " * 100_000, 1), (b"&a [*a]", 1),
    ],
)  # fmt: skip
def test_bad_content_is_a_problem_with_a_line(content, line):
    problems = parse(content).problems
    assert problems
    assert problems[0].span.line == line


@given(st.one_of(st.binary(max_size=200), st.text("reposhki: -[]{}&*!|>'\"#\n\t", max_size=200)))
def test_any_content_is_read(content):
    parse(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("end", ["\r", "\r\n", "\x85", "\u2028", "\u2029"])
def test_yaml_ends_lines_in_more_ways(end):
    text = f'# a{end}repos:\n  - repo: t\n    rev: "1"  # frozen: v1.2\n    hooks: []\n'
    (repository,) = parse(text.encode()).repositories
    assert (repository.frozen, repository.rev.span.line) == ("v1.2", 4)
