"""A cache that is damaged, or that somebody wrote into, counts as absent and ends no run."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from tests.snapshot.poison import Outcome, Poisoning

RUNS = 40


@pytest.fixture(scope="module")
def poisoning(tmp_path_factory: pytest.TempPathFactory) -> Poisoning:
    return Poisoning(tmp_path_factory.mktemp("poisoned"))


def test_a_damaged_row_is_absent(poisoning: Poisoning) -> None:
    dice = random.Random(1)
    assert _bad(poisoning.row(dice, signed=False) for _ in range(RUNS)) == []


def test_a_row_with_a_fitting_checksum_may_lie_and_ends_no_run(poisoning: Poisoning) -> None:
    dice = random.Random(2)
    found = [poisoning.row(dice, signed=True) for _ in range(RUNS)]
    assert [one for one in found if one.bug] == []


def test_a_damaged_file_is_absent(poisoning: Poisoning) -> None:
    dice = random.Random(3)
    assert _bad(poisoning.byte(dice) for _ in range(RUNS)) == []


def _bad(found: Iterable[Outcome]) -> list[Outcome]:
    return [one for one in found if one.bug or not one.same]
