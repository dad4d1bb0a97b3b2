"""What to do first: findings by rule, each rule one job, the most urgent first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import SEVERITIES, Finding, Rule, Severity

_COMMAND = re.compile("`(evalpolicy [^`]+)`")
# A command is there to be copied into a shell: what is not plainly words is not offered as one.
_PLAIN = re.compile(r"evalpolicy(?: [A-Za-z0-9_./:=@%+,-]+)+")
_PLACEHOLDER = re.compile(r"(?<![^ ])[A-Z]+(?![^ ])")
# These only inspect and fix nothing.
_LOOKING = (
    "check", "explain", "rules", "fleet", "fixtures list", "fixtures show", "fixtures scan",
    "gitleaks explain", "provenance verify", "baseline show", "replay plan",
)  # fmt: skip
MOST_COMMANDS = 100
"""At most so many commands that fix one finding each are offered; there may be thousands."""


class Job(Struct, frozen=True):
    """All findings of one rule. `severity` is the worst of them.

    `commands` fix findings: each all of them, or (`one_each`) one after the other. `fixable`
    are the findings that `evalpolicy check --fix` fixes. `help` is what all findings share; empty
    where they differ.
    """

    rule: Rule
    severity: Severity
    findings: tuple[Finding, ...]
    commands: tuple[str, ...]
    one_each: bool
    fixable: int
    files: int
    help: str


def jobs(report: Report) -> list[Job]:
    """Sort key: credentials, then errors, then what a command fixes, then the most findings."""
    of_rule: dict[str, list[Finding]] = {}
    for finding in report.findings:
        of_rule.setdefault(finding.rule, []).append(finding)
    rules = {rule.id: rule for rule in report.rules}
    made = [_job(rules[id], found) for id, found in of_rule.items() if id in rules]
    return sorted(made, key=_urgency)


def _urgency(job: Job) -> tuple[int, bool, bool, int, str]:
    return (
        SEVERITIES.index(job.severity),
        job.rule.family != "SEC",
        not job.commands,
        -len(job.findings),
        job.rule.id,
    )


def _job(rule: Rule, findings: Sequence[Finding]) -> Job:
    worst = min((finding.severity for finding in findings), key=SEVERITIES.index)
    fixes = [finding.fix for finding in findings if finding.fix is not None]
    commands: tuple[str, ...] = ()
    one_each = False
    if fixes:
        guess = "" if any(fix.safe for fix in fixes) else " --unsafe-fixes"
        commands = (f"evalpolicy check --select {rule.id} --fix{guess}",)
    else:
        commands, one_each = _told(findings)
    files = len({finding.path for finding in findings})
    helps = {finding.help for finding in findings}
    help = helps.pop() if len(helps) == 1 else ""
    return Job(rule, worst, tuple(findings), commands, one_each, len(fixes), files, help)


def _told(findings: Sequence[Finding]) -> tuple[tuple[str, ...], bool]:
    """The commands in the findings' help, and whether each fixes one of them."""
    offered = [dict.fromkeys(_mending(finding)) for finding in findings]
    shared = [command for command in offered[0] if all(command in others for others in offered)]
    whole = [command for command in shared if not _PLACEHOLDER.search(command)]
    if whole or shared:
        return tuple(whole or shared), False
    distinct = dict.fromkeys(command for commands in offered for command in commands)
    return tuple(distinct)[:MOST_COMMANDS], True


def _mending(finding: Finding) -> Iterable[str]:
    for command in _COMMAND.findall(f"{finding.help}\0{finding.message}"):
        words = command.removeprefix("evalpolicy ")
        if is_plain(command) and not words.startswith(_LOOKING):
            yield command


def is_plain(command: str) -> bool:
    """Whether a command is the same in every shell: nothing in it needs quoting."""
    return _PLAIN.fullmatch(command) is not None
