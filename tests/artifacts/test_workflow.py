"""Workflows with positions, and any bytes at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evalpolicy.artifacts.workflow import parse

TEXT = b"""on: {push: , pull_request: }
env: {A: outer, B: outer}
defaults: {run: {shell: bash, working-directory: w}}
jobs:
  one:
    env: {B: job}
    continue-on-error: true
    steps:
    - uses: x/y@v1
      with: {k: v}
      env: {B: step}
    - name: n
      if: always()
      run: |
        first
        second
      continue-on-error: ${{ x }}
  two:
    uses: ./.github/workflows/other.yml
"""


def test_steps_and_positions():
    workflow = parse(TEXT)
    assert workflow.problems == ()
    assert workflow.triggers == ("push", "pull_request")
    one, two = workflow.jobs
    assert one.continue_on_error is not None
    assert two.uses is not None
    first, second = workflow.steps()
    assert first.environ() == {"A": "outer", "B": "step"}
    value = first.input("k")
    assert value is not None
    assert (value.text, value.span.line) == ("v", 10)
    assert second.environ() == {"A": "outer", "B": "job"}
    assert second.run is not None
    assert (second.run.text, second.run_span.line) == ("first\nsecond\n", 15)
    assert second.shell is not None
    assert second.working_directory is not None
    assert second.continue_on_error is not None


def test_bad_content_is_a_problem():
    assert parse(b"jobs: [").problems
    assert parse(b"on: push\n").problems
    assert parse(b"- 1\n").problems


@given(st.one_of(st.binary(max_size=200), st.text("jobsteprun: -[]{}&*!|>'\"#\n", max_size=200)))
def test_any_content_is_read(content):
    parse(content if isinstance(content, bytes) else content.encode())
