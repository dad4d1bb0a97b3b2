"""`python -m bench [--fleet FOLDER]`: measures, and writes docs/performance.md.

Without --fleet a generated fleet of the reference fleet's size (102 benchmarks) stands in for
it, and the page says so.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import fixtures, fleets, incumbents, replay_runs
from bench.timing import Command, Run, side_by_side, timed

PAGE = Path(__file__).parents[1] / "docs/performance.md"
SIZES = (10, 100, 1_000, 10_000)
EVALPOLICY = [sys.executable, "-m", "evalpolicy"]
CHECK = [*EVALPOLICY, "check", "--select", "LBL,REL"]
STAGED = "check --select LBL,REL --staged, one changed Dockerfile"
STAGED_ALL = "check --staged, every family, one changed Dockerfile"
BARE = "a bare interpreter that imports click"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--fleet", type=Path, help="a checkout of a real fleet")
    parser.add_argument("--engine", choices=("docker", "podman"), help="replay with this engine")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        lines = list(page(Path(scratch), options.fleet, options.runs))
        if options.engine:
            lines += ["", "## Replays", "", *replay_runs.page(options.engine, replays=10, runs=5)]
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n".join(lines) + "\n")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def page(scratch: Path, fleet: Path | None, runs: int) -> Iterator[str]:
    cores, version = os.cpu_count(), platform.python_version()
    yield "# Performance"
    yield ""
    yield "How fast evalpolicy is, as measured by `make bench`: medians over whole processes, the"
    yield f"commands of a table in turn, on {cores} cores with Python {version}. Ratios carry over"
    yield "to other machines; seconds do not."
    yield ""
    where = fleet or fleets.generate(scratch / "stand-in", 102)
    what = "the reference fleet" if fleet else "a generated fleet of 102 benchmarks"
    yield f"## On {what}"
    yield ""
    yield from start_up(scratch, where, runs)
    yield ""
    yield "## Compared with the tools a fleet runs today"
    yield ""
    yield from incumbents.rows(scratch, where, max(3, runs // 5))
    yield ""
    yield "## As a fleet grows"
    yield ""
    yield from growth(scratch)
    yield ""
    # Last: it reads all fixtures in this process, and Linux counts a child's memory from there on.
    yield "## Fixtures"
    yield ""
    yield from fixtures.rows(scratch, where, runs)


def start_up(scratch: Path, fleet: Path, runs: int) -> Iterator[str]:
    changed = _copy(fleet, scratch / "changed")
    cache = {"EVALPOLICY_CACHE_DIR": str(scratch / "cache")}
    index = _Change(changed)
    commands = [
        Command(BARE, [sys.executable, "-c", "import click"], fleet, cache),
        Command("evalpolicy --version", [*EVALPOLICY, "--version"], fleet, cache),
        Command("check --select LBL,REL, nothing cached", [*CHECK, "--no-cache"], fleet, cache),
        Command("check --select LBL,REL", CHECK, fleet, cache),
        Command(STAGED, [*CHECK, "--staged"], changed, cache, index.next),
        Command(STAGED_ALL, [*EVALPOLICY, "check", "-q", "--staged"], changed, cache, index.next),
    ]  # fmt: skip
    found = side_by_side(commands, runs)
    bounds = {"evalpolicy --version": 1.5, "check --select LBL,REL": 8.0,
              "check --select LBL,REL, nothing cached": 8.0,
              STAGED: 4.0, STAGED_ALL: 5.0}  # fmt: skip
    yield "| command | wall, ms | processor, ms | memory, MiB | × bare | bound |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    bare = found[BARE].wall
    for name, run in found.items():
        bound = f"{bounds[name]:g}" if name in bounds else ""
        yield f"| {name} | {_row(run)} | {run.wall / bare:.1f} | {bound} |"


def growth(scratch: Path) -> Iterator[str]:
    yield "| benchmarks | nothing cached, s | ms a benchmark | cached, s | memory, MiB |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    for size in SIZES:
        fleet = fleets.generate(scratch / str(size), size)
        cache = {"EVALPOLICY_CACHE_DIR": str(scratch / "cache-growth")}
        cold = min((timed(Command("cold", [*CHECK, "--no-cache"], fleet, cache)) for _ in "123"),
                   key=lambda run: run.wall)  # fmt: skip
        timed(Command("fill", CHECK, fleet, cache))
        warm = min((timed(Command("warm", CHECK, fleet, cache)) for _ in "123"),
                   key=lambda run: run.wall)  # fmt: skip
        memory = max(cold.memory, warm.memory)
        yield (
            f"| {size:,} | {cold.wall:.2f} | {cold.wall / size * 1000:.2f} | {warm.wall:.2f} "
            f"| {memory:.0f} |"
        )


def _copy(fleet: Path, to: Path) -> Path:
    """The fleet's files in a repository of their own, which may be written to."""
    import shutil
    import subprocess

    shutil.copytree(fleet, to, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    commit = ["-c", "user.name=bench", "-c", "user.email=bench@example.org", "commit", "-qm", "all"]
    for arguments in (["init", "-q"], ["add", "-A"], commit, ["gc", "-q"]):
        subprocess.run(["git", *arguments], cwd=to, check=True)
    return to


class _Change:
    """Stages another change of one Dockerfile each time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._file = sorted(root.glob("containers/benchmarks/*/Dockerfile"))[7]
        self._text = self._file.read_text()
        self._count = 0

    def next(self) -> None:
        import subprocess

        self._count += 1
        self._file.write_text(f"{self._text}# change {self._count}\n")
        subprocess.run(["git", "add", "-A"], cwd=self._root, check=True)


def _row(run: Run) -> str:
    return f"{run.wall * 1000:.0f} | {run.cpu * 1000:.0f} | {run.memory:.0f}"


if __name__ == "__main__":
    raise SystemExit(main())
