"""Findings by what they have in common, so that a report says each thing once."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.policy.commands import commands, is_whole
from evalpolicy.policy.rule import SEVERITIES, Finding, Severity
from evalpolicy.policy.urgency import urgency


class Cause(Struct, frozen=True):
    """Findings of one rule with one reason (see `Hit.cause`).

    `findings` are sorted, and `first` is the first of the worst severity, which is the cause's.
    `commands` fix them: each all of them, or (`one_each`) one after the other. `fixable` counts
    those that `evalpolicy check --fix` fixes. `urgency` is the place among
    `evalpolicy.policy.urgency.CONCERNS`.
    """

    id: str
    findings: tuple[Finding, ...]
    first: Finding
    commands: tuple[str, ...]
    one_each: bool
    fixable: int
    urgency: int

    @property
    def rule(self) -> str:
        return self.first.rule

    @property
    def severity(self) -> Severity:
        return self.first.severity

    @property
    def files(self) -> int:
        return len({finding.path for finding in self.findings})

    @property
    def command(self) -> str:
        """The one command that fixes all of them; empty if there is none."""
        only = len(self.commands) == 1 and (not self.one_each or len(self.findings) == 1)
        return self.commands[0] if only and is_whole(self.commands[0]) else ""

    @property
    def others(self) -> str:
        """How many more there are: `and 3 more in 2 files`; empty if there are none."""
        left = [finding for finding in self.findings if finding is not self.first]
        if not left:
            return ""
        files = {finding.path for finding in left}
        where = "this file" if files == {self.first.path} else counted(len(files), "file")
        return f"and {len(left):,} more in {where}"


def causes(findings: Iterable[Finding]) -> list[Cause]:
    """The causes of findings, the most urgent first; each finding belongs to exactly one.

    All causes of a rule stand together. Rules are sorted by urgency, then by their worst severity,
    then by their number of findings; of one rule, the largest cause comes first.
    """
    members: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: finding.order):
        members.setdefault(finding.cause_id, []).append(finding)
    of_rule: dict[str, list[list[Finding]]] = {}
    for found in members.values():
        of_rule.setdefault(found[0].rule, []).append(found)
    places = {rule: _place(rule, of) for rule, of in of_rule.items()}
    made = [_cause(id, found, places[found[0].rule][0]) for id, found in members.items()]
    return sorted(
        made,
        key=lambda cause: (
            places[cause.rule],
            SEVERITIES.index(cause.severity),
            -len(cause.findings),
            cause.first.order,
            cause.id,
        ),
    )


def _place(rule: str, causes: list[list[Finding]]) -> tuple[int, int, int, str]:
    """Sorts rules: by urgency, the worst severity, the number of findings, the id."""
    findings = [finding for found in causes for finding in found]
    fixable = any(finding.fix is not None and finding.fix.safe for finding in findings)
    worst = min(SEVERITIES.index(finding.severity) for finding in findings)
    return urgency(rule, fixable=fixable), worst, -len(findings), rule


def _cause(id: str, findings: list[Finding], urgency: int) -> Cause:
    first = min(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    offered, one_each = commands(findings)
    fixable = sum(finding.fixable for finding in findings)
    return Cause(id, tuple(findings), first, offered, one_each, fixable, urgency)
