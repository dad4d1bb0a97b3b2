"""The outcome of one check, which every reporter gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct, field

from evalpolicy.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_NOT_CHECKED
from evalpolicy.policy.causes import Cause, causes
from evalpolicy.policy.rule import SEVERITIES, Finding, Rule, Severity
from evalpolicy.snapshot import Kind

FailOn = Literal["error", "warning", "note", "never"]


class Checked(NamedTuple):
    """How much was checked."""

    files: int = 0
    dockerfiles: int = 0
    benchmarks: int = 0
    agents: int = 0
    fixtures: int = 0
    rules: int = 0


class FileProblem(NamedTuple):
    """A file, or a part of one, that could not be checked."""

    path: str
    line: int
    message: str


class Waived(NamedTuple):
    """A finding that a comment, an allowance or the baseline waives, and why."""

    finding: Finding
    by: Literal["comment", "allowance", "baseline"]
    reason: str


class JudgedBy(NamedTuple):
    """Whose policy judged a submission, and the findings that its own waivers would suppress.

    `base`: the merge base's. `adopted`: its own, for the base has no judge. `accepted`: its own,
    for somebody accepted that. `unreadable`: its own, for the base's cannot be read.
    """

    origin: Literal["base", "adopted", "accepted", "unreadable"]
    refused: Sequence[Waived] = ()


class Report(Struct, frozen=True):
    """Findings sorted by path, line, column and rule; problems sorted by path and line.

    `excerpts` holds the source line of each (path, line) that a finding points at, as far as it
    could be read. `prefix` leads from the top of the repository to the fleet's root. `waived`
    are the findings that were taken back. `line_hashes` are what GitHub names such a line by,
    where they were asked for. `base` is the merge base that the submission rules compared with,
    if they did, and `judged_by` states whose policy counted then. `paths` are those that the report
    is narrowed to, if it is. `without_units` is true where the layout finds no unit and no fixture:
    only rules that need none had anything to judge.
    """

    kind: Kind
    revision: str | None
    prefix: str
    place: str
    checked: Checked
    rules: Sequence[Rule]
    findings: Sequence[Finding]
    problems: Sequence[FileProblem] = ()
    excerpts: Mapping[tuple[str, int], str] = field(default_factory=dict)
    waived: Sequence[Waived] = ()
    line_hashes: Mapping[tuple[str, int], str] = field(default_factory=dict)
    base: str | None = None
    judged_by: JudgedBy | None = None
    paths: Sequence[str] = ()
    without_units: bool = False

    @property
    def summary(self) -> dict[Severity, int]:
        """How many findings there are of each severity, worst first."""
        counted = Counter(finding.severity for finding in self.findings)
        return {severity: counted[severity] for severity in SEVERITIES}

    @property
    def causes(self) -> list[Cause]:
        """What the findings come down to, the most urgent first."""
        return causes(self.findings)

    @property
    def suppressed(self) -> int:
        """How many findings comments and allowances waive."""
        return len(self.waived) - self.baselined

    @property
    def baselined(self) -> int:
        return sum(item.by == "baseline" for item in self.waived)

    def exit_code(self, fail_on: FailOn) -> int:
        """3 if anything could not be checked, else 1 for findings at or above `fail_on`, else 0."""
        if self.problems:
            return EXIT_NOT_CHECKED
        if fail_on == "never":
            return EXIT_CLEAN
        bad = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        return EXIT_FINDINGS if any(f.severity in bad for f in self.findings) else EXIT_CLEAN
