"""The one way in which images are built and asked for: programs are run, read, and ended."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from tests.waiting import wait_until

from evalpolicy.replay.calls import CallStoppedError, CannotCallError, call
from evalpolicy.replay.plan.model import Command


def sh(script: str, **how) -> Command:
    return Command(("sh", "-c", script), **how)


def test_what_it_says_and_how_it_ends():
    outcome = call(sh("echo out; echo err >&2; exit 3"))
    assert (outcome.ok, outcome.code, outcome.stdout, outcome.stderr) == (
        False,
        3,
        "out\n",
        "err\n",
    )
    assert outcome.last_line == "err"
    assert call(sh("true")).ok
    assert call(sh("exit 4")).last_line == "it printed nothing and exited with code 4"
    assert call(sh("printf '\\377'")).stdout == "\ufffd"


def test_it_reads_what_it_is_given_and_nothing_else():
    assert call(sh("cat", stdin="a\nb")).stdout == "a\nb"
    assert call(sh("cat")).stdout == ""
    assert call(sh("exit 0", stdin="x" * (1 << 20))).ok, "input that nobody wants"


def test_variables_are_added_to_the_callers(monkeypatch, tmp_path):
    monkeypatch.setenv("FROM_CALLER", "1")
    outcome = call(
        sh('echo "$FROM_CALLER$MORE" > here', environment={"MORE": "2"}), cwd=str(tmp_path)
    )
    assert outcome.ok
    assert (tmp_path / "here").read_text() == "12\n"


def test_a_variable_can_be_kept_from_it_as_the_line_for_a_shell_says(monkeypatch):
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("LEFT_OUT", "2")
    command = sh('echo "$KEPT$LEFT_OUT$MORE"', environment={"MORE": "3"}, without=("LEFT_OUT",))
    assert call(command).stdout == call(sh(str(command))).stdout == "13\n"


def test_a_log_holds_every_call_and_what_it_said(tmp_path):
    log = tmp_path / "folder/log"
    first = call(sh("echo one >&2"), log=log)
    second = call(sh("echo two >&2; echo three"), log=log)
    assert (first.stderr, second.stderr, second.stdout) == ("one\n", "two\n", "three\n")
    assert log.read_text() == (
        f"$ {first.command}\none\n$ {second.command}\ntwo\n"
    )  # fmt: skip


def test_a_program_that_is_not_there():
    with pytest.raises(CannotCallError, match="cannot run nowhere-at-all: No such file"):
        call(Command(("nowhere-at-all",)))
    with pytest.raises(CannotCallError, match="null byte"):
        call(Command(("true", "a\0b")))


def test_stopping_ends_the_program_and_what_it_started(tmp_path):
    started = tmp_path / "started"
    stop = threading.Event()

    def stop_once_it_has_begun():
        wait_until(lambda: started.exists() and started.read_text().strip())
        stop.set()

    threading.Thread(target=stop_once_it_has_begun).start()
    with pytest.raises(CallStoppedError):
        call(sh(f"sleep 60 & echo $! $$ > {started}; wait"), stop=stop)
    for pid in started.read_text().split():
        assert _gone(int(pid)), pid


def _gone(pid: int) -> bool:
    """Whether it has ended, or does in the next minutes; who reaps it is another matter."""
    for _ in range(30_000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def test_ctrl_c_of_a_terminal_does_not_reach_the_program():
    """The signal goes to the caller's process group."""
    outcome = call(sh("cut -d' ' -f5 /proc/$$/stat"))
    assert int(outcome.stdout) != os.getpgid(0)
