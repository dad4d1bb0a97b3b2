"""gitleaks and detect-secrets, the real ones, without the repository's allowlists."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.samples.credentials import by_id, token

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.scanners.credentials import external
from evalpolicy.scanners.credentials.external import TOOLS, Tool, dry_run, scan_with

SECRET = token(by_id("github-ghp"), random.Random(7))
ALLOWED = "pragma: allowlist secret gitleaks:allow"
BENIGN = {"user_api_key_hash": random.Random(1).randbytes(32).hex()}
FILES = {
    "fixtures/a.traces.jsonl": json.dumps({"a": 1}).encode() + b"\n",
    "fixtures/b.traces.jsonl": b"{}\n" + json.dumps({"key": f"{SECRET} {ALLOWED}"}).encode(),
    "fixtures/c.traces.jsonl": json.dumps(BENIGN).encode(),
}


@pytest.fixture
def installed(
    need_engine: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Tools that are installed beside this Python count as well as those on PATH."""
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    monkeypatch.setenv("PATH", beside)

    def need(tool: str) -> None:
        if shutil.which(tool) is None:
            need_engine(f"{tool} is not on PATH")

    return need


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param("gitleaks", marks=pytest.mark.engine("gitleaks")),
        pytest.param("detect-secrets", marks=pytest.mark.engine("detect-secrets")),
    ],
)
def test_the_real_tool_finds_it(
    tool: Tool,
    installed: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(tool)
    allow = tmp_path / ".gitleaks.toml"
    allow.write_text("[extend]\nuseDefault = true\n[allowlist]\nregexes = ['''.*''']\n")
    monkeypatch.setenv("GITLEAKS_CONFIG", str(allow))
    monkeypatch.chdir(tmp_path)
    found = scan_with(tool, FILES)
    assert isinstance(found, tuple), found
    assert {(one.path, one.span.line) for one in found} == {("fixtures/b.traces.jsonl", 2)}
    assert SECRET not in repr(found)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_is_not_there_is_a_problem(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = scan_with(tool, FILES)
    assert isinstance(found, Problem)
    assert found.message.startswith(f"{tool} is not installed")


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "failed with exit code 3"),
        ("echo it broke >&2; exit 1", "it broke"),
        ("echo '{]'", "could not be read"),
        ("echo '{\"results\": 3}'", "could not be read"),
        ("exec sleep 600", "did not finish"),
    ],
)
def test_a_tool_that_goes_wrong_is_a_problem(
    tool: Tool, script: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in: the real tools cannot be made to fail like this."""
    fake = tmp_path / tool
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(external, "_TIMEOUT", 0.2 if "sleep" in script else 600)
    found = scan_with(tool, FILES)
    assert isinstance(found, Problem)
    assert message in found.message


def test_the_command_can_be_typed() -> None:
    assert dry_run("gitleaks").startswith("gitleaks dir FOLDER --config CONFIG/gitleaks.toml ")
    assert dry_run("detect-secrets").startswith("detect-secrets -C FOLDER scan --all-files ")
