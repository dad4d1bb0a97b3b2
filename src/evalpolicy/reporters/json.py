"""The JSON report, version 1 (schemas/report.schema.json)."""

from __future__ import annotations

import json
import re
from typing import Any

from evalpolicy import __version__
from evalpolicy.policy.causes import Cause
from evalpolicy.policy.portable import portable
from evalpolicy.policy.report import JudgedBy, Report
from evalpolicy.policy.rule import Finding
from evalpolicy.reporters.safe import UNSEEN

VERSION = "1"
# What JSON itself does not escape, and the second character of `##[`, which a workflow runner
# reads anywhere in a line.
_HARMFUL = re.compile(f"[{UNSEEN}\ud800-\udfff]|##(?=\\[)")


def render(report: Report) -> str:
    return written(document(report)) + "\n"


def written(value: object, indent: int | None = 2) -> str:
    """JSON in which no text can be read as a command or a control sequence when it is logged.

    Every reader gets the same text back: what could do harm is written as JSON's own escape. Bytes
    that were no UTF-8 are written as `portable` writes them.
    """
    separators = None if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return _HARMFUL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    kept, character = match[0][:-1], match[0][-1]
    if "\ud800" <= character <= "\udfff":
        return portable(character).replace("\\", "\\\\")
    if character == "#":
        return f"{kept}\\u0023"
    return json.dumps(character)[1:-1]


def document(report: Report) -> dict[str, Any]:
    """The report as the schema describes it."""
    checked = report.checked
    tool: dict[str, Any] = {"name": "evalpolicy", "version": __version__}
    if plugins := sorted({(r.plugin.name, r.plugin.source) for r in report.rules if r.plugin}):
        tool["plugins"] = {name: portable(source) for name, source in plugins}
    judged = {} if report.judged_by is None else {"judged_by": _judged_by(report.judged_by)}
    return {
        "version": VERSION,
        "tool": tool,
        "snapshot": {
            "kind": report.kind,
            "revision": report.revision,
            "base": report.base,
            "prefix": portable(report.prefix),
        },
        **judged,
        "checked": checked._asdict(),
        "summary": {
            **report.summary,
            "suppressed": report.suppressed,
            "baselined": report.baselined,
        },
        "causes": [described(cause) for cause in report.causes],
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


def described(cause: Cause) -> dict[str, Any]:
    """A cause as JSON: the first place stands for all of its findings."""
    first = cause.first
    return {
        "id": cause.id,
        "rule": cause.rule,
        "name": first.name,
        "severity": cause.severity,
        "message": portable(first.message),
        "count": len(cause.findings),
        "files": cause.files,
        "first": {
            "path": portable(first.path),
            "line": first.span.line,
            "column": first.span.column,
        },
        "command": cause.command or None,
    }


def _judged_by(judged: JudgedBy) -> dict[str, Any]:
    return {
        "policy": judged.origin,
        "not_honoured": [
            {
                "by": item.by,
                "reason": portable(item.reason),
                "finding": _finding(item.finding),
            }
            for item in judged.refused
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
        "fixable": finding.fixable,
        "fingerprint": finding.fingerprint,
        "cause": finding.cause_id,
    }
