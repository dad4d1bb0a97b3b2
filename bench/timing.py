"""Whole processes, timed by the operating system's own accounting."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One finished process: wall and processor seconds, and its peak memory in MiB."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Command:
    """Something to time. `before` runs ahead of each run and is not counted.

    `codes` are the exit codes it may end with.
    """

    name: str
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    before: Callable[[], None] | None = None
    codes: tuple[int, ...] = (0, 1, 3)


def side_by_side(commands: Sequence[Command], runs: int) -> dict[str, Run]:
    """The median of each command, all of them in turn, so that a slow moment hits all alike.

    One run of each that is not counted comes first.
    """
    seen: dict[str, list[Run]] = {command.name: [] for command in commands}
    for number in range(runs + 1):
        for command in commands:
            if command.before is not None:
                command.before()
            run = timed(command)
            if number:
                seen[command.name].append(run)
    return {
        name: Run(
            *(statistics.median(getattr(run, f) for run in found) for f in Run.__annotations__)
        )
        for name, found in seen.items()
    }


def timed(command: Command) -> Run:
    """Runs a command once, its output thrown away. Raises `RuntimeError` for another exit code."""
    # An installed package is compiled once; a checkout must be, too, to be measured as one.
    outside = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(
        command.arguments,
        cwd=command.folder,
        env={**outside, **command.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.codes:
        raise RuntimeError(f"{command.name} ended with {process.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
