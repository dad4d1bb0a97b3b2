"""The JSON report, version 1 (schemas/report.schema.json)."""

from __future__ import annotations

import json
from typing import Any

from evalpolicy import __version__
from evalpolicy.report import Report
from evalpolicy.reporters.paths import portable
from evalpolicy.rules.model import Finding

VERSION = "1"


def render(report: Report) -> str:
    return json.dumps(document(report), ensure_ascii=False, indent=2) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as the schema describes it."""
    checked = report.checked
    return {
        "version": VERSION,
        "tool": {"name": "evalpolicy", "version": __version__},
        "snapshot": {
            "kind": report.kind,
            "revision": report.revision,
            "base": report.base,
            "prefix": portable(report.prefix),
        },
        "checked": checked._asdict(),
        "summary": {**report.summary, "suppressed": 0, "baselined": 0},
        "findings": [_finding(finding) for finding in report.findings],
        "problems": [
            {
                "path": portable(problem.path),
                "line": problem.line,
                "message": portable(problem.message),
            }
            for problem in report.problems
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    span = finding.span
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity,
        "subject": portable(finding.subject),
        "about": portable(finding.about),
        "path": portable(finding.path),
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "message": portable(finding.message),
        "help": portable(finding.help),
        "fixable": False,
        "fingerprint": finding.fingerprint,
    }
