"""A cache that is damaged, or that somebody wrote into, counts as absent and ends no run."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.fleets import BENCHMARK, COMPOSE, DOCKERFILES, FLEET, repository
from tests.snapshot.poison import Outcome, Poisoning

from evalpolicy import errors
from evalpolicy.config.reading import Config
from evalpolicy.engine import check as engine
from evalpolicy.frontends.lsp.rows import Rows
from evalpolicy.policy.report import Report
from evalpolicy.snapshot import disk, open_snapshot
from evalpolicy.snapshot.cache import Cache
from evalpolicy.snapshot.tracing import TracedSnapshot

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


def _fails_over_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run over the cache reads all that it wants there, and ends with a fault."""
    judged = engine._check

    def check(*given: Any, cache: Cache, **options: Any) -> Report:
        report = judged(*given, cache=cache, **options)
        if cache.keeps:
            raise LookupError("a row that its reader took")
        return report

    monkeypatch.setattr(engine, "_check", check)


def test_after_a_fault_no_size_is_known_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of sizes lie: the file is as large as before."""
    root = repository(tmp_path / "fleet", {**DOCKERFILES, "big.bin": b"x" * 600_000})
    cache = Cache(str(tmp_path / "rows"))
    with open_snapshot(root, revision="HEAD") as snapshot:
        sound = engine.check(snapshot, Config(), cache=cache)
        ids = [snapshot.object_id(path) for path in snapshot.entries]
    assert "SIZ001" in {finding.rule for finding in sound.findings}
    cache.put("sizes of objects", dict.fromkeys(ids, 1))
    cache.save()
    _fails_over_rows(monkeypatch)
    with open_snapshot(root, revision="HEAD") as snapshot:
        again = engine.check(
            snapshot, Config(), cache=Cache(str(tmp_path / "rows")), chosen=["SIZ"]
        )
    assert "SIZ001" in {finding.rule for finding in again.findings}


def test_after_a_fault_no_content_is_known_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stamps lie, of a snapshot that came with its cache: two files count as one."""
    other = COMPOSE.replace("BENCHMARK: arc", "BENCHMARK: other")
    good, bad = (f"containers/benchmarks/{name}/compose.yaml" for name in ("arc", "two"))
    docker = BENCHMARK.replace('"arc"', '"two"')
    files = {**FLEET, bad: other, "containers/benchmarks/two/Dockerfile": docker}
    root = repository(tmp_path / "fleet", files)
    monkeypatch.setattr(disk, "_RACY", 0)  # a stamp is trusted however young the file is
    kept = Rows(str(root))  # as the language server brings it
    kept.begin()
    with open_snapshot(root) as snapshot:
        sound = engine.check(snapshot, Config(), cache=Cache(None), chosen=["STR"])
        id = snapshot.blob_id(good)
        kept.put("stamps of files", {path: [snapshot.stamp(path), id] for path in (good, bad)})
    assert bad in {finding.path for finding in sound.findings}
    _fails_over_rows(monkeypatch)
    with open_snapshot(root) as snapshot:
        again = engine.check(TracedSnapshot(snapshot, kept), Config(), cache=kept, chosen=["STR"])
    assert again.findings == sound.findings
