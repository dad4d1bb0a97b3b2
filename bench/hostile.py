"""`python -m bench.hostile`: the commit hook on one hostile file after the other.

Prints processor seconds of whole processes, and ends with 1 if one of them takes more than the
bound.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import fleets
from bench.timing import Command, timed

BOUND = 0.5
"""Processor seconds."""
SIZE = 40_000
MARK = "# evalpolicy: ignore[PIN001] x\n"
BENCHMARK = "containers/benchmarks/hostile/Dockerfile"


def again(unit: str, before: str = "", behind: str = "") -> str:
    return before + unit * (SIZE // len(unit)) + behind


HOSTILE = {
    "YAML: brackets": ("a.yaml", again("[", MARK)),
    "YAML: dashes": ("a.yaml", again("- ", MARK)),
    "YAML: tags": ("a.yaml", again("!t ", MARK)),
    "YAML: %TAG": ("a.yaml", again("%TAG !a! b\n", MARK)),
    "YAML: aliases": ("compose.yaml", again("*a, ", MARK + "a: &a b\nc: [", "]\n")),
    "workflow: brackets": (".github/workflows/a.yml", again("[", "on: ")),
    "pre-commit: brackets": (".pre-commit-config.yaml", again("[", "repos: ")),
    "evalpolicy.toml: dotted key": ("evalpolicy.toml", again("a.", "", "b=1\n")),
    "evalpolicy.toml: brackets": ("evalpolicy.toml", again("[", "a = ")),
    "gitleaks: dotted key": (".gitleaks.toml", again("a.", "", "b=1\n")),
    "JSON: brackets": ("tests/fixtures/provenance.json", again("[")),
    "Markdown: tags": ("README.md", again("<!--", MARK)),
    "Markdown: links": ("README.md", again("[a](")),
    "shell: here-documents": ("build.sh", again("<<E ", "docker build ")),
    "shell: substitutions": ("build.sh", again('"${', "docker build ")),
    "shell: comments": ("build.sh", again(MARK)),
    "Python: quotes": ("a.py", again('\\"', MARK)),
    "Dockerfile: here-documents": (BENCHMARK, again("<<E ", "FROM a\nRUN ")),
    "Dockerfile: substitutions": (BENCHMARK, again('"${', "FROM a\nRUN echo ")),
    "Dockerfile: blanks": (BENCHMARK, again(" ", "FROM a\nLABEL a=")),
    "Dockerfile: continuations": (BENCHMARK, again("a\\\n", "FROM a\nRUN ")),
}


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        slow = False
        for name, seconds in measured(Path(scratch)):
            sys.stdout.write(f"{seconds:6.2f} s  {name}\n")
            slow = slow or seconds > BOUND
    return int(slow)


def measured(scratch: Path) -> Iterator[tuple[str, float]]:
    fleet = fleets.generate(scratch / "fleet", 3)
    _git(fleet, "init", "-q")
    _git(fleet, "add", "-A")
    check = [sys.executable, "-m", "evalpolicy", "check", "--staged"]
    environment = {"EVALPOLICY_CACHE_DIR": str(scratch / "cache")}
    hook = Command("hook", check, fleet, environment, codes=(0, 1, 2, 3))
    timed(hook)
    yield "nothing hostile", min(timed(hook).cpu for _ in range(3))
    for name, (path, text) in HOSTILE.items():
        file = fleet / path
        before = file.read_bytes() if file.exists() else None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        _git(fleet, "add", path)
        yield f"{name}, {len(text):,} characters of {path}", timed(hook).cpu
        if before is None:
            _git(fleet, "rm", "-q", "-f", path)
        else:
            file.write_bytes(before)
            _git(fleet, "add", path)


def _git(fleet: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", fleet, *arguments], check=True)


if __name__ == "__main__":
    raise SystemExit(main())
