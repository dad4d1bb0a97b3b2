"""SARIF 2.1.0, as GitHub's code scanning reads it.

GitHub takes 25,000 results of a run and 10 MB of compressed file; beyond either it refuses the
whole upload. So the worst come first, the last are left out, and a notification says how many.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from evalpolicy import __version__
from evalpolicy.policy.portable import portable
from evalpolicy.policy.report import FileProblem, Report, Waived
from evalpolicy.policy.rule import SEVERITIES, Finding, Rule, Severity
from evalpolicy.reporters.json import described, written
from evalpolicy.reporters.judged_by import sentences
from evalpolicy.reporters.text import count
from evalpolicy.snapshot.model import encode_path

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
INFORMATION = "https://evalpolicy.github.io/"
RESULTS = 25_000
COMPRESSED = 10_000_000
"""GitHub's limits: results of a run, and bytes of the file after gzip compression."""

# At most this many notifications about what could not be checked.
_NOTIFICATIONS = 1000
_DESCRIPTION = 1024
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "note"}
_PROBLEM: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "recommendation"}


def render(report: Report, results: int = RESULTS, compressed: int = COMPRESSED) -> str:
    """The log with one run: findings, the worst first, followed by those that are waived."""
    rules = {rule.id: number for number, rule in enumerate(report.rules)}
    standing = sorted(report.findings, key=lambda f: (SEVERITIES.index(f.severity), f.order))
    taken = sorted(
        report.waived, key=lambda w: (SEVERITIES.index(w.finding.severity), w.finding.order)
    )
    found = [_result(finding, None, report, rules) for finding in standing]
    found += [_result(item.finding, item, report, rules) for item in taken]
    kept = min(len(found), results)
    causes = [described(cause) for cause in report.causes]
    while True:
        text = written(_log(report, found[:kept], causes, len(found) - kept), indent=None)
        size = len(gzip.compress(text.encode("utf-8"), 6)) if len(text) > compressed else 0
        if size <= compressed or not kept:
            return text + "\n"
        # Compressed size grows with the number of results, so a little less than the share fits.
        kept = min(kept - 1, int(kept * compressed / size * 0.95))


def _log(
    report: Report,
    results: list[dict[str, Any]],
    causes: list[dict[str, Any]],
    left_out: int,
) -> dict[str, Any]:
    named = {result["properties"]["cause"] for result in results}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "evalpolicy",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "informationUri": INFORMATION,
                        "rules": [_rule(rule) for rule in report.rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    "%SRCROOT%": {"description": {"text": "The top of the repository."}}
                },
                "invocations": [
                    {
                        "executionSuccessful": not report.problems,
                        "toolExecutionNotifications": _notifications(report, left_out),
                        **_judged_by(report),
                    }
                ],
                "results": results,
                # The most urgent first; each result names its own.
                "properties": {"causes": [cause for cause in causes if cause["id"] in named]},
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    page = rule.documentation
    tags = [rule.family] if rule.plugin is None else [rule.family, rule.plugin.source]
    # The site has no page for a plug-in's rule; `help` contains its whole documentation.
    where = {"helpUri": f"{INFORMATION}rules/{rule.id}/"} if rule.plugin is None else {}
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": _short(rule.title)},
        "fullDescription": {"text": _short(" ".join(page.split("\n## ", 1)[0].split()))},
        "help": {"text": page, "markdown": page},
        **where,
        "defaultConfiguration": {"level": _LEVELS[rule.severity], "enabled": rule.default},
        "properties": {
            "tags": tags,
            "precision": "very-high",
            "problem.severity": _PROBLEM[rule.severity],
        },
    }


def _short(text: str) -> str:
    return text if len(text) <= _DESCRIPTION else text[: _DESCRIPTION - 1] + "…"


def _result(
    finding: Finding, waived: Waived | None, report: Report, rules: dict[str, int]
) -> dict[str, Any]:
    span = finding.span
    text = finding.message + (f" ({finding.help})" if finding.help else "")
    fingerprints = {"evalpolicyFinding/v1": finding.fingerprint}
    line_hash = report.line_hashes.get((finding.path, span.line))
    if line_hash is not None:
        fingerprints["primaryLocationLineHash"] = line_hash
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": message(text)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(report.prefix, finding.path),
                    "region": {
                        "startLine": span.line,
                        "startColumn": span.column,
                        "endLine": span.end_line,
                        "endColumn": span.end_column,
                    },
                }
            }
        ],
        "partialFingerprints": fingerprints,
        "properties": {"cause": finding.cause_id},
        "suppressions": [] if waived is None else [_suppression(waived)],
    }


def _suppression(waived: Waived) -> dict[str, Any]:
    return {
        "kind": "inSource" if waived.by == "comment" else "external",
        "status": "accepted",
        "justification": portable(waived.reason),
    }


def _notifications(report: Report, left_out: int) -> list[dict[str, Any]]:
    found = [_notification(problem, report.prefix) for problem in report.problems[:_NOTIFICATIONS]]
    if left_out:
        found.append(
            {
                "level": "warning",
                "message": {
                    "text": f"left out: {count(left_out, 'result')} of lower severity. GitHub "
                    f"accepts {RESULTS:,} per run and {COMPRESSED // 1_000_000} MB compressed"
                },
            }
        )
    return found


def _judged_by(report: Report) -> dict[str, Any]:
    told = [{"level": "note", "message": {"text": message(text)}} for text in sentences(report)]
    return {"toolConfigurationNotifications": told} if told else {}


def _notification(problem: FileProblem, prefix: str) -> dict[str, Any]:
    location = {
        "artifactLocation": _artifact(prefix, problem.path),
        "region": {"startLine": problem.line},
    }
    return {
        "level": "error",
        "message": {"text": message(f"not checked: {problem.message}")},
        "locations": [{"physicalLocation": location}],
    }


def _artifact(prefix: str, path: str) -> dict[str, str]:
    """Relative to the repository; a baseline that the user named may be elsewhere."""
    if path.startswith("/"):
        return {"uri": f"file://{uri(path)}"}
    return {"uri": uri(prefix + path), "uriBaseId": "%SRCROOT%"}


def uri(path: str) -> str:
    """A path as a relative reference (RFC 3986), with special bytes as `%XX`."""
    return quote(encode_path(path), safe="/")


# Brackets would start a link in a plain message (SARIF 3.11.6).
_BRACKETS = re.compile(r"[\\\[\]]")


def message(text: str) -> str:
    from evalpolicy.reporters.safe import shown

    return "" if not text else _BRACKETS.sub(r"\\\g<0>", shown(text))


__all__: Sequence[str] = ["COMPRESSED", "RESULTS", "render", "uri"]
