"""The policy in force: the configuration, the contracts and the waivers that a run goes by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from evalpolicy.config.reading import Config, Layout
from evalpolicy.facts.waivers.allowances import Allowances
from evalpolicy.facts.waivers.baseline import Baseline, BaselineRow
from evalpolicy.policy.selection import KnownRules
from evalpolicy.snapshot import Snapshot

if TYPE_CHECKING:
    from evalpolicy.facts.waivers.standing_comments import StandingComments
    from evalpolicy.facts.waivers.suppressions import Suppression
    from evalpolicy.policy.rule import Finding
    from evalpolicy.snapshot.submission.change import Comparison

Origin = Literal["own", "base", "adopted", "accepted", "unreadable"]
"""Whose policy it is: the checked state's own, where there is no submission, where the base has no
judge (`adopted`), where somebody accepted the change (`accepted`) or where the base's cannot be
read (`unreadable`); else the base's."""


class InForce(Struct, frozen=True):
    """`config` counts; `checked_config` is what the checked state holds, with the rules that it
    `knows`.

    `baseline` is the checked state's own (or the one that the user named), of which `honoured`
    states what counts; it is None where everything does. `state` is where contracts are read.
    `base` is the policy at the base, as written, where it counts. `problem` states why it cannot be
    read.
    """

    origin: Origin
    config: Config
    checked_config: Config
    known: KnownRules
    checked_rules: KnownRules
    state: Snapshot
    baseline: Baseline | None = None
    honoured: Honoured | None = None
    base: Config | None = None
    problem: str = ""


class Honoured:
    """Which waivers of a submission also exist at the base; the others have no effect."""

    def __init__(
        self,
        comparison: Comparison,
        state: Snapshot,
        checked: Snapshot,
        layout: Layout,
        allowances: Allowances,
        baseline: Baseline | None,
    ) -> None:
        self._comparison = comparison
        self._state = state
        self._checked = checked
        self._layout = layout
        self._allowances = allowances
        self._baseline = baseline

    def comment(self, item: Suppression, selector: str) -> bool:
        """Whether a comment with this word in its brackets stands in the base's file."""
        return self._comments.stood(item, selector)

    def allows(self, finding: Finding) -> bool:
        """Whether an allowance of the base covers the finding."""
        return self._allowances.covers(finding) is not None

    def times(self, row: BaselineRow) -> int:
        """How often the base's baseline allows a finding; a moved file keeps its rows."""
        return self.rows.get(row, 0)

    @cached_property
    def rows(self) -> Mapping[BaselineRow, int]:
        """The base's rows, for the paths that their files have now."""
        rows = dict(self._baseline.rows) if self._baseline is not None else {}
        moved = {
            change.old_path: change.path
            for change in self._comparison.changes
            if change.status == "renamed" and change.same_content
        }
        for row, count in list(rows.items()) if moved else ():
            if row.path in moved:
                now = _moved(row, moved[row.path])
                rows[now] = rows.get(now, 0) + count
        return rows

    @cached_property
    def _comments(self) -> StandingComments:
        from evalpolicy.facts.waivers.standing_comments import StandingComments

        return StandingComments(self._comparison, self._state, self._checked, self._layout)


def _moved(row: BaselineRow, path: str) -> BaselineRow:
    """A row of a file that moved: its subject may be the file, or a folder on the way to it."""
    parts = row.path.split("/"), path.split("/")
    named = dict(zip(*parts, strict=True)) if len(parts[0]) == len(parts[1]) else {}
    subject = path if row.subject == row.path else named.get(row.subject, row.subject)
    return row._replace(path=path, subject=subject)
