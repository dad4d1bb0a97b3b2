"""What to do first: findings by rule, each rule one job, the most urgent first."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from evalpolicy.policy.causes import Cause
from evalpolicy.policy.commands import commands
from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import SEVERITIES, Finding, Rule, Severity


class FixJob(Struct, frozen=True):
    """All findings of one rule, by cause, the largest first. `severity` is the worst of them.

    `commands` fix findings: each all of them, or (`one_each`) one after the other. `fixable`
    are the findings that `evalpolicy check --fix` fixes. `help` is what all findings share; empty
    where they differ.
    """

    rule: Rule
    severity: Severity
    causes: tuple[Cause, ...]
    findings: tuple[Finding, ...]
    commands: tuple[str, ...]
    one_each: bool
    fixable: int
    files: int
    help: str


def jobs(report: Report) -> list[FixJob]:
    """In the order of the causes (see `evalpolicy.policy.causes`)."""
    of_rule: dict[str, list[Cause]] = {}
    for cause in report.causes:
        of_rule.setdefault(cause.rule, []).append(cause)
    rules = {rule.id: rule for rule in report.rules}
    return [_job(rules[id], causes) for id, causes in of_rule.items() if id in rules]


def _job(rule: Rule, causes: Sequence[Cause]) -> FixJob:
    findings = tuple(finding for cause in causes for finding in cause.findings)
    worst = min((finding.severity for finding in findings), key=SEVERITIES.index)
    offered, one_each = commands(findings)
    fixable = sum(finding.fixable for finding in findings)
    files = len({finding.path for finding in findings})
    helps = {finding.help for finding in findings}
    help = helps.pop() if len(helps) == 1 else ""
    return FixJob(rule, worst, tuple(causes), findings, offered, one_each, fixable, files, help)
