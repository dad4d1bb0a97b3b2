"""Replays as newcomers, workflows and hooks run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.action_runner import run as run_action
from tests.fleets import git, judge, repository

sys.path.insert(0, str(Path(__file__).parent))

from replaying import FIXTURES, SHELL, copied
from stores import EXAMPLES

from evalpolicy.artifacts.trajectory import parse

pytestmark = pytest.mark.engine("docker", "podman")

EVALPOLICY = Path(sys.executable).parent / "evalpolicy"


def test_make_demo_replay(store):
    """It finds the engine that is there, and shows a reproduced and an exhausted replay."""
    done = subprocess.run(
        ["sh", EXAMPLES / "demo-replay.sh", EVALPOLICY],
        capture_output=True, text=True, check=False, env=dict(store.environment),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert f"on {store.name} {store.version}" in said
    assert 0 < said.find(f"reproduced  {SHELL}") < said.find(f"exhausted   {SHELL}")
    assert '"reward":1,"passed":true' in said
    assert "replay_exhausted" in said


@pytest.mark.parametrize("name", ["arithmetic-2-codex", "word-count-fox-shell"])
def test_what_is_recorded_anew_is_reproduced(store, tmp_path, name):
    """As docs/replay.md has it: the recorder between the container and a model, the provenance
    entry, then the replay. The new recording says what the committed one does."""
    fleet = copied(store, tmp_path / "fleet")
    assert fleet.run(name).verdicts == {name: "reproduced"}
    committed = parse(fleet.fixture(name).read_bytes())
    done = subprocess.run(
        [sys.executable, EXAMPLES / "record.py", store.name, name, fleet.root],
        capture_output=True, text=True, check=False, env=dict(store.environment),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    recorded = parse(fleet.fixture(name).read_bytes())
    assert recorded.turns[0].response_id != committed.turns[0].response_id
    assert [(one.text, one.tool_calls) for one in recorded.turns] == [
        (one.text, one.tool_calls) for one in committed.turns
    ]
    ran = fleet.run(name, "--no-build")
    assert (ran.code, ran.verdicts) == (0, {name: "reproduced"}), ran.out + ran.err
    checked = judge(fleet.root)
    assert [finding.message for finding in checked.findings] == []


@pytest.fixture
def submitted(store, tmp_path, monkeypatch):
    """A repository whose last commit cut a recording short; the engine is the store's."""
    for name in ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "CONTAINERS_CONF",
                 "CONTAINERS_STORAGE_CONF"):  # fmt: skip
        if name in store.environment:
            monkeypatch.setenv(name, store.environment[name])
    fleet = copied(store, tmp_path / "fleet")
    repository(fleet.root, {})
    lines = fleet.fixture().read_text().splitlines(keepends=True)
    fleet.fixture().write_text("".join(lines[:-1]))
    git(fleet.root, "commit", "-qam", "a recording that is cut off")
    return fleet


def test_the_action_replays_what_changed(submitted, tmp_path):
    ran = run_action(
        submitted.root, tmp_path / "runner",
        {"replay": "true", "base": "HEAD~1", "select": "LBL"}, installed=sys.executable,
    )  # fmt: skip
    assert (ran.code, ran.outputs["exit-code"], ran.outputs["errors"]) == (1, "1", "1"), ran.log
    [annotation] = ran.commands
    assert annotation.startswith(f"::error file={FIXTURES}/{SHELL}.traces.jsonl,line=2,")
    assert "RPL002" in annotation
    assert "1 exhausted" in ran.summary
    assert "arithmetic-0-shell" not in ran.log, "it has not changed"
    assert submitted.remains() == []

    ran = run_action(
        submitted.root, tmp_path / "again",
        {"replay": "true", "base": "HEAD", "select": "LBL"}, installed=sys.executable,
    )  # fmt: skip
    assert (ran.code, ran.outputs["errors"], ran.commands) == (0, "0", []), ran.log


def test_the_hook_replays_on_request(submitted, tmp_path):
    report = tmp_path / "report.json"
    done = subprocess.run(
        [EVALPOLICY.parent / "evalpolicy-replay", "--engine", submitted.store.name,
         "--format", f"json={report}", "arithmetic-0-shell", SHELL],
        cwd=submitted.root, capture_output=True, text=True, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = {one["fixture"]: one["verdict"] for one in json.loads(report.read_text())["replays"]}
    assert verdicts == {"arithmetic-0-shell": "reproduced", SHELL: "exhausted"}
