"""Real gitleaks binaries against the evaluator, over configurations and versions.

By hand: `python tests/engines/gitleaks/gitleaks_oracle.py --random 5000 --seed 7`, or
`make gitleaks-oracle N=5000`; `--record` writes what the binaries said of the matrix to
tests/scanners/gitleaks/recorded.json, from which `make test` judges the evaluator without Go.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import gitleaks_binaries
import gitleaks_matrix
import gitleaks_random
import gitleaks_tree
from gitleaks_binaries import Binary, Verdict
from gitleaks_matrix import Row

from evalpolicy.artifacts.gitleaks_config import parse
from evalpolicy.scanners.gitleaks.load import load
from evalpolicy.scanners.gitleaks.model import LoadError
from evalpolicy.scanners.gitleaks.scan import ScanMode, predict
from evalpolicy.scanners.gitleaks.versions import Version

RECORDED = Path(__file__).parents[2] / "scanners" / "gitleaks" / "recorded.json"
WORKERS = 2


@dataclass(frozen=True)
class Cell:
    """One configuration at one version: what is and what was predicted."""

    row: Row
    version: Version
    real: Verdict
    predicted: Verdict

    @property
    def agrees(self) -> bool:
        return (self.real.loads, self.real.left) == (self.predicted.loads, self.predicted.left)

    def __str__(self) -> str:
        return (
            f"{self.row.name} at {self.version}\n"
            f"  real      {self.real.loads} {sorted(self.real.left)}\n"
            f"  predicted {self.predicted.loads} {sorted(self.predicted.left)}"
            f" {self.predicted.output}\n{self.row.content.decode('utf-8', 'replace')}"
            + "".join(f"--- {name}\n{text}" for name, text in self.row.files.items())
        )


def predicted(row: Row, version: Version, mode: ScanMode) -> Verdict:
    """The evaluator's word."""

    def read(path: str) -> bytes | None:
        return row.files[path].encode() if path in row.files else None

    loaded = load(parse(row.content), version, read)
    if isinstance(loaded, LoadError):
        return Verdict(False, frozenset(), loaded.message)
    return Verdict(True, predict(loaded, version, gitleaks_tree.secrets(), mode))


def judge(
    rows: Iterable[Row], binaries: Iterable[Binary], mode: ScanMode = "directory"
) -> Iterator[Cell]:
    """Every row at every binary, two at a time."""
    local = threading.local()

    def cell(pair: tuple[Row, Binary]) -> Cell:
        row, binary = pair
        if not hasattr(local, "root"):
            local.root = _workplace(mode)
        return Cell(
            row,
            binary.version,
            _real(row, binary, mode, local.root),
            predicted(row, binary.version, mode),
        )

    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(cell, itertools.product(list(rows), list(binaries)))


def _workplace(mode: ScanMode) -> Path:
    root = Path(tempfile.mkdtemp(prefix="gitleaks-oracle-"))
    gitleaks_tree.write(root / "tree")
    if mode == "staged":
        for command in (["init", "-q"], ["add", "."]):
            subprocess.run(["git", *command], cwd=root / "tree", check=True)
    return root


def _real(row: Row, binary: Binary, mode: ScanMode, root: Path) -> Verdict:
    config = root / "config.toml"
    config.write_bytes(row.content)
    for name, text in row.files.items():
        (root / "tree" / name).write_text(text)
    scan = gitleaks_binaries.scan if mode == "directory" else gitleaks_binaries.scan_staged
    verdict = scan(binary, root / "tree", config, root / "report.json")
    for name in row.files:
        (root / "tree" / name).unlink()
    left = frozenset(found for found in verdict.left if found[0] not in row.files)
    return Verdict(verdict.loads, left, verdict.output)


def digest(row: Row) -> str:
    """Tells a recorded configuration from a changed one."""
    files = json.dumps(row.files, sort_keys=True).encode()
    return hashlib.sha256(row.content + b"\0" + files).hexdigest()[:12]


def record(cells: Iterable[Cell]) -> None:
    """Writes the binaries' verdicts, one row a line."""
    table: dict[str, dict[str, object]] = {}
    for cell in cells:
        row = table.setdefault(cell.row.name, {"digest": digest(cell.row), "verdicts": {}})
        paths = [f"{path} {rule}" for path, rule in sorted(cell.real.left)]
        key = json.dumps(paths if cell.real.loads else None)
        row["verdicts"].setdefault(key, []).append(str(cell.version))  # type: ignore[attr-defined]  # rows of JSON
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(row)}" for name, row in table.items())
    RECORDED.write_text("{\n" + lines + "\n}\n")


def main(argv: list[str] | None = None) -> int:
    """Runs the matrix and random configurations, prints what disagrees; 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=0, help="how many random configurations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true", help="the matrix only; writes the table")
    parser.add_argument("--staged", action="store_true", help="scan the index, as the hook does")
    options = parser.parse_args(argv)
    go = shutil.which("go") or "go"
    binaries = []
    for names in gitleaks_binaries.WANTED:
        found = gitleaks_binaries.install(go, names)
        if isinstance(found, str):
            print(f"no binary for {names[0]}: {found}", file=sys.stderr)
            return 3
        binaries.append(found)
    rows = (
        list(gitleaks_random.rows(options.seed, options.random))
        if options.random
        else list(gitleaks_matrix.rows())
    )
    started = time.monotonic()
    cells = list(judge(rows, binaries, "staged" if options.staged else "directory"))
    wrong = [cell for cell in cells if not cell.agrees]
    for cell in wrong[:20]:
        print(cell)
    versions = ", ".join(str(binary.version) for binary in binaries)
    seconds = time.monotonic() - started
    print(f"{len(rows)} configurations at {versions}: {len(cells)} cells, {len(wrong)} disagree, "
          f"{seconds:.0f} s")  # fmt: skip
    if options.record and not wrong:
        record(cells)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
