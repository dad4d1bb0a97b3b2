"""The fuzzer: it repeats itself, sees what is there to see, and reads a little of each target."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from bench.fuzz import running
from bench.fuzz.running import Target, input_of, smaller, work
from bench.fuzz.targets import targets

ROOT = Path(__file__).parents[1]
FOREVER = float("inf")
SLICE = {"engine": 3, "protocol": 4}
BROKEN = """
import sys
from bench.fuzz import __main__ as fuzz
from bench.fuzz.running import Target
def read(content):
    {body}
fuzz.targets = lambda: {{"x": Target("x", lambda rng: b"%d" % rng.randrange(9), read)}}
sys.argv = ["fuzz", "--inputs", "50", "--jobs", "2", "--minutes", "1"]
sys.exit(fuzz.main())
"""


@pytest.mark.parametrize("name", list(targets()))
def test_a_slice_of_each_target(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SECONDS", 60.0)
    worked = work(targets()[name], 1, range(SLICE.get(name, 20)), FOREVER)
    assert worked.done == SLICE.get(name, 20)
    assert [(failure.kind, failure.trace) for failure in worked.failures] == []


def test_seed_target_and_number_name_an_input() -> None:
    known = targets()
    inputs = [input_of(known["yaml"], 1, number) for number in range(50)]
    assert inputs == [input_of(targets()["yaml"], 1, number) for number in range(50)]
    assert len(set(inputs)) > 40
    assert inputs != [input_of(known["yaml"], 2, number) for number in range(50)]


def _of(*contents: bytes) -> Target:
    made = itertools.cycle(contents)
    return Target("x", lambda rng: next(made), _read, (LookupError,))


def _read(content: bytes) -> None:
    if b"loop" in content:
        while True:
            pass
    if b"exit" in content:
        sys.exit(0)
    if b"key" in content:
        raise KeyError
    if b"bad" in content:
        raise ValueError(content)
    if b"big" in content:
        _ = len(b"x" * (64 << 20))


def test_what_the_reader_raises_by_design_is_no_failure() -> None:
    assert work(_of(b"key", b""), 1, range(4), FOREVER).failures == []


def test_an_exception_is_reported_once_with_the_least_that_raises_it() -> None:
    [failure] = work(_of(b"", b"xxx bad yyy", b"bad 2"), 1, range(9), FOREVER).failures
    assert (failure.number, failure.content) == (1, b"bad")
    assert failure.kind.startswith("ValueError in ")


def test_an_exit_is_a_failure() -> None:
    [failure] = work(_of(b"exit"), 1, range(2), FOREVER).failures
    assert failure.kind.startswith("SystemExit")


def test_an_input_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SECONDS", 0.2)
    monkeypatch.setattr(running, "_MINIMISING", 0.0)
    [failure] = work(_of(b"loop", b""), 1, range(2), FOREVER).failures
    assert failure.kind == "more than 0.2 s"


def test_memory_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MEMORY", 32 << 20)
    # The most that the process held before is subtracted: another test may have held more.
    peaks = itertools.chain([0, 0, 0], itertools.repeat(64 << 20))
    monkeypatch.setattr(running, "_peak", lambda: next(peaks))
    [failure] = work(_of(b"", b"big"), 1, range(2), FOREVER).failures
    assert (failure.kind, failure.number) == ("memory", 1)


def test_what_python_warns_of_is_a_failure() -> None:
    import re

    target = Target("x", lambda rng: b"", lambda content: re.compile("[[a]" + "b" * 7))
    [failure] = work(target, 1, range(1), FOREVER).failures
    assert failure.kind.startswith("FutureWarning")


def test_minimising_keeps_the_kind_of_failure() -> None:
    target = _of(b"")
    assert smaller(target, b"bad exit", "SystemExit in x") == b"bad exit"
    kind = work(_of(b"bad"), 1, range(1), FOREVER).failures[0].kind
    assert smaller(target, random.Random(1).randbytes(2000) + b"bad", kind) == b"bad"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_the_command_counts() -> None:
    done = _run("-m", "bench.fuzz", "--inputs", "30", "--target", "event", "--target", "message")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "60 inputs over 2 targets, 0 failures" in done.stdout


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("assert content != b'3'", "AssertionError in"),
        ("import os; content == b'3' and os._exit(7)", "the process ended"),
    ],
)
def test_the_command_fails_and_says_how_to_repeat_it(body: str, kind: str) -> None:
    done = _run("-c", BROKEN.format(body=body))
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"\n  {kind}" in done.stdout
    assert "python -m bench.fuzz --seed 1 --target x --only " in done.stdout
    assert "b'3'" in done.stdout
