"""Where a disk takes nothing more, every command says so in a line and leaves all as it was."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from tests.fleets import FIXTURES, FLEET, repository
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main

KEY = "hf_" + "wErTyUiOpAsDfGhJkLzXcVbNmQwErTyUiO"
FIXTURE = f"{FIXTURES}/arc-0-codex.traces.jsonl"
DOCKERFILE = "containers/benchmarks/arc/Dockerfile"
COMMANDS = {
    "redact": ["fixtures", "redact"],
    "baseline": ["baseline", "write"],
    "backfill": ["provenance", "backfill"],
    "fix": ["check", "--fix", "--unsafe-fixes", "--select", "LBL"],
    "report": ["report", "--output", "page"],
    "check": ["check", "--format", "sarif=a.sarif"],
    "init": ["init", "--yes"],
}


def everything(root: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("step", ["fsync", "open"])
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_lost_and_one_line_says_why(tmp_path, monkeypatch, capfd, name, step, number):
    files = {
        **FLEET,
        FIXTURE: lines(litellm_row(f"{KEY} 4")),
        DOCKERFILE: FLEET[DOCKERFILE].replace('"arc"', '"wrong"'),
    }
    root = repository(tmp_path, files)
    monkeypatch.chdir(root)
    before = everything(root)
    real = getattr(os, step)

    def full(target: object, *rest: int, **more: int) -> int:
        """What the system says once a file is to be made (read-only), or filled (full)."""
        if step == "fsync" or (rest and rest[0] & os.O_CREAT):
            raise OSError(number, os.strerror(number))
        return int(real(target, *rest, **more) or 0)

    monkeypatch.setattr(os, step, full)
    assert main(COMMANDS[name]) == 3
    monkeypatch.undo()
    said = capfd.readouterr().err
    assert os.strerror(number) in said
    assert "internal error" not in said
    assert len([line for line in said.splitlines() if os.strerror(number) in line]) == 1
    assert everything(root) == before
