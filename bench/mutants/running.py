"""One mutant, and the tests that may notice it, in a forked process."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bench.mutants.copies import Copy

# Imported once, before the forks: what is expensive and not judged.
for _name in ("click", "jsonschema", "msgspec", "orjson", "re2", "tomlkit", "yaml"):
    importlib.import_module(_name)

# What a slow test may take over its time without the mutant (times, seconds on top of it).
TIMES, GRACE = 10, 5.0
_OVER, _BROKEN = 99, 98


class Chosen:
    """Plug-in of pytest: runs these tests alone, in this order, each within its time."""

    def __init__(self, tests: Sequence[str], taken: Mapping[str, float]) -> None:
        self.log = os.dup(1)  # pytest puts others in the place of the first two
        self.order = {test: position for position, test in enumerate(tests)}
        self.taken = taken

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        kept = [item for item in items if item.nodeid in self.order]
        items[:] = sorted(kept, key=lambda item: self.order[item.nodeid])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        limit = self.taken.get(nodeid, 0.0) * TIMES + GRACE
        signal.setitimer(signal.ITIMER_PROF, limit)
        signal.setitimer(signal.ITIMER_REAL, limit * 6)

    def pytest_runtest_logfinish(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self.log, f"\nkilled by {report.nodeid}\n".encode())


def _too_long(*_: Any) -> None:
    os._exit(_OVER)


def start(copy: Copy, tests: Sequence[str], taken: Mapping[str, float], log: Path) -> int:
    """Forks a process, a group of its own, that runs the tests in the copy; gives its id."""
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.chdir(copy.tree)
        sys.executable = str(copy.python)
        sys.path[:0] = [str(copy.tree / "src"), str(copy.tree)]
        for name in [name for name in sys.modules if name.partition(".")[0] in ("bench", "tests")]:
            del sys.modules[name]
        signal.signal(signal.SIGPROF, _too_long)
        signal.signal(signal.SIGALRM, _too_long)
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        words = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", *files]
        ended = int(pytest.main(words, plugins=[Chosen(tests, taken)]))
        sys.stdout.flush()
        os._exit(ended)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(_BROKEN)


def ended(child: int, log: Path) -> str | None:
    """What killed the mutant; empty if nothing did; None while the tests run."""
    pid, status = os.waitpid(child, os.WNOHANG)
    if not pid:
        return None
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    said = [line for line in log.read_text("utf-8", "replace").splitlines() if "killed by" in line]
    code = os.waitstatus_to_exitcode(status)
    if code == _OVER:
        return "its time"
    if code in (_BROKEN, -signal.SIGKILL):  # ours, or ended from outside: no test has failed
        raise RuntimeError(log.read_text("utf-8", "replace"))
    if code in (0, int(pytest.ExitCode.NO_TESTS_COLLECTED)):
        return ""
    return said[0].partition("killed by ")[2] if said else f"no test could run ({code})"


def wait(children: Mapping[int, Path]) -> tuple[int, str]:
    """The first of the children that has ended, and what `ended` says of it."""
    while True:
        for child, log in children.items():
            if (verdict := ended(child, log)) is not None:
                return child, verdict
        time.sleep(0.05)
