"""Makefiles: GNU make is asked for what a recipe's shell gets, where it is there."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from evalpolicy.artifacts.makefile import parse
from evalpolicy.artifacts.syntax.shell.expansion import Scope

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
    makefile = parse(TEXT)
    scope = Scope(makefile.variables)
    return [
        (recipe.name, line.line, line.ignored, scope.expanded(line.text))
        for recipe in makefile.reached(names)
        for line in recipe.lines
    ]


def test_targets_needs_and_recipes():
    assert lines() == [
        ("all", 9, False, "echo from all"),
        ("check", 11, False, "echo tool -q $HOME || true"),
        ("check", 12, True, "echo named \\\n\t  continued"),
        ("check", 14, False, "echo '$@'"),
        ("sub/file", 17, False, "echo ${TWICE}"),
        ("order", 15, False, "echo order"),
    ]
    assert [line for _, line, *_ in lines("order", "two")] == [15, 17]
    assert lines("nothing") == []


@pytest.mark.parametrize(
    ("text", "own_shell"),
    [
        (".ONESHELL:\na:\n\tb\n", True),
        ("SHELL = /bin/bash -e\na:\n\tb\n", True),
        ("a:\n\tb .ONESHELL:\n", False),
    ],
)
def test_whether_recipes_run_in_makes_own_shell(text, own_shell):
    assert parse(text).own_shell == own_shell


@pytest.mark.parametrize("text", ["", "\tb\n", "a = b\n"])
def test_what_has_no_target(text):
    assert parse(text).recipes == ()


def test_make_gives_its_shell_the_same(tmp_path):
    make = shutil.which("make")
    assert make is not None, "make is part of every environment that runs the tests"
    (tmp_path / "Makefile").write_text(TEXT)
    # A make around the tests would have its say.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        [make, "-n", "check"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    known = [text for *_, text in lines("check")[:2]]
    assert done.stdout.startswith("\n".join(known).replace("\n\t", "\n"))
