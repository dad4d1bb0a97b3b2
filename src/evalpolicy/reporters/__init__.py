"""One module per format. A reporter turns a `Report` into text and reads nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

from evalpolicy.policy.report import Report

FORMATS = ("text", "full", "json", "sarif", "github", "junit", "markdown", "html")


class Reporter(Protocol):
    """`render(report)` returns the whole output, which ends in a newline unless it is empty."""

    def render(self, report: Report) -> str: ...


def render(name: str, report: Report) -> str:
    """The report in the machine format of this name."""
    reporter: Reporter = import_module(f"{__name__}.{name}")
    return reporter.render(report)
