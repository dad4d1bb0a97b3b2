"""Answers of the Go judge that are checked in, so that tests without Go have a judge, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from .buildkit import Judge
from .generator import Case, Generator

FILE = Path(__file__).parent / "golden.jsonl"
CASES = 120
LONGEST = 320
"""Characters of a Dockerfile that is kept: a short one fails for one reason."""


def write(judge: Judge) -> int:
    """Asks about short generated Dockerfiles, four in five of them accepted."""
    rows: list[str] = []
    refused = 0
    for seed in count(1_000_000):
        case = Generator(seed).case()
        if len(case.dockerfile) > LONGEST:
            continue
        answer = judge.ask(case)
        refused += bool(answer["build_error"])
        if answer["build_error"] and refused > CASES // 5:
            continue
        row = {"dockerfile": case.dockerfile, "args": case.args, "answer": answer}
        rows.append(json.dumps(row, separators=(",", ":")))
        if len(rows) == CASES:
            FILE.write_text("\n".join(rows) + "\n", encoding="ascii")
            return CASES
    raise AssertionError("the generator never ends")


def read() -> Iterator[tuple[Case, dict[str, Any]]]:
    for line in FILE.read_text(encoding="ascii").splitlines():
        row = json.loads(line)
        yield Case(row["dockerfile"], row["args"]), row["answer"]
