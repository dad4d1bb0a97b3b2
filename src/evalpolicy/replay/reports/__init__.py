"""The reports of a run of replays: one module per format.

Formats that only contain findings (sarif, github) are shared with `check`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib import import_module

from msgspec import Struct

from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.facts.replays.verdict import VERDICTS, Verdict
from evalpolicy.policy.report import Report

FORMATS = ("text", "json", "junit", "markdown", "sarif", "github")
_OF_CHECK = ("sarif", "github")


class ReplayReport(Struct, frozen=True):
    """The replays by path, and the findings that the RPL rules made of them.

    `engine` is its name and version, `seconds` the whole run's wall time, `look` the command that
    shows more of the worst replay.
    """

    report: Report
    replays: Sequence[Replayed]
    run: str
    engine: str
    seconds: float
    look: str = ""

    @property
    def counted(self) -> dict[Verdict, int]:
        """The number of replays with each verdict, in the order of verdicts."""
        counted = Counter(one.verdict for one in self.replays)
        return {verdict: counted[verdict] for verdict in VERDICTS if counted[verdict]}


def render(name: str, report: ReplayReport) -> str:
    """The report in one of the formats but text."""
    if name in _OF_CHECK:
        from evalpolicy.reporters import render as findings

        return findings(name, report.report)
    rendered: str = import_module(f"{__name__}.{name}").render(report)
    return rendered
