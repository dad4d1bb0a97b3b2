"""Real gitleaks binaries are the judge of the evaluator and of the migration."""

from __future__ import annotations

from pathlib import Path

import gitleaks_binaries
import gitleaks_matrix
import gitleaks_oracle
import gitleaks_random
import pytest
from gitleaks_binaries import Binary

from evalpolicy.scanners.gitleaks.migrate import Migrated, migrate

pytestmark = [pytest.mark.engine("gitleaks"), pytest.mark.slow, pytest.mark.xdist_group("gitleaks")]

RANDOM = 500
STAGED = 40
NEWEST = -1


@pytest.fixture(scope="module")
def found():
    return {}


@pytest.fixture
def binaries(found, need_tool, need_engine) -> list[Binary]:
    """One binary for each wanted version, or for the one that stands in."""
    if not found:
        go = need_tool("go")
        for names in gitleaks_binaries.WANTED:
            binary = gitleaks_binaries.install(go, names)
            if isinstance(binary, str):
                need_engine(f"gitleaks {names[0]} cannot be installed: {binary}")
            found[names[0]] = binary
    return list(found.values())


def disagreements(rows, binaries, mode="directory") -> list[str]:
    cells = gitleaks_oracle.judge(rows, binaries, mode)
    return [str(cell) for cell in cells if not cell.agrees]


def test_the_matrix_agrees(binaries):
    rows = list(gitleaks_matrix.rows())
    assert len(rows) >= 150
    assert disagreements(rows, binaries) == []


def test_random_configurations_agree(binaries):
    assert disagreements(gitleaks_random.rows(20260615, RANDOM), binaries) == []


def test_what_the_hook_runs_agrees(binaries):
    chosen = [row for row in gitleaks_matrix.rows() if "and-" in row.name or "AND" in row.name]
    rows = [*chosen, *gitleaks_random.rows(8, STAGED)]
    assert disagreements(rows, binaries, "staged") == []


# What a rule's groups, overrides or the TOML itself are to a version is no matter of allowlists.
NOT_ABOUT_ALLOWLISTS = (
    "group", "override", "disabled", "keyword", "extended", "extends", "entropy", "required",
    "skipReport", "rule ", "duplicate", "single rules", "type", "no rules",
    "minVersion", "path", "generic",
)  # fmt: skip


def test_a_migrated_configuration_means_the_same(binaries, tmp_path: Path):
    """At every version the migrated text does what the newest does with what was meant."""
    newest = binaries[NEWEST]
    meant, moved = {}, []
    for row in gitleaks_matrix.rows():
        if row.files or any(word in row.name.split("/")[0] for word in NOT_ABOUT_ALLOWLISTS):
            continue
        text = row.content.decode("utf-8", "surrogateescape")
        intended = migrate(text, newest.version)
        if not isinstance(intended, Migrated):
            continue
        meant[row.name] = gitleaks_matrix.Row(row.name, _bytes(intended.text))
        for binary in binaries:
            result = migrate(text, binary.version)
            if isinstance(result, Migrated):
                assert migrate(result.text, binary.version) == Migrated(result.text, ())
                moved.append((binary, gitleaks_matrix.Row(row.name, _bytes(result.text))))
    truth = {cell.row.name: cell.real for cell in each_in_its_mode(meant.values(), [newest])}
    assert len(truth) > 60
    assert len(moved) > 5 * len(truth)
    wrong = []
    for binary in binaries:
        rows = [row for owner, row in moved if owner is binary]
        for cell in each_in_its_mode(rows, [binary]):
            expected = truth[cell.row.name]
            if (cell.real.loads, cell.real.left) != (expected.loads, expected.left):
                wrong.append(f"{cell}\n  meant     {expected.loads} {sorted(expected.left)}")
    assert wrong == []


def each_in_its_mode(rows, binaries):
    """Directory scans, which are quick; the index where a condition stands, which they bend."""
    rows = list(rows)
    bent = [row for row in rows if b"condition" in row.content]
    yield from gitleaks_oracle.judge([row for row in rows if row not in bent], binaries)
    yield from gitleaks_oracle.judge(bent, binaries, "staged")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
