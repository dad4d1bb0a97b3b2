"""Which variables a value rests on that nothing in the file sets."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.dockerfile import parse, resolve

CASES = [
    ("ARG R\nLABEL k=${R}", ("R",)),
    ("ARG R=1\nLABEL k=${R}", ()),
    ("ARG R\nENV R=${R}\nLABEL k=${R}", ("R",)),
    ("ARG R\nENV A=${R}\nENV B=x${A}\nLABEL k=$B", ("R",)),
    ("ARG R\nENV A=${R}\nENV A=1\nLABEL k=$A", ()),
    ("ARG R\nARG A=v${R}\nLABEL k=$A", ("R",)),
    ("ARG R\nENV A=${R:-x}\nLABEL k=$A", ()),
    ("ARG R\nARG S\nENV A=${S}${R}\nLABEL k=$A$R", ("R", "S")),
]


@pytest.mark.parametrize(("body", "unresolved"), CASES)
def test_what_a_label_rests_on(body, unresolved):
    [label] = parse(f"FROM scratch\n{body}\n".encode()).stages[0].labels
    assert sorted(label.unresolved) == sorted(unresolved)


def test_a_later_stage_inherits_what_is_open():
    text = b"FROM scratch AS a\nARG R\nENV A=${R}\nFROM a\nLABEL k=$A\n"
    assert parse(text).stages[1].labels[0].unresolved == ("R",)


def test_global_arguments_are_followed_into_from_and_stages():
    text = b"ARG R\nARG B=x${R}\nFROM ${B}\nARG B\nLABEL k=$B\n"
    [stage] = parse(text).stages
    assert stage.base.unresolved == ("R",)
    assert stage.labels[0].unresolved == ("R",)


def test_a_build_argument_closes_it():
    text = b"FROM scratch\nARG R\nENV A=${R}\nLABEL k=$A\n"
    [label] = resolve(parse(text), {"R": "1"}).stages[0].labels
    assert (label.value, label.unresolved) == ("1", ())
