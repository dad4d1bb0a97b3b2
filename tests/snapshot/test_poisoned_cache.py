"""A cache that is damaged, or that somebody wrote into, counts as absent and ends no run."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.snapshot.poison import Outcome, Poisoning

from evalpolicy import errors
from evalpolicy.config.reading import Config
from evalpolicy.engine import check as engine
from evalpolicy.policy.report import Report
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache

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


@pytest.mark.parametrize("ends", [True, False])
def test_rows_over_which_something_failed_are_dropped(
    poisoning: Poisoning, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    """Whether the failure ends the run, or was caught and noted on the way."""
    errors.block()
    Path(poisoning.file).write_bytes(poisoning.sound)
    judged = engine._check
    with_rows = []

    def fails_over_rows(*given: Any, cache: Cache, **options: Any) -> Report:
        with_rows.append(cache.keeps)
        if cache.keeps:
            error = LookupError("a row that its reader took")
            if ends:
                raise error
            errors.noted(error)
        return judged(*given, cache=cache, **options)

    monkeypatch.setattr(engine, "_check", fails_over_rows)
    with open_snapshot(poisoning.root) as snapshot:
        report = engine.check(snapshot, Config(), cache=Cache(poisoning.file), jobs=1)
    assert with_rows == [True, False]
    assert report.findings
    assert Cache(poisoning.file).is_empty
    assert errors.block() is None
