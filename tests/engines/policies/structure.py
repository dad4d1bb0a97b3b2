"""Breaks one thing in the structure of a fleet: what its tests and our rules say of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ANY = "*"


class Break(NamedTuple):
    """`test` is the fleet's own test that has to fail, `rule` ours; `change` edits the tree."""

    test: str
    rule: str
    change: Callable[[Path], None]


def _gone(glob: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        sorted(root.glob(glob))[3].unlink()

    return change


def _edited(glob: str, pattern: str, text: str) -> Callable[[Path], None]:
    """Replaces the first match in the first file that has one."""

    def change(root: Path) -> None:
        for path in sorted(root.glob(glob)):
            old = path.read_text()
            new = re.sub(pattern, text, old, count=1)
            if new != old:
                path.write_text(new)
                return
        raise SystemExit(f"nothing in {glob} matches {pattern}")

    return change


def _unrecorded(root: Path) -> None:
    """Takes the recordings of a released benchmark away."""
    folder = root / "tests/run/replay/fixtures"
    for path in sorted(root.glob("containers/benchmarks/*/Dockerfile")):
        own = sorted(folder.glob(f"{path.parent.name}-[0-9]*.jsonl"))
        if 'released="true"' in path.read_text() and own:
            for recording in own:
                recording.unlink()
            return
    raise SystemExit("no released benchmark has a recording")


BREAKS = (
    Break("structural_validation", "STR001", _gone("containers/benchmarks/*/compose.yaml")),
    Break("structural_validation", "STR001", _gone("containers/benchmarks/*/Dockerfile")),
    Break("structural_validation", ANY, _gone("containers/agents/*/Dockerfile")),
    Break("every_benchmark_has_readme", "STR001", _gone("containers/benchmarks/*/README.md")),
    Break("every_agent_has_readme", ANY, _gone("containers/agents/*/README.md")),
    Break("count_reconciliation", "STR002", _edited("README.md", r"\d+( \**benchmarks)", r"7\1")),
    Break("count_reconciliation", "STR002", _edited("README.md", r"\d+( \**agents)", r"7\1")),
    Break("released_benchmarks_have_fixtures", "REL001", _unrecorded),
    Break(
        "build_scripts_use_docker_not_podman",
        "HYG010",
        _edited("containers/benchmarks/*/build.sh", r"(?m)^(\s*)docker build", r"\1podman build"),
    ),
)
