"""`python -m bench.replay_runs docker|podman`: what `evalpolicy replay run` costs by itself.

The example fleet's agent `shell`, some tasks one after the other, images present. Beside it the
same containers without evalpolicy: the calls that `--dry-run` prints, from a shell, which waits
for the server as it has to. What evalpolicy takes beyond that is its own: it starts, reads the
fleet, compares images, watches limits, takes the output out and judges.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
FIXTURES = "tests/run/replay/fixtures"
OWN_COST = 0.15
"""What `replay run` may take beside the containers, as a part of what they take."""
SECONDS = 3.0
"""From the start to the verdict of one replay of a small agent."""
_WAIT = 'until [ -s "$journal" ]; do sleep 0.02; done\n'


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.replay_runs")
    parser.add_argument("engine", choices=("docker", "podman"))
    parser.add_argument("--replays", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    sys.stdout.write("\n".join(page(options.engine, options.replays, options.runs)) + "\n")
    return 0


def page(engine: str, replays: int, runs: int) -> list[str]:
    """A table in Markdown."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run([EXAMPLES / "base-images.sh", "--python", python, engine], check=True)
    with tempfile.TemporaryDirectory(prefix="evalpolicy-bench-") as scratch:
        fleet = _fleet(Path(scratch, "fleet"), replays)
        _replay(fleet, engine)  # Builds the images.
        one = statistics.median(_replay(fleet, engine, "arithmetic-1-shell") for _ in range(runs))
        pairs = [(_replay(fleet, engine), _by_hand(fleet, engine)) for _ in range(runs)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    cost = (ours - theirs) / theirs
    return [
        f"| on {engine} | seconds | target |",
        "| --- | ---: | ---: |",
        f"| one replay, start to verdict | {one:.2f} | under {SECONDS:.0f} |",
        f"| {replays} replays, one after the other | {ours:.2f} | |",
        f"| the same containers from a shell | {theirs:.2f} | |",
        f"| evalpolicy's own cost | {cost:.0%} | under {OWN_COST:.0%} |",
    ]


def _fleet(root: Path, replays: int) -> Path:
    """The example fleet with a recording for each of the first tasks."""
    shutil.copytree(EXAMPLES / "fleet", root, ignore=shutil.ignore_patterns("evalpolicy-replay"))
    recorded = (root / FIXTURES / "arithmetic-1-shell.traces.jsonl").read_text()
    for file in (root / FIXTURES).iterdir():
        file.unlink()
    data = next((root / "containers/benchmarks/arithmetic/data").glob("*/sums.tsv"))
    for task, line in enumerate(data.read_text().splitlines()[:replays]):
        terms, total = line.split("\t")
        made = recorded.replace("17 + 25", terms).replace("42\\\\nexit", f"{total}\\\\nexit")
        (root / FIXTURES / f"arithmetic-{task}-shell.traces.jsonl").write_text(made)
    return root


def _run(fleet: Path, engine: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "evalpolicy", "-C", str(fleet), "replay", "run"]
    done = subprocess.run(
        [*command, "--engine", engine, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def _replay(fleet: Path, engine: str, *fixtures: str) -> float:
    begun = time.perf_counter()
    _run(fleet, engine, *fixtures)
    return time.perf_counter() - begun


def _by_hand(fleet: Path, engine: str) -> float:
    """The containers' calls of a dry run, by a shell."""
    script = "".join(_calls(_run(fleet, engine, "--dry-run"), engine))
    begun = time.perf_counter()
    subprocess.run(["sh", "-ec", script], cwd=fleet, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _calls(dry_run: str, engine: str) -> Iterator[str]:
    begun = False
    for line in dry_run.splitlines():
        if line.startswith("# replay "):
            begun = True
            stem = line.rpartition("/")[2].partition(".")[0]
            folder = f"evalpolicy-replay/{stem}/journal"
            yield f"journal={folder}/journal.jsonl; mkdir -p {folder}; chmod 777 {folder}; "
            yield 'rm -f "$journal"\n'
        elif begun and line.startswith(f"{engine} "):
            if " start --attach " in line:
                yield _WAIT
            yield f"{line}\n"


if __name__ == "__main__":
    raise SystemExit(main())
