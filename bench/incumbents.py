"""evalpolicy with every family beside the tools that a fleet runs today, on the same fleet.

A tool that is not on PATH has no row but a line that says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.timing import Command, side_by_side

CHECK = [sys.executable, "-m", "evalpolicy", "check", "--quiet"]
COLD, WARM = "evalpolicy check, every family, nothing cached", "evalpolicy check, every family"
FACTORS = {COLD: 5, WARM: 10}
"""How many times as fast as the fastest of the others."""

SWEEP = "tests/static/policy/dockerfile/run.sh"
"""Where the reference fleet keeps the script that runs conftest over its Dockerfiles."""


def rows(scratch: Path, fleet: Path, runs: int) -> Iterator[str]:
    cache = {"EVALPOLICY_CACHE_DIR": str(scratch / "cache-incumbents")}
    others, missing = _others(fleet)
    commands = [
        Command(COLD, [*CHECK, "--no-cache"], fleet, cache),
        Command(WARM, CHECK, fleet, cache),
        *(Command(name, arguments, fleet, {}) for name, arguments in others.items()),
    ]
    found = side_by_side(commands, runs)
    fastest = min((found[name].wall for name in others), default=None)
    yield "| command | wall, ms | processor, ms | memory, MiB | faster than the fastest | bound |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, run in found.items():
        factor = f"{fastest / run.wall:.1f} ×" if fastest and name in FACTORS else ""
        bound = f"{FACTORS[name]} ×" if name in FACTORS else ""
        yield (
            f"| {name} | {run.wall * 1000:.0f} | {run.cpu * 1000:.0f} | {run.memory:.0f} "
            f"| {factor} | {bound} |"
        )
    for name in missing:
        yield ""
        yield f"{name} was not there to be timed."


def _others(fleet: Path) -> tuple[dict[str, list[str]], list[str]]:
    """The other tools' commands by what they are called, and those that are not installed."""
    dockerfiles = subprocess.run(
        ["git", "ls-files", "--", "*Dockerfile"], cwd=fleet, capture_output=True, text=True,
        check=True,
    ).stdout.split()  # fmt: skip
    config = [
        part
        for name in (".gitleaks.toml", ".github/.gitleaks.toml")
        if (fleet / name).is_file()
        for part in ("--config", name)
    ][:2]
    wanted = {
        "hadolint on every Dockerfile": ["hadolint", "--no-fail", *dockerfiles],
        "gitleaks on the tree": ["gitleaks", "dir", "--no-banner", "--exit-code=0", *config, "."],
    }
    if (fleet / SWEEP).is_file():
        wanted["the fleet's own sweep with conftest"] = ["conftest", SWEEP]
    found: dict[str, list[str]] = {}
    missing: list[str] = []
    for name, (tool, *arguments) in wanted.items():
        if shutil.which(tool) is None:
            missing.append(tool)
        else:
            found[name] = ["bash", *arguments] if tool == "conftest" else [tool, *arguments]
    return found, missing
