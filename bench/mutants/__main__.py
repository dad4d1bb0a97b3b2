"""`python -m bench.mutants --number 200 --seed 1`: the share of mutants that the tests kill.

Each mutant is one small fault in one module of the packages below. Only tests that run its line
are asked, in a copy of the checkout; a test that fails, or takes ten times its time, kills it. A
line that no test runs is a survivor, as is a mutant that the tests of one minute let live.
"""

from __future__ import annotations

import argparse
import difflib
import gc
import hashlib
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.mutants import watching
from bench.mutants.choosing import rounds
from bench.mutants.copies import Copy
from bench.mutants.equivalent import EQUIVALENT
from bench.mutants.operators import Mutant, chosen
from bench.mutants.running import start, wait

PACKAGES = ["engine", "rules", "snapshot", "scanners/gitleaks", "artifacts"]
# Tests that judge none of these packages, need engines, or build something first.
LEFT_OUT = ["engines", "replay", "frontends/lsp", "frontends/action", "docs", "reporters",
            "scanners/credentials", "frontends/cli/test_replay.py",
            "frontends/cli/test_replay_run.py", "test_growth.py", "test_bounded_time.py",
            "test_rooms.py"]  # fmt: skip
SOURCE = Path("src/evalpolicy")
JOBS = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.mutants", description=__doc__)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="evalpolicy-mutants-") as scratch:
        copies = [Copy(Path(scratch) / str(number)) for number in range(JOBS)]
        watched = _watched(copies[0], Path(scratch))
        _say(f"{len(watched.tests)} tests pass and are asked")
        gc.freeze()  # no fork has to look through what each test runs
        _control(copies, watched, Path(scratch))
        mutants = chosen(copies[0].tree / SOURCE, PACKAGES, options.number, options.seed)
        killers = _judged(mutants, copies, watched, Path(scratch))
        root = copies[0].tree / SOURCE
        alive = [mutant for mutant in mutants if not killers[mutant]]
        same = [mutant for mutant in alive if _is_equivalent(root, mutant)]
        for mutant in alive:
            _say(_shown(root, mutant) + ("\n  equivalent" if mutant in same else ""))
    counted = len(mutants) - len(same)
    killed = len(mutants) - len(alive)
    minutes = (time.monotonic() - began) / 60
    _say(
        f"seed {options.seed}: {killed} of {counted} killed ({killed / counted:.1%}), "
        f"{len(same)} equivalent, {minutes:.0f} minutes"
    )
    return 0


def _control(copies: list[Copy], watched: watching.Watched, scratch: Path) -> None:
    """Without a mutant every test passes: what fails here would pass for a kill."""
    seconds = {test: seen.seconds for test, seen in watched.tests.items()}
    for copy in copies:
        log = scratch / "control.log"
        _, killer = wait(
            {start(copy, sorted(seconds, key=seconds.__getitem__)[:50], seconds, log): log}
        )
        if killer:
            raise RuntimeError(f"{killer}: {log.read_text()}")


def _judged(
    mutants: list[Mutant], copies: list[Copy], watched: watching.Watched, scratch: Path
) -> dict[Mutant, str]:
    """What killed each mutant; empty for one that lives."""
    killers: dict[Mutant, str] = {}
    seconds = {test: seen.seconds for test, seen in watched.tests.items()}
    waiting = [(mutant, rounds(mutant, watched)) for mutant in reversed(mutants)]
    free = list(copies)
    running: dict[int, tuple[Copy, Mutant, Iterator[list[str]], bytes]] = {}
    logs: dict[int, Path] = {}
    while waiting or running:
        while free and waiting:
            mutant, left = waiting.pop()
            tests = next((tests for tests in left if tests), None)
            if tests is None:
                killers[mutant] = ""
                _say(f"{len(killers):4} lives   {mutant.path}:{mutant.first}")
                continue
            copy = free.pop()
            file = copy.tree / SOURCE / mutant.path
            content = file.read_bytes()
            file.write_bytes(mutant.applied(content))
            log = scratch / f"{copy.tree.parent.name}.log"
            child = start(copy, tests, seconds, log)
            running[child], logs[child] = (copy, mutant, left, content), log
        if not running:
            continue
        child, killer = wait(logs)
        copy, mutant, left, content = running.pop(child)
        del logs[child]
        free.append(copy)
        (copy.tree / SOURCE / mutant.path).write_bytes(content)
        if killer:
            killers[mutant] = killer
            _say(f"{len(killers):4} killed  {mutant.path}:{mutant.first}  {killer}")
        else:
            waiting.append((mutant, left))
    return killers


def _watched(copy: Copy, scratch: Path) -> watching.Watched:
    """What each test runs. Kept in the user's cache, a file of tests each, until the modules, the
    file or what the tests share changes."""
    every = sorted(path for part in ("src", "tests") for path in (copy.tree / part).rglob("*"))
    files = [path for path in every if path.name.startswith("test_") and path.suffix == ".py"]
    shared = hashlib.sha256()
    for path in every:
        if path.is_file() and path not in files:
            shared.update(f"{path.relative_to(copy.tree)}\0".encode() + path.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalpolicy-mutants"
    cache.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Path] = {}
    for path in files:
        name = path.relative_to(copy.tree).as_posix()
        if not name.startswith(tuple(f"tests/{part}" for part in LEFT_OUT)):
            digest = hashlib.sha256(shared.digest() + name.encode() + path.read_bytes())
            kept[name] = cache / digest.hexdigest()[:32]
    missing = [name for name, place in kept.items() if not place.exists()]
    if missing:
        seen = _watch(copy, scratch / "watched", missing)
        for name in missing:
            of_file = {test: s for test, s in seen.items() if test.startswith(f"{name}::")}
            kept[name].write_bytes(pickle.dumps(of_file))
    tests: dict[str, watching.Seen] = {}
    for place in kept.values():
        tests |= pickle.loads(place.read_bytes())
    return watching.Watched(tests)


def _watch(copy: Copy, folder: Path, files: list[str]) -> dict[str, watching.Seen]:
    (folder / "data").mkdir(parents=True)
    source = copy.tree / SOURCE
    (folder / "settings").write_text(watching.SETTINGS.format(folder=folder, source=source))
    libraries = next(copy.python.parents[1].glob("lib/python*/site-packages"))
    (libraries / "watch.pth").write_text("import coverage; coverage.process_startup()\n")
    subprocess.run(
        [copy.python, "-m", "pytest", "-n", str(JOBS), "-p", "bench.mutants.watching",
         "-p", "no:cacheprovider", *files],
        cwd=copy.tree, check=False,
        env={**os.environ, "EVALPOLICY_WATCHED": str(folder), "PYTHONPATH": str(copy.tree),
             "COVERAGE_PROCESS_START": str(folder / "settings")},
    )  # fmt: skip
    (libraries / "watch.pth").unlink()
    return watching.read(folder, source)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _is_equivalent(root: Path, mutant: Mutant) -> bool:
    line = (root / mutant.path).read_text().splitlines()[mutant.first - 1].strip()
    return (mutant.operator, line) in EQUIVALENT.get(mutant.path, {})


def _shown(root: Path, mutant: Mutant) -> str:
    """The survivor's place and its diff."""
    content = (root / mutant.path).read_bytes()
    before, after = content.decode().splitlines(), mutant.applied(content).decode().splitlines()
    lines = list(difflib.unified_diff(before, after, lineterm="", n=0))[3:]
    return "\n".join([f"{SOURCE / mutant.path}:{mutant.first}: {mutant.operator}", *lines])


if __name__ == "__main__":
    sys.exit(main())
