"""Makefiles: GNU make is asked for what a recipe's shell gets, where it is there."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from evalpolicy.artifacts.makefile import parse

TEXT = """\
# A comment: no target
.PHONY: all check
TOOL = echo tool -q
OTHER := $(shell date)
TWICE = a
TWICE = b
export NAME ?= named

all: check sub/file | order ; @echo from all
check:
\t@$(TOOL) $$HOME || true
\t-@echo $(NAME) \\
\t  continued
\techo '$@'
order: ; echo order
sub/file two: $(NAME)
\techo $(TWICE)
named:
x := 1
"""


def lines(*names):
    return [
        (target.name, line.line, line.ignored, line.text)
        for target in parse(TEXT).reached(names)
        for line in target.recipe
    ]


def test_targets_needs_and_recipes():
    assert lines() == [
        ("all", 9, False, "echo from all"),
        ("check", 11, False, "echo tool -q $HOME || true"),
        ("check", 12, True, "echo named \\\n\t  continued"),
        ("check", 14, False, "echo '_'"),
        ("sub/file", 17, False, "echo _"),
        ("order", 15, False, "echo order"),
    ]
    assert [line for _, line, *_ in lines("order", "two")] == [15, 17]
    assert lines("nothing") == []


@pytest.mark.parametrize(
    "text", [".ONESHELL:\na:\n\tb\n", "SHELL = /bin/bash -e\na:\n\tb\n", "", "\tb\n", "a = b\n"]
)
def test_what_runs_otherwise_or_has_no_target(text):
    assert parse(text).targets == ()


def test_make_gives_its_shell_the_same(tmp_path):
    make = shutil.which("make")
    assert make is not None, "make is part of every environment that runs the tests"
    (tmp_path / "Makefile").write_text(TEXT)
    done = subprocess.run(
        [make, "-n", "check"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    known = [text for *_, text in lines("check")[:2]]
    assert done.stdout.startswith("\n".join(known).replace("\n\t", "\n"))
