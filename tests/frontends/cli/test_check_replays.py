"""`check --replays`: findings of replays in the same report as all others."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from msgspec.structs import replace
from tests.fleets import FIXTURES, FLEET, repository
from tests.replays import replayed
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.__main__ import main
from evalpolicy.policy.report import Checked, Report
from evalpolicy.replay.reports import ReplayReport, render

PATH = f"{FIXTURES}/arc-0-codex.trajectory.jsonl"
CONTENT = lines(litellm_row("4"))


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    root = repository(tmp_path / "fleet", {**FLEET, PATH: CONTENT})
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def replays(tmp_path):
    """`replays(...)` writes the report of one replay of the fixture, and gives its file."""

    def write(**row):
        one = replayed(fixture="arc-0-codex", **row)
        wanted = replace(one.evidence.wanted, sha256=sha256(CONTENT).hexdigest())
        one = replace(one, path=PATH, evidence=replace(one.evidence, wanted=wanted))
        none = Report("worktree", None, "", "", Checked(0, 0, 0, 0, 0, 0), (), [], [], {}, [])
        file = tmp_path / "replay.json"
        file.write_text(render("json", ReplayReport(none, [one], "run", "docker 20", 1.0)))
        return str(file)

    return write


def checked(capsys, *arguments):
    code = main(["check", "--select", "RPL,FIX005", "--format", "json", *arguments])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else None, err


def test_a_replay_is_a_finding_among_others(fleet, replays, capsys):
    file = replays(turns=1, served=1, exhausted=2, line=1)
    code, report, _ = checked(capsys, "--replays", file)
    assert code == 1
    assert [(f["rule"], f["path"]) for f in report["findings"]] == [("RPL002", PATH)]
    assert checked(capsys, "--replays", file, "--ignore", "RPL")[0] == 0
    assert main(["check", "--select", "RPL", "--replays", file, "--format", "sarif"]) == 1
    assert "RPL002" in capsys.readouterr().out


def test_one_that_was_reproduced_is_none(fleet, replays, capsys):
    code, report, _ = checked(capsys, "--replays", replays(turns=1, served=1))
    assert (code, report["findings"], report["problems"]) == (0, [], [])


def test_one_that_was_not_run_is_no_pass(fleet, replays, capsys):
    code, report, _ = checked(capsys, "--replays", replays(not_run="docker went away"))
    assert code == 3
    assert "docker went away" in report["problems"][0]["message"]


def test_a_fixture_that_changed_since_is_no_pass(fleet, replays, capsys):
    file = replays(turns=1, served=1)
    (fleet / PATH).write_bytes(CONTENT + CONTENT)
    code, _, err = checked(capsys, "--replays", file)
    assert code == 3
    assert "evalpolicy replay run arc-0-codex" in err
    (fleet / PATH).unlink()
    assert checked(capsys, "--replays", file)[0] == 3


def test_a_file_that_is_none(fleet, tmp_path, capsys):
    assert checked(capsys, "--replays", str(tmp_path / "none"))[0] == 2
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert checked(capsys, "--replays", str(other))[0] == 2
