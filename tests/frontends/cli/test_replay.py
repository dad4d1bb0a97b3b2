"""`evalpolicy replay serve` and `record` as processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import httpx
import pytest
from tests.fleets import FIXTURES, FLEET, repository
from tests.replay.serving import QUESTION, many_turns, running
from tests.samples.trajectories import failed_row, lines, litellm_row, otlp_row

from evalpolicy.__main__ import main
from evalpolicy.artifacts.trajectory import parse
from evalpolicy.replay.app import ReplayApp
from evalpolicy.replay.journal import Journal, read_journal
from evalpolicy.replay.playback import Playback

ASK = {"messages": QUESTION}


@pytest.fixture
def fixture(tmp_path):
    file = tmp_path / "arc-0-codex.trajectory.jsonl"
    file.write_bytes(lines(litellm_row()))
    return file


@contextlib.contextmanager
def process(*arguments):
    command = [sys.executable, "-m", "evalpolicy", "replay", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as one:
        try:
            yield one
        finally:
            one.kill()


def base_of(one):
    line = one.stdout.readline().decode().strip()
    assert line.startswith("http://127.0.0.1:"), one.stderr.read()
    return line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_where_and_ends_in_good_order(fixture, tmp_path, number):
    journal = tmp_path / "journal.jsonl"
    with process("serve", fixture, "--port", "0", "--journal", journal) as one:
        base = base_of(one)
        answer = httpx.post(f"{base}/v1/chat/completions", json=ASK, trust_env=False, timeout=600)
        assert answer.json()["choices"][0]["message"]["content"] == "4"
        assert read_journal(journal.read_bytes()).count("diverged") == 1
        one.send_signal(number)
        assert one.wait(600) == 0
        assert one.stderr.read() == b""


def test_record_writes_a_fixture_that_serve_takes(tmp_path):
    output = tmp_path / "arc-0-codex.traces.jsonl"
    with (
        running(ReplayApp(Playback(many_turns(2)), Journal(None))) as upstream,
        process("record", "--upstream", f"{upstream}/v1", "--output", output, "--port", 0) as one,
    ):
        base = base_of(one)
        for _ in range(3):
            httpx.post(f"{base}/openai/v1/chat/completions", json=ASK, trust_env=False, timeout=600)
        one.send_signal(signal.SIGTERM)
        assert one.wait(600) == 0
        assert b"2 turns, 1 failed call" in one.stdout.read()
    trajectory = parse(output.read_bytes())
    assert [turn.text for turn in trajectory.turns] == ["0", "1"]
    assert "replay_exhausted" in trajectory.failed_calls[0].message


def test_a_recording_of_nothing_is_no_success(tmp_path):
    output = tmp_path / "a.traces.jsonl"
    arguments = ("record", "--upstream", "http://127.0.0.1:9/v1", "--output", output, "--port", 0)
    with process(*arguments) as one:
        base_of(one)
        one.send_signal(signal.SIGTERM)
        assert one.wait(600) == 3
    assert not output.exists()


class TestRefusals:
    @pytest.mark.parametrize("content", [b"", lines(failed_row()), b"{\n"])
    def test_a_fixture_without_a_turn(self, content, tmp_path, capsys):
        file = tmp_path / "x.trajectory.jsonl"
        file.write_bytes(content)
        assert main(["replay", "serve", str(file)]) == 3
        assert "no usable turn" in capsys.readouterr().err
        assert main(["replay", "serve", str(file), "--allow-empty", "--dry-run"]) == 0

    def test_a_fixture_that_is_not_there(self, tmp_path, capsys):
        assert main(["replay", "serve", str(tmp_path / "none")]) == 3
        assert "cannot read" in capsys.readouterr().err

    def test_a_port_that_is_taken(self, fixture, capsys):
        with running(ReplayApp(Playback(many_turns(1)), Journal(None))) as base:
            port = base.rpartition(":")[2]
            assert main(["replay", "serve", str(fixture), "--port", port]) == 2
        assert "cannot listen" in capsys.readouterr().err

    def test_a_journal_that_cannot_be_written(self, fixture, tmp_path, capsys):
        journal = str(tmp_path / "none/journal.jsonl")
        assert main(["replay", "serve", str(fixture), "--port", "0", "--journal", journal]) == 3
        assert "cannot write" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("upstream", "name", "more"),
        [
            ("localhost", "a.traces.jsonl", ()),
            ("http://h/v1", "a.jsonl", ()),
            ("http://h/v1", "there.traces.jsonl", ()),
        ],
    )
    def test_wrong_usage_of_record(self, upstream, name, more, tmp_path):
        (tmp_path / "there.traces.jsonl").write_bytes(b"")
        output = str(tmp_path / name)
        assert main(["replay", "record", "--upstream", upstream, "--output", output, *more]) == 2

    def test_without_the_extra_it_says_how_to_get_it(self, fixture, monkeypatch, capsys):
        monkeypatch.setattr("evalpolicy.frontends.cli.replay.find_spec", lambda name: None)
        assert main(["replay", "serve", str(fixture)]) == 2
        assert "pip install 'evalpolicy[replay]'" in capsys.readouterr().err


def test_dry_runs_touch_nothing(fixture, tmp_path, capfdbinary):
    assert main(["replay", "serve", str(fixture), "--dry-run"]) == 0
    assert b"1 turn of default, openai/gpt-x" in capfdbinary.readouterr().out
    output = tmp_path / "new.traces.jsonl"
    upstream = "https://user:secret@host/v1?key=secret"
    arguments = ["--upstream", upstream, "--output", str(output), "--dry-run"]
    assert main(["replay", "record", *arguments]) == 0
    shown = capfdbinary.readouterr().out
    assert b"https://host/v1" in shown
    assert b"secret" not in shown
    assert not output.exists()


def test_other_commands_load_no_web_server():
    code = (
        "import sys; from evalpolicy.__main__ import main; main(['replay', '--help']);"
        "print(sorted({'starlette', 'uvicorn', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize(
    "word",
    ["arc-0-codex", "arc-0-codex.traces.jsonl", "arc-0", f"{FIXTURES}/arc-0-codex.traces.jsonl"],
)
@pytest.mark.parametrize("below", [False, True])
def test_serve_takes_a_fixture_by_its_name(monkeypatch, capfd, tmp_path, word, below):
    root = repository(
        tmp_path, {**FLEET, f"{FIXTURES}/arc-0-codex.traces.jsonl": lines(otlp_row())}
    )
    if below and "/" not in word:
        monkeypatch.chdir(root / FIXTURES if "traces" in word else root / "containers")
    else:
        monkeypatch.chdir(root)
    assert main(["replay", "serve", word, "--dry-run"]) == 0
    assert "1 turn of" in capfd.readouterr().out


@pytest.mark.parametrize("word", ["arc", "nothing", "tests/nothing", "arc-1"])
def test_serve_of_what_is_neither_a_file_nor_one_fixture(monkeypatch, capfd, tmp_path, word):
    names = [f"{FIXTURES}/arc-{number}-codex.traces.jsonl" for number in (0, 2)]
    monkeypatch.chdir(repository(tmp_path, {**FLEET, **dict.fromkeys(names, lines(otlp_row()))}))
    assert main(["replay", "serve", word, "--dry-run"]) == 3
    assert f"cannot read {word}" in capfd.readouterr().err


def test_serve_follows_no_link_out_of_the_fleet(monkeypatch, capfd, tmp_path):
    root = repository(tmp_path / "fleet", FLEET)
    (tmp_path / "secret").write_bytes(lines(otlp_row()))
    (root / FIXTURES).mkdir(parents=True)
    (root / FIXTURES / "arc-0-codex.traces.jsonl").symlink_to(tmp_path / "secret")
    monkeypatch.chdir(root)
    assert main(["replay", "serve", "arc-0-codex", "--dry-run"]) == 3
    assert "symbolic link" in capfd.readouterr().err
