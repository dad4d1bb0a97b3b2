"""Compose files: their forms, their spans, and what is no compose file."""

from __future__ import annotations

import json

import pytest
from msgspec import convert, to_builtins

from evalpolicy.artifacts.compose import Compose, parse

FULL = b"""\
x-env: &env
  A: shared
  B: shared
include:
  - ../services.yaml
  - path: [a.yaml, b.yaml]
services:
  runner:
    image: x:1
    extends: {file: ../runner.yaml, service: base}
    environment:
      A: own
      <<: *env
  other:
    extends: runner
    environment: [A=1, B=, C]
  empty:
"""


def test_every_form():
    compose = parse(FULL)
    assert [i.text for i in compose.includes] == ["../services.yaml", "a.yaml", "b.yaml"]
    assert tuple(compose.includes[1].span)[:2] == (6, 12)
    runner, other, empty = compose.services
    assert (runner.image.text, tuple(runner.image.span)) == ("x:1", (9, 12, 9, 15))
    assert runner.extends[:2] == ("../runner.yaml", "base")
    assert [(v.name, v.value) for v in runner.environment] == [
        ("A", "shared"), ("B", "shared"), ("A", "own"),
    ]  # fmt: skip
    assert other.extends[:2] == (None, "runner")
    assert [(v.name, v.value) for v in other.environment] == [("A", "1"), ("B", ""), ("C", None)]
    assert empty.is_null


def test_a_row_gives_the_same():
    compose = parse(FULL)
    assert convert(json.loads(json.dumps(to_builtins(compose))), Compose) == compose


@pytest.mark.parametrize("content", [b"", b"- a\n", b"a: [\n", b"\xff", b"x"])
def test_what_is_none_has_a_problem(content):
    assert parse(content).problem is not None


@pytest.mark.parametrize(
    "content",
    [
        b"services: [a]\n",
        b"services:\n  a: 1\n",
        b"include: {a: b}\nservices: {a: {extends: []}}\n",
    ],
)
def test_odd_values_are_left_out(content):
    assert parse(content).problem is None
