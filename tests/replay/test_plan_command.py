"""`evalpolicy replay plan`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.fleets import git
from tests.replay.small_fleet import FILES, FIXTURES, lay, turn

from evalpolicy.__main__ import main


@pytest.fixture
def plan(tmp_path, monkeypatch, capfd):
    """Runs the command in a fleet; gives exit code, standard output and standard error."""

    def run(*arguments: str, root=None) -> tuple[int, str, str]:
        monkeypatch.chdir(root or tmp_path)
        code = main(["replay", "plan", *arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return run


def test_a_plan_needs_no_engine_and_runs_nothing(tmp_path, monkeypatch, plan):
    lay(tmp_path)
    asked = tmp_path / "asked"
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("docker", "podman", "bash"):
        (programs / name).write_text(f"#!/bin/sh\ntouch {asked}\n")
        (programs / name).chmod(0o755)
    git_folder = subprocess.check_output(["git", "--exec-path"], text=True).strip()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin:{git_folder}")
    code, out, err = plan()
    assert (code, err) == (0, "")
    assert out.startswith("# 4 replays on docker, from ")
    assert not asked.exists()


def test_fixtures_that_cannot_be_replayed_are_not_a_pass(tmp_path, plan):
    lay(tmp_path, {f"{FIXTURES}/strange.trajectory.jsonl": turn("x")})
    code, out, err = plan("--format", "json")
    assert code == 3
    assert f"not checked: {FIXTURES}/strange.trajectory.jsonl: its name tells no" in err
    assert len(json.loads(out)["replays"]) == 4


def test_known_broken_ones_are_no_surprise(tmp_path, plan):
    row = {"fixture": "sums-0-shell.trajectory.jsonl", "reason": "gone"}
    lay(tmp_path, {f"{FIXTURES}/broken.json": json.dumps({"broken": [row]})})
    code, out, err = plan()
    assert (code, err) == (0, "")
    assert "known to be broken: gone" in out


def test_an_image_that_cannot_be_built_is_not_a_pass(tmp_path, plan):
    lay(tmp_path, {"containers/docker-bake.hcl": None})
    code, _, err = plan("sums-0-shell")
    assert code == 3
    assert "containers/docker-bake.hcl is not there: say in [replay.eval]" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--shard", "0/2"], "--shard 0/2: say which part"),
        (["--shards", "2"], "--shards is for --format matrix"),
        (["nothing"], "'nothing' is not a fixture"),
        (["--benchmark", "sumz"], "did you mean sums?"),
        (["--base", "nowhere"], "nowhere"),
        (["--format", "yaml"], "yaml"),
    ],
)
def test_wrong_usage_says_what_is_right(tmp_path, plan, arguments, said):
    lay(tmp_path)
    git(tmp_path, "init", "-q")
    code, out, err = plan(*arguments)
    assert code in (2, 3)
    assert out == ""
    assert said in err


def test_a_folder_means_what_is_in_it_and_nothing_means_nothing(tmp_path, plan):
    root = lay(tmp_path)
    for word, folder in (
        (".", root),
        ("fixtures", root / "tests/run/replay"),
        ("..", root / "tests"),
    ):
        code, out, err = plan(word, "--format", "matrix", root=folder)
        assert (code, err, len(json.loads(out)["include"])) == (0, "", 4)
    assert plan("")[0] == 2


def test_a_folder_without_a_fixture_is_not_checked(tmp_path, plan):
    code, _, err = plan()
    assert code == 3
    assert "no fixture in" in err


CHANGED = {
    f"{FIXTURES}/sums-1-shell.trajectory.jsonl": (turn("new"), ["sums-1-shell"]),
    "containers/benchmarks/sums/grade.sh": ("#!/bin/sh\n# new\n", ["sums-0-shell", "sums-1-shell"]),
    "containers/benchmarks/scripted/build.sh": ("#!/bin/sh\n# new\n", ["scripted-Owl-shell"]),
    "containers/core/other/Dockerfile": ("FROM scratch\n", []),
    "README.md": ("# new\n", []),
    "containers/core/base/run.sh": ("#!/bin/sh\n# new\n", None),
    "containers/agents/shell/agent.sh": ("#!/bin/sh\n# new\n", None),
    "containers/docker-bake.hcl": (FILES["containers/docker-bake.hcl"] + "# new\n", None),
    "evalpolicy.toml": (FILES["evalpolicy.toml"] + "timeout = 5\n", None),
}
"""A changed file, its content, and what has to be replayed for it: everything for None."""


@pytest.mark.parametrize("path", CHANGED)
def test_with_a_base_only_what_changed_is_replayed(tmp_path, plan, path):
    lay(tmp_path)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, *who, "commit", "-qm", "base")
    content, expected = CHANGED[path]
    lay(tmp_path, {path: content})
    code, out, err = plan("--base", "HEAD", "--format", "json")
    assert (code, err) == (0, "")
    found = [replay["name"] for replay in json.loads(out)["replays"]]
    everything = ["scripted-Owl-shell", "sums-0-shell", "sums-1-shell", "words-Fox-shell"]
    assert found == (everything if expected is None else expected)


def test_help_fits_a_narrow_terminal(monkeypatch, capfd):
    done = subprocess.run(
        [sys.executable, "-m", "evalpolicy", "replay", "plan", "--help"],
        env={"COLUMNS": "60", "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert max(map(len, done.stdout.splitlines())) <= 60
