"""What changed since an earlier JSON report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from evalpolicy.errors import UsageError
from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import SEVERITIES


class EarlierFinding(NamedTuple):
    """A finding as a JSON report has it."""

    rule: str
    name: str
    severity: str
    path: str
    message: str
    fingerprint: str


class EarlierReport(NamedTuple):
    """An earlier report; `revision` is empty where it was not of a commit."""

    file: str
    tool: str
    revision: str
    rules: int
    findings: tuple[EarlierFinding, ...]

    @property
    def summary(self) -> Mapping[str, int]:
        counted = Counter(finding.severity for finding in self.findings)
        return {severity: counted[severity] for severity in SEVERITIES}


class Trend(Struct, frozen=True):
    """`new` are places in the report's findings; `gone` are findings of the earlier one."""

    earlier: EarlierReport
    new: frozenset[int]
    gone: tuple[EarlierFinding, ...]
    by_rule: Mapping[str, tuple[int, int]]
    """Each rule that either report has findings of → how many then, and now."""


def read(content: bytes, file: str) -> EarlierReport:
    """The JSON report (version 1) in `content`. Raises `UsageError` for anything else."""
    try:
        document = json.loads(content)
        if document["version"] != "1":
            raise UsageError(f"{file}: a report of version {document['version']!r}; 1 is known")
        return EarlierReport(
            file,
            _text(document["tool"], "version"),
            document["snapshot"]["revision"] or "",
            int(document["checked"]["rules"]),
            tuple(
                EarlierFinding(*(_text(row, field) for field in EarlierFinding._fields))
                for row in document["findings"]
            ),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{file} is not a JSON report of evalpolicy: write one with "
            "`evalpolicy check --format json=FILE`"
        ) from error


def _text(row: dict[str, Any], field: str) -> str:
    value = row[field]
    if not isinstance(value, str):
        raise TypeError(field)
    return value


def compare(report: Report, earlier: EarlierReport) -> Trend:
    """Findings are the same where their fingerprints are; lines and messages may have moved."""
    left = Counter(finding.fingerprint for finding in earlier.findings)
    new = set()
    for number, finding in enumerate(report.findings):
        if left[finding.fingerprint]:
            left[finding.fingerprint] -= 1
        else:
            new.add(number)
    gone = []
    for before in reversed(earlier.findings):
        if left[before.fingerprint]:
            left[before.fingerprint] -= 1
            gone.append(before)
    then = Counter(finding.rule for finding in earlier.findings)
    now = Counter(finding.rule for finding in report.findings)
    by_rule = {rule: (then[rule], now[rule]) for rule in sorted(then.keys() | now.keys())}
    return Trend(earlier, frozenset(new), tuple(reversed(gone)), by_rule)
