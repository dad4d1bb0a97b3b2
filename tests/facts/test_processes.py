"""Helpers change nothing but the time, whatever becomes of them.

Each case is a program of its own: the tests' own process has threads, and is not forked.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fleets import FIXTURES, FLEET, git, repository
from tests.samples.trajectories import lines, litellm_row

HEAD = """
import os, time
def note(name):
    open(str(name), "w").close()
def noted(count):  # in this folder; no more than minutes are waited
    for _ in range(20_000):
        if len(os.listdir()) >= count:
            return
        time.sleep(0.005)
    raise SystemExit(f"only {os.listdir()}")
from evalpolicy.facts.processes import Part, Shared
parent = os.getpid()
def shared(make, count=40, helpers=3):
    from typing import Any
    part = Part(count, make, Any)
    work = Shared([part], helpers, lambda: None)
    return Results(work, part)
class Results:
    def __init__(self, work, part):
        self.results = lambda: work.results(part)
"""
CASES = {
    "plain": "print(sorted(shared(lambda n: n * n).results()) == [(n, n * n) for n in range(40)])",
    "helpers do their share": """
def make(n):
    note(os.getpid())
    noted(4)
    return os.getpid()
assert len({pid for _, pid in shared(make).results()}) == 4
print(True)
""",
    "they begin at once": """
def make(n):
    note(n)
    return os.getpid()
work = shared(make)
noted(40)
print(parent not in {pid for _, pid in work.results()})
""",
    "a helper that dies": """
def make(n):
    if os.getpid() != parent and n % 5 == 0:
        os.kill(os.getpid(), 9)
    time.sleep(0.002)
    return n
print(sorted(shared(make).results()) == [(n, n) for n in range(40)])
""",
    "a helper that dies in mid-line": """
# The kernel may end a process within a write: what is there then of the last row is its start.
def make(n):
    if os.getpid() != parent:
        for number in range(64):
            link = f"/proc/self/fd/{number}"
            if os.path.lexists(link) and "memfd:evalpolicy" in os.readlink(link):
                os.write(number, f'[{n}, ["torn'.encode())
                os.kill(os.getpid(), 9)
    return n
work = shared(make, helpers=1)
assert os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT).si_status == 9
print(sorted(work.results()) == [(n, n) for n in range(40)])
""",
    "a helper that raises": """
def make(n):
    if os.getpid() != parent:
        raise ValueError(n)
    time.sleep(0.002)
    return n
print(sorted(shared(make).results()) == [(n, n) for n in range(40)])
""",
    "parts": """
def part(letter):
    return Part(9, lambda n: letter * n, str)
parts = [part(letter) for letter in "ab"]
work = Shared(parts, 2, lambda: None)
for _ in range(2):
    for part, letter in zip(parts, "ab"):
        assert sorted(work.results(part)) == [(n, letter * n) for n in range(9)]
print(True)
""",
    "where nothing can be forked": """
def refused():
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = refused
print(sorted(shared(lambda n: n * n).results()) == [(n, n * n) for n in range(40)])
""",
    "more helpers than items": "print(sorted(shared(str, 2, 9).results()) == [(0, '0'), (1, '1')])",
    "one item": "print(list(shared(str, 1).results()) == [(0, '0')])",
    "nothing": "print(list(shared(str, 0).results()) == [])",
    "no child is left": """
list(shared(str).results())
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print(True)
""",
    "with threads, all in one process": """
import threading
event = threading.Event()
thread = threading.Thread(target=event.wait)
thread.start()
pids = {pid for _, pid in shared(lambda n: os.getpid()).results()}
event.set()
thread.join()
print(pids == {parent})
""",
}


@pytest.mark.skipif(sys.platform != "linux", reason="helpers are forked on Linux alone")
@pytest.mark.parametrize("case", CASES)
def test_every_item_is_made_once(case: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAD + CASES[case]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout == "True\n", done.stderr[-2000:]


ORPHANS = """
import signal, sys
for each in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, signal.SIG_DFL)  # under nohup it is ignored, and that is inherited
def make(n):
    os.write(1, b"begun\\n")  # at once: the other helper writes, too
    note(os.getpid())
    while True:
        WORK
work = shared(make, helpers=2)
noted(2)
os.kill(parent, int(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="helpers are forked on Linux alone")
@pytest.mark.parametrize("work", ["pass", "time.sleep(5)"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_helpers_end_with_their_parent_in_the_middle_of_an_item(
    number: int, work: str, tmp_path: Path
) -> None:
    """Standard output is theirs too: it ends when the last of them has."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + ORPHANS.replace("WORK", work), str(int(number))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == -number
    assert done.stdout.splitlines() == ["begun", "begun"]


@pytest.mark.parametrize("how", [[], ["--staged"], ["--rev", "HEAD"]])
def test_jobs_change_nothing(tmp_path: Path, how: list[str]) -> None:
    big = "x" * 700_000
    files = {
        f"{FIXTURES}/arc-{n}-codex.trajectory.jsonl": lines(litellm_row(f"{n} {big}"))
        for n in range(8)
    }
    files[f"{FIXTURES}/arc-9-codex.trajectory.jsonl"] = b"{}\n"
    root = repository(tmp_path / "fleet", {**FLEET, **files})
    if how == ["--staged"]:
        git(root, "rm", "-q", "-r", "containers/agents")
    reports = [
        subprocess.run(
            [sys.executable, "-m", "evalpolicy", "check", "--no-cache", "--format", "json",
             "--jobs", jobs, *how],
            cwd=root, capture_output=True, text=True, check=False,
        ).stdout
        for jobs in ("1", "3")
    ]  # fmt: skip
    assert '"FIX' in reports[0]
    assert reports[0] == reports[1]
