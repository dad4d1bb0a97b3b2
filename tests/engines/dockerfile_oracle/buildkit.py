"""The Go judge: BuildKit's parser and converter, built from its module and asked line by line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .generator import Case

SOURCE = Path(__file__).parent.parent / "buildkit"
ATTEMPTS = 4


class CannotBuildError(Exception):
    """Why there is no judge."""


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "evalpolicy" / "engines"


def build(go: str) -> Path:
    """The judge's binary, built once for each state of its source. Raises CannotBuildError."""
    files = [SOURCE / name for name in ("main.go", "go.mod", "go.sum")]
    state = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    binary = cache_folder() / f"buildkit-judge-{state}"
    if binary.exists():
        return binary
    binary.parent.mkdir(parents=True, exist_ok=True)
    _retried([go, "mod", "download"])
    unfinished = binary.with_suffix(f".{os.getpid()}")
    _retried([go, "build", "-mod=readonly", "-o", str(unfinished), "."])
    unfinished.replace(binary)
    return binary


def _retried(command: list[str]) -> None:
    message = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(2**attempt)
        done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        message = (done.stderr.strip().splitlines() or ["no output"])[-1]
    raise CannotBuildError(f"`{' '.join(command)}` failed {ATTEMPTS} times: {message}")


class Judge:
    """A running judge; `ask` answers one case, `ask_all` a stream of them."""

    def __init__(self, binary: Path) -> None:
        self.process = subprocess.Popen(
            [binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, case: Case) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(
            json.dumps({"dockerfile": case.dockerfile, "args": case.args}) + "\n"
        )
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        answer["instructions"] = answer["instructions"] or []
        return answer

    def ask_all(self, cases: Iterable[Case]) -> Iterator[dict[str, Any]]:
        return map(self.ask, cases)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()
