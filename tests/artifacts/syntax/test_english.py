"""How messages count."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.syntax.english import counted


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 turns"), (1, "1 turn"), (2, "2 turns"), (1040, "1,040 turns")]
)
def test_the_noun_follows_the_number(number, shown):
    assert counted(number, "turn") == shown


@pytest.mark.parametrize(("number", "words"), [(0, "0 entries"), (1, "1 entry"), (2, "2 entries")])
def test_a_plural_of_its_own(number, words):
    assert counted(number, "entry", "entries") == words
