"""Which test runs which line, taken down once by coverage; a plug-in of pytest, and its result.

Started as `pytest -p bench.mutants.watching` with EVALPOLICY_WATCHED naming a folder. What a test
starts as a process of its own counts as the test's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import pytest

SETTINGS = """\
[run]
data_file = {folder}/data/lines
source = {source}
parallel = true
context = ${{EVALPOLICY_TEST-}}
patch = _exit, fork
disable_warnings = no-data-collected, module-not-imported, module-not-measured
"""


class Seen(NamedTuple):
    """How long a passing test took (seconds), and the lines that it ran of each module."""

    seconds: float
    lines: Mapping[str, frozenset[int]]


class Watched:
    """`tests` by their ids; `running` are the ids of those that ran each line of each module."""

    def __init__(self, tests: Mapping[str, Seen]) -> None:
        self.tests = tests
        self.running: dict[str, dict[int, set[str]]] = {}
        for test, seen in tests.items():
            for module, lines in seen.lines.items():
                of_module = self.running.setdefault(module, {})
                for line in lines:
                    of_module.setdefault(line, set()).add(test)


class _Plugin:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.coverage = coverage.Coverage(config_file=str(folder / "settings"))
        self.coverage.start()
        self.taken: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        os.environ["EVALPOLICY_TEST"] = item.nodeid
        self.coverage.switch_context(item.nodeid)
        result = yield
        self.coverage.switch_context("")
        os.environ["EVALPOLICY_TEST"] = ""
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)
        self.taken[report.nodeid] = self.taken.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        self.coverage.save()
        passed = {test: time for test, time in self.taken.items() if test not in self.failed}
        (self.folder / f"tests-{os.getpid()}.json").write_text(json.dumps(passed))


def pytest_configure(config: Any) -> None:
    if hasattr(config, "workerinput") or not config.option.numprocesses:
        config.pluginmanager.register(_Plugin(Path(os.environ["EVALPOLICY_WATCHED"])))


def read(folder: Path, source: Path) -> dict[str, Seen]:
    """What a run left in `folder`: each test that passed, with its lines below `source`."""
    seconds: dict[str, float] = {}
    for file in sorted(folder.glob("tests-*.json")):
        seconds |= json.loads(file.read_text())
    whole = coverage.Coverage(config_file=str(folder / "settings"))
    whole.combine([str(folder / "data")], keep=True)
    data = whole.get_data()
    ran: dict[str, dict[str, set[int]]] = {test: {} for test in seconds}
    for measured in data.measured_files():
        module = Path(measured)
        if module.is_relative_to(source):
            name = module.relative_to(source).as_posix()
            for line, tests in data.contexts_by_lineno(measured).items():
                for test in tests:
                    if test in ran:
                        ran[test].setdefault(name, set()).add(line)
    return {
        test: Seen(seconds[test], {name: frozenset(lines) for name, lines in of.items()})
        for test, of in ran.items()
    }
