"""Copies of the example fleet, replayed by a real engine as users do it: by the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stores import EXAMPLES, Store

FIXTURES = "tests/run/replay/fixtures"
ENTRYPOINT = "containers/core/entrypoint/run-eval"
AGENT = "containers/agents/shell/run.sh"
GRADER = "containers/benchmarks/arithmetic/grade.sh"
SHELL = "arithmetic-1-shell"


@dataclass(frozen=True)
class Ran:
    """What came of one `evalpolicy replay run`; `report` is empty where none was written."""

    code: int
    out: str
    err: str
    report: Mapping[str, Any]

    @property
    def verdicts(self) -> dict[str, str]:
        return {one["fixture"]: one["verdict"] for one in self.report["replays"]}

    @property
    def only(self) -> Mapping[str, Any]:
        [replay] = self.report["replays"]
        return replay

    @property
    def rules(self) -> list[str]:
        return sorted(finding["rule"] for finding in self.report["findings"])


@dataclass(frozen=True)
class Replayed:
    """A copy of the fleet in `root`, whose images are in `store`."""

    root: Path
    store: Store

    def command(self, *arguments: str) -> list[str]:
        """`evalpolicy replay …`."""
        return [sys.executable, "-m", "evalpolicy", "-C", str(self.root), "replay", *arguments]

    def run(self, *arguments: str, **environment: str) -> Ran:
        """`evalpolicy replay run …`, with its report."""
        report = self.root.parent / f"{self.root.name}.json"
        report.unlink(missing_ok=True)
        options = ("--engine", self.store.name, "--format", "text", "--format", f"json={report}")
        done = subprocess.run(
            self.command("run", *options, *arguments),
            capture_output=True, text=True, check=False, timeout=1800,
            env={**self.store.environment, **environment},
        )  # fmt: skip
        found = json.loads(report.read_text()) if report.exists() else {}
        return Ran(done.returncode, done.stdout, done.stderr, found)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`evalpolicy replay run …`, to be ended before its time."""
        with subprocess.Popen(
            self.command("run", "--engine", self.store.name, *arguments),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=dict(self.store.environment),
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def fixture(self, name: str = SHELL) -> Path:
        return self.root / FIXTURES / f"{name}.traces.jsonl"

    def edit(self, path: str | Path, *changes: tuple[str, str]) -> None:
        """Replaces texts in a file that has them."""
        file = self.root / path
        text = file.read_text()
        for old, new in changes:
            assert old in text, f"{path} holds no {old!r}"
            text = text.replace(old, new)
        file.write_text(text)

    def agent(self, script: str) -> None:
        """Puts another program in the place of the agent `shell`."""
        (self.root / AGENT).write_text(f"#!/bin/sh\n{script}\n")

    def remains(self) -> list[str]:
        """What runs have left in the engine: containers and volumes."""
        listed = ("--all", "--filter", "label=org.evalpolicy.run", "--format", "{{.Names}}")
        volumes = ("ls", "--filter", "label=org.evalpolicy.run", "--format", "{{.Name}}")
        said = self.store.run("ps", *listed) + self.store.run("volume", *volumes)
        return said.split()


def copied(store: Store, root: Path) -> Replayed:
    """A copy of the example fleet."""
    kept = shutil.ignore_patterns("evalpolicy-replay")
    return Replayed(Path(shutil.copytree(EXAMPLES / "fleet", root, ignore=kept)), store)
