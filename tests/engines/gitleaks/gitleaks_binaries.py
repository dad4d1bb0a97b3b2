"""Real gitleaks binaries, installed from the Go module and kept in the user's cache folder."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import go_builds

from evalpolicy.scanners.gitleaks.versions import Version

MODULE = "github.com/zricethezav/gitleaks/v8"
ATTEMPTS = 3

WANTED: tuple[tuple[str, ...], ...] = (
    ("8.8.12", "8.15.2"),
    ("8.16.4", "8.16.1", "8.17.0"),
    ("8.18.4",),
    ("8.19.3",),
    ("8.20.1",),
    ("8.21.0",),
    ("8.24.3",),
    ("8.25.0",),
    ("8.28.0",),
    ("8.29.0",),
    ("8.30.1",),
)
"""Each version the judge sits at, with those that stand in where a module proxy lacks it."""


@dataclass(frozen=True)
class Binary:
    """One version's executable."""

    version: Version
    path: Path


@dataclass(frozen=True)
class Verdict:
    """What a binary did: did it load the configuration, and what does it report?"""

    loads: bool
    left: frozenset[tuple[str, str]]
    output: str = ""


def cache() -> Path:
    """Where binaries are kept."""
    named = os.environ.get("EVALPOLICY_GITLEAKS_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "evalpolicy" / "gitleaks"


def install(go: str, names: tuple[str, ...]) -> Binary | str:
    """The first of the versions that is cached or builds, or why none does."""
    for name in names:
        if (cache() / f"v{name}" / "gitleaks").exists():
            return Binary(Version.of(name), cache() / f"v{name}" / "gitleaks")
    reasons: list[str] = []
    for name in names:
        reason = _build(go, name)
        if reason is None:
            return Binary(Version.of(name), cache() / f"v{name}" / "gitleaks")
        reasons.append(f"{name}: {reason}")
    return "; ".join(reasons)


def _build(go: str, name: str) -> str | None:
    reason = ""
    for attempt in range(ATTEMPTS):
        done = go_builds.install(go, f"{MODULE}@v{name}", cache() / f"v{name}" / "gitleaks")
        if done.returncode == 0:
            return None
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        if "not available" in reason or "Not Found" in reason:
            break
        time.sleep(2 * (attempt + 1))
    return reason


def scan(binary: Binary, directory: Path, config: Path, report: Path) -> Verdict:
    """`detect --no-git` over a folder, from within it, so that paths are as in a repository."""
    command = [str(binary.path), "detect", "--no-git", "--source", ".", "--exit-code", "42"]
    return run(command, directory, config, report)


def scan_staged(binary: Binary, directory: Path, config: Path, report: Path) -> Verdict:
    """What the pre-commit hook runs at that version."""
    command = [str(binary.path), "protect", "--staged", "--exit-code", "42"]
    if binary.version >= Version(8, 21, 3):
        command = [str(binary.path), "git", "--pre-commit", "--staged", "--exit-code", "42"]
    return run(command, directory, config, report)


def run(command: list[str], directory: Path, config: Path, report: Path) -> Verdict:
    """Runs gitleaks; exit code 42 means leaks, 0 none, anything else that it did not load."""
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [*command, "-c", str(config), "-f", "json", "-r", str(report)],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "HOME": str(report.parent), "GOMAXPROCS": "1"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=600,
    )
    if done.returncode not in (0, 42):
        return Verdict(False, frozenset(), done.stderr[-2000:])
    found = json.loads(report.read_text() or "[]") if report.exists() else []
    left = frozenset((item["File"].removeprefix("./"), item["RuleID"]) for item in found or ())
    return Verdict(True, left, done.stderr[-2000:])
