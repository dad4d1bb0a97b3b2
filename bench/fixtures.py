"""The fixture families against what it costs to parse the same bytes at all."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bench.timing import Command, side_by_side, timed

FAMILIES = [sys.executable, "-m", "evalpolicy", "check", "--select", "FIX,SIZ,SEC,PRV"]
FOLDER = "tests/run/replay/fixtures"
BOUND = 4.0
LARGE = 1 << 30
MEMORY = 200


def rows(scratch: Path, fleet: Path, runs: int) -> Iterator[str]:
    """Reading every fixture next to orjson, then whole processes, then one fixture of 1 GiB."""
    cache = {"EVALPOLICY_CACHE_DIR": str(scratch / "fixtures-cache")}
    commands = [
        Command("FIX, SIZ, SEC, PRV, nothing cached", [*FAMILIES, "--no-cache"], fleet, cache),
        Command("FIX, SIZ, SEC, PRV", FAMILIES, fleet, cache),
    ]
    yield "| whole process | wall, ms | processor, ms | memory, MiB |"
    yield "| --- | ---: | ---: | ---: |"
    for name, run in side_by_side(commands, runs).items():
        yield f"| {name} | {run.wall * 1000:.0f} | {run.cpu * 1000:.0f} | {run.memory:.0f} |"
    large = timed(Command("large", [*FAMILIES, "--no-cache"], _large(scratch / "large"), cache))
    yield (
        f"| one fixture of 1 GiB, nothing cached | {large.wall * 1000:.0f} "
        f"| {large.cpu * 1000:.0f} | {large.memory:.0f} (bound: {MEMORY}) |"
    )
    contents = [file.read_bytes() for file in sorted((fleet / FOLDER).glob("*.jsonl"))]
    size = sum(map(len, contents)) / 1e6
    yield ""
    yield f"### {len(contents)} fixtures, {size:.1f} MB"
    yield ""
    yield "| best of the runs | ms | × orjson on the same | bound |"
    yield "| --- | ---: | ---: | ---: |"
    for orjson, ours, found in (
        (_ORJSON, _READ, _in_memory(contents, runs)),
        (_ORJSON_DISK, _READ_DISK, _from_disk(fleet, runs)),
    ):
        for name in (orjson, ours):
            bound = f"{BOUND:g}" if name == _READ_DISK else ""
            ratio = found[name] / found[orjson]
            yield f"| {name} | {found[name] * 1000:.0f} | {ratio:.2f} | {bound} |"


_ORJSON = "in memory, one core: orjson.loads of every line"
_READ = "in memory, one core: digest, summary and credentials of every fixture"
_ORJSON_DISK = "from the disk: orjson.loads of every line"
_READ_DISK = "from the disk, all cores: digest, summary and credentials of every fixture"


def _in_memory(contents: list[bytes], runs: int) -> dict[str, float]:
    from evalpolicy.facts.recordings.reading import read_content

    def read() -> None:
        for content in contents:
            read_content(content, ())

    return _best({_ORJSON: lambda: _parse(contents), _READ: read}, runs)


def _from_disk(fleet: Path, runs: int) -> dict[str, float]:
    """As `check` reads them: with forked helpers."""
    from evalpolicy.config.reading import Layout
    from evalpolicy.facts.recordings.mapping import Recordings
    from evalpolicy.fleet.fleet import Fleet
    from evalpolicy.snapshot import open_snapshot
    from evalpolicy.snapshot.cache import Cache

    files = sorted((fleet / FOLDER).glob("*.jsonl"))
    with open_snapshot(fleet) as snapshot:
        known = Fleet(snapshot, Layout())
        paths = known.fixture_paths

        def read() -> None:
            assert len(Recordings(known, Cache(None), paths=paths)) == len(files)

        works = {_ORJSON_DISK: lambda: _parse(file.read_bytes() for file in files),
                 _READ_DISK: read}  # fmt: skip
        return _best(works, runs)


def _parse(contents: Iterable[bytes]) -> None:
    import orjson

    for content in contents:
        for line in content.split(b"\n"):
            if line:
                try:
                    orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue


def _best(works: dict[str, Callable[[], None]], runs: int) -> dict[str, float]:
    best = dict.fromkeys(works, float("inf"))
    for _ in range(max(runs, 3)):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def _large(root: Path) -> Path:
    """A folder with one fixture of 1 GiB: 4 KiB a turn, every one another."""
    file = root / FOLDER / "made-0-up.trajectory.jsonl"
    file.parent.mkdir(parents=True)
    filler = "lorem ipsum " * 330
    with file.open("wb") as out:
        number = written = 0
        while written < LARGE:
            row = {
                "id": f"row-{number}",
                "status": "success",
                "startTime": 1_760_000_000 + number,
                "model": "made-up",
                "messages": [{"role": "user", "content": filler}],
                "response": {"choices": [{"message": {"content": f"reply {number}"}}]},
            }
            line = json.dumps(row).encode() + b"\n"
            out.write(line)
            number += 1
            written += len(line)
    return root
