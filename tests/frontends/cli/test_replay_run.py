"""`evalpolicy replay run` and `clean` as far as they need no engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evalpolicy.__main__ import main
from evalpolicy.errors import UsageError
from evalpolicy.replay.running import folder

EXAMPLE = Path(__file__).parents[3] / "examples/fleet"


def engine(folder, name, script):
    """A client that does what `script` says."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.fixture
def clients(tmp_path, monkeypatch):
    """A folder for clients; no other engine is on PATH."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("git", "sh"):
        found = next(
            Path(p, name) for p in os.environ["PATH"].split(os.pathsep) if Path(p, name).exists()
        )
        (place / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(place))
    return place


def run(*arguments):
    return main(["-C", str(EXAMPLE), "replay", *arguments])


def test_without_an_engine_nothing_is_checked(clients, capsys):
    assert run("run") == 3
    assert "neither docker nor podman is installed" in capsys.readouterr().err
    assert run("run", "--engine", "podman") == 3
    assert "podman is installed" in capsys.readouterr().err
    assert run("clean") == 3


def test_an_engine_that_does_not_answer_is_told_of(clients, capsys):
    engine(clients, "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    assert run("run") == 3
    said = capsys.readouterr().err
    assert "no engine responds (docker: Cannot connect to the Docker daemon)" in said


def test_the_one_that_answers_is_taken(clients, capsys):
    """docker's client is often there without a daemon."""
    engine(clients, "docker", "exit 1")
    engine(clients, "podman", "[ $1 = info ] && echo 4.3.1; exit 0")
    assert run("clean") == 0
    assert capsys.readouterr().out == "nothing to remove\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "jsn"], "did you mean json?"),
        (["--jobs", "0"], "0 is not in the range"),
        (["--shard", "3/2"], "--shard 3/2"),
        (["--agent", "shel"], "did you mean shell?"),
        (["no-such-fixture"], "no-such-fixture"),
        (["--engine", "lxc"], "lxc"),
    ],
)
def test_wrong_usage_is_2(clients, capsys, arguments, said):
    engine(clients, "docker", "echo 20.10")
    assert run("run", *arguments) == 2
    assert said in capsys.readouterr().err


def test_a_dry_run_runs_nothing_and_needs_no_engine(clients, capsys, tmp_path):
    engine(clients, "docker", f"touch {tmp_path}/called")
    assert run("run", "--dry-run", "arithmetic-1") == 0
    said = capsys.readouterr().out
    calls = [line for line in said.splitlines() if line and not line.startswith("#")]
    order = [
        "docker build", "docker volume create", "docker create", "docker start evalpolicy-",
        "docker create", "docker start --attach", "docker cp", "docker rm --force",
        "docker rm --force", "docker volume rm",
    ]  # fmt: skip
    place = iter(calls)
    assert all(any(call.startswith(start) for call in place) for start in order), calls
    assert not (tmp_path / "called").exists()
    assert subprocess.run(["sh", "-n"], input=said, text=True, check=False).returncode == 0


def test_help_is_complete():
    for name in ("run", "clean"):
        done = subprocess.run(
            [sys.executable, "-m", "evalpolicy", "replay", name, "--help"],
            capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "60"},
        )  # fmt: skip
        options = [line for line in done.stdout.splitlines() if line.strip().startswith("--")]
        assert options
        assert max(map(len, done.stdout.splitlines())) <= 80


def test_two_runs_do_not_write_to_one_folder(tmp_path):
    with folder(tmp_path / "out"):
        assert (tmp_path / "out/.gitignore").read_text() == "*\n"
        with pytest.raises(UsageError, match="another run is writing"), folder(tmp_path / "out"):
            pass
    with folder(tmp_path / "out"):
        pass


def test_a_folder_that_cannot_be_written_is_told_of(tmp_path):
    (tmp_path / "file").write_text("")
    from evalpolicy.errors import NotCheckedError

    with pytest.raises(NotCheckedError, match="cannot write"), folder(tmp_path / "file/out"):
        pass


def test_links_that_a_repository_has_put_there_are_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="symbolic link"), folder(tmp_path / "link"):
        pass
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.gitignore").symlink_to(victim)
    from evalpolicy.errors import NotCheckedError

    with pytest.raises(NotCheckedError, match="cannot write"), folder(tmp_path / "out"):
        pass
    assert victim.read_text() == "precious"


def test_nothing_is_written_to_a_folder_of_the_repository(clients, capsys, tmp_path):
    engine(clients, "docker", "echo 20.10")
    root = tmp_path / "fleet"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("evalpolicy-replay"))
    (root / "evalpolicy-replay").mkdir()
    (root / "evalpolicy-replay/arithmetic-1-shell").symlink_to(tmp_path)
    for call in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", "-C", str(root), *call], check=True)
    assert main(["-C", str(root), "replay", "run", "arithmetic-1"]) == 2
    assert "is part of the repository" in capsys.readouterr().err
