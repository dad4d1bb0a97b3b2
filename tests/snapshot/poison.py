"""Caches that are damaged by chance or written by somebody: what a check over them reports.

    python -m tests.snapshot.poison --rows 1000 --bytes 1000 --seed 1

counts the runs that differ from one without a cache, and those with an internal error.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from tests.fleets import FIXTURES, git, write
from tests.samples.trajectories import lines, litellm_row

from evalpolicy import errors
from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.policy.report import Report
from evalpolicy.snapshot import cache as caches
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet"
WORDS = [
    "",
    "\ud800",
    "a" * 50,
    "../x",
    "LBL001",
    "error",
    "exceeds x",
    "content",
    "evalpolicy.toml",
]


class Outcome(NamedTuple):
    """What one run over a damaged cache came to; `how` says what was done to it."""

    how: str
    same: bool
    bug: bool


class Poisoning:
    """One small fleet, its sound cache, and its report without any."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "fleet"
        shutil.copytree(EXAMPLE, self.root)
        row = lines(litellm_row("an answer"))
        write(self.root, {"README.md": "[x](no.md)\n", f"{FIXTURES}/a-0-b.trajectory.jsonl": row})
        write(
            self.root, {"compose.yaml": "services: {a: {image: b}}\n", "run.sh": "docker run x\n"}
        )
        git(self.root, "init", "-q")
        git(self.root, "add", "-A")
        for file in self.root.rglob("*"):  # old enough for stamps to be trusted
            if file.is_file():
                os.utime(file, (1e9, 1e9))
        self.file = str(folder / "rows.sqlite")
        self.plain = self._judged(Cache(None))
        for staged in (False, True):
            self._judged(Cache(self.file), staged)
        self.sound = Path(self.file).read_bytes()
        with closing(sqlite3.connect(self.file)) as opened:
            self.rows: list[tuple[str, str]] = opened.execute("SELECT * FROM rows").fetchall()

    def row(self, dice: random.Random, *, signed: bool) -> Outcome:
        """A row of some other value; with a checksum that fits, if it is `signed`."""
        key, old = dice.choice(self.rows)
        other = dice.choice(self.rows)[1]
        ways: dict[str, Callable[[], str]] = {
            "swapped": lambda: other,
            "truncated": lambda: old[: dice.randrange(len(old))],
            "another shape": lambda: json.dumps(_mangled(json.loads(old[16:]), dice)),
            "another value": lambda: json.dumps(_value(dice, 3)),
        }
        how = dice.choice(sorted(ways))
        new = ways[how]()
        if signed:
            text = new[16:] if how in ("swapped", "truncated") else new
            new = caches._checksum(key, text) + text
        elif how.startswith("another"):
            new = old[:16] + new
        Path(self.file).write_bytes(self.sound)
        with closing(sqlite3.connect(self.file)) as opened, opened:
            opened.execute("UPDATE rows SET value = ? WHERE key = ?", (new, key))
        return self._outcome(f"{how}{', signed' * signed}", dice)

    def byte(self, dice: random.Random) -> Outcome:
        """A file with some flipped bytes, or cut short."""
        content = bytearray(self.sound)
        how = dice.choice(["flipped", "cut"])
        if how == "cut":
            del content[dice.randrange(len(content)) :]
        for _ in range(dice.choice([1, 3, 30]) if how == "flipped" else 0):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        Path(self.file).write_bytes(bytes(content))
        return self._outcome(how, dice)

    def _outcome(self, how: str, dice: random.Random) -> Outcome:
        staged = dice.random() < 0.3
        try:
            found = self._judged(Cache(self.file), staged)
        except Exception as error:  # noqa: BLE001 - counted
            return Outcome(f"{how}: {error!r}", same=False, bug=True)
        bug = errors.block() is not None
        same = (found.findings, found.problems, found.waived) == (
            self.plain.findings, self.plain.problems, self.plain.waived,
        )  # fmt: skip
        return Outcome(how, same, bug)

    def _judged(self, cache: Cache, staged: bool = False) -> Report:
        with open_snapshot(self.root, staged=staged) as snapshot:
            report = check(snapshot, configuration.load(snapshot), cache=cache, jobs=1)
        cache.save()
        return report


def _value(dice: random.Random, depth: int) -> Any:
    """Any JSON value."""
    plain = [None, True, -1, 0, 1, 10**30, 1.5, *WORDS]
    kind = dice.randrange(4) if depth else 0
    if kind == 1:
        return [_value(dice, depth - 1) for _ in range(dice.randrange(4))]
    if kind == 2:
        return {dice.choice(WORDS): _value(dice, depth - 1) for _ in range(dice.randrange(4))}
    return dice.choice(plain)


def _mangled(value: Any, dice: random.Random) -> Any:
    """The value with one of its parts replaced, dropped or doubled."""
    if not value or not isinstance(value, (list, dict)) or dice.random() < 0.2:
        return _value(dice, 2)
    if isinstance(value, dict):
        name = dice.choice(sorted(value))
        return {**value, name: _mangled(value[name], dice)}
    at = dice.randrange(len(value))
    way = dice.randrange(4)
    put = [[], [value[at], value[at]]][way] if way < 2 else [_mangled(value[at], dice)]
    return [*value[:at], *put, *value[at + 1 :]]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1000)
    options.add_argument("--bytes", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    dice = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        poisoning = Poisoning(Path(folder))
        for name, count, run in (
            ("rows", asked.rows, lambda: poisoning.row(dice, signed=False)),
            ("rows with a checksum", asked.rows, lambda: poisoning.row(dice, signed=True)),
            ("bytes", asked.bytes, lambda: poisoning.byte(dice)),
        ):
            found = [run() for _ in range(count)]
            other = sum(not one.same for one in found)
            bugs = sorted({one.how for one in found if one.bug})
            print(f"{name}: {count} runs, {other} with another report, internal errors: {bugs}")


if __name__ == "__main__":
    main()
