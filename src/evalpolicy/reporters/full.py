"""The report for a person who wants to see every finding, however many there are."""

from __future__ import annotations

from evalpolicy.policy.report import Report
from evalpolicy.reporters import text


def render(report: Report) -> str:
    return text.render(report, full=True)
