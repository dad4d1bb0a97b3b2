"""`fixtures scan --with` runs the real gitleaks and the real detect-secrets on recorded runs."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from tests.fleets import FIXTURES, FLEET, repository
from tests.samples.credentials import token
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main
from evalpolicy.scanners.credentials import SHAPES

GITHUB = token(next(s for s in SHAPES if s.id.startswith("github")), random.Random(5))
LEAKY = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
CLEAN = f"{FIXTURES}/arc-1-codex.trajectory.jsonl"
BENIGN = {"metadata": {"user_api_key_hash": "3f" * 32}, "prompt_cache_key": "0192-aa"}

# What would keep either tool from a finding, were the repository's own settings read.
BLIND = {
    ".gitleaks.toml": "[extend]\nuseDefault = true\n[allowlist]\npaths = ['''.*''']\n",
    ".gitleaksignore": "*\n",
}


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        LEAKY: lines(
            litellm_row("fine"), litellm_row(f"{GITHUB} gitleaks:allow"), litellm_row("b")
        ),
        CLEAN: lines(litellm_row("nothing here") | BENIGN),
    }
    root = repository(tmp_path / "fleet", {**FLEET, **BLIND, **files})
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return root


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param("gitleaks", marks=pytest.mark.engine("gitleaks")),
        pytest.param("detect-secrets", marks=pytest.mark.engine("detect-secrets")),
    ],
)
def test_a_real_scanner_adds_its_findings(
    tool: str, fleet: Path, need_tool, capsys: pytest.CaptureFixture[str]
) -> None:
    need_tool(tool)
    assert main(["fixtures", "scan", "--with", tool]) == 1
    out, err = capsys.readouterr()
    assert GITHUB not in out + err
    theirs = [line.split(": ")[0] for line in out.splitlines() if f"{tool}:" in line]
    assert [place.rsplit(":", place.count(":"))[0] for place in theirs] == [LEAKY]
    assert theirs[0].split(":")[1] == "2"


@pytest.mark.engine("gitleaks")
def test_the_scanner_finds_nothing_where_nothing_is(
    fleet: Path, need_tool, capsys: pytest.CaptureFixture[str]
) -> None:
    need_tool("gitleaks")
    assert main(["fixtures", "scan", CLEAN, "--with", "gitleaks"]) == 0
