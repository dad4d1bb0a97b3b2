"""The policy in force: the configuration, the contracts and the waivers that a run goes by.

Without a submission they are the checked state's own. A submission does not judge itself: what
decides what is judged and what is waived counts as it stands at the merge base, and what the
submission adds takes effect once it is merged. SUB012 reports what the submission loosens.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.config.reading import Config, Layout, load
from evalpolicy.engine.waivers import baseline as baselines
from evalpolicy.engine.waivers.allowances import Allowances
from evalpolicy.engine.waivers.baseline import Baseline, Row
from evalpolicy.errors import UsageError
from evalpolicy.rules.selection import RuleSet, rule_set
from evalpolicy.snapshot import Snapshot

if TYPE_CHECKING:
    from evalpolicy.engine.waivers.standing_comments import StandingComments
    from evalpolicy.engine.waivers.suppressions import Suppression
    from evalpolicy.policy.rule import Finding
    from evalpolicy.snapshot.submission.change import Change, Comparison

Origin = Literal["own", "base", "adopted", "accepted", "unreadable"]
"""Whose policy it is: the checked state's own, where there is no submission, where the base has no
judge (`adopted`), where somebody accepted the change (`accepted`) or where the base's cannot be
read (`unreadable`); else the base's."""

# What these globs find is judged: a submission is judged by what the base's or its own find.
JUDGED_GLOBS = (
    "benchmarks", "agents", "models", "gateways", "core", "dockerfiles", "fixtures", "bake",
    "compose", "documents",
)  # fmt: skip


class InForce(Struct, frozen=True):
    """`config` counts; `own` is what the checked state holds, with the rules that it `knows`.

    `baseline` is the checked state's own (or the one that the user named), of which `honoured`
    says what counts; it is None where everything does. `state` is where contracts are read.
    `base` is the policy at the base, as written, where it counts. `problem` says why it cannot be
    read.
    """

    origin: Origin
    config: Config
    own: Config
    known: RuleSet
    own_known: RuleSet
    state: Snapshot
    baseline: Baseline | None = None
    honoured: Honoured | None = None
    base: Config | None = None
    problem: str = ""


class Honoured:
    """Which waivers of a submission stand at the base as well; the others hide nothing."""

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

    def times(self, row: Row) -> int:
        """How often the base's baseline lets a finding occur; a moved file takes its rows along."""
        return self.rows.get(row, 0)

    @cached_property
    def rows(self) -> Mapping[Row, int]:
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
        from evalpolicy.engine.waivers.standing_comments import StandingComments

        return StandingComments(self._comparison, self._state, self._checked, self._layout)


def in_force(
    snapshot: Snapshot,
    own: Config,
    change: Change | None,
    *,
    known: RuleSet | None = None,
    baseline: Baseline | None = None,
    accepted: bool = False,
) -> InForce:
    """What judges `snapshot`, whose own configuration is `own`, as the state after `change`.

    `known` are the rules that there are, if not those of the configuration in force. `baseline`
    is one that the user named. `accepted`: the change of policy was accepted from outside.
    Raises `UsageError` for what is wrong in the checked state's own.
    """
    comparison = change.comparison if change is not None else None
    if comparison is None or accepted:
        origin: Origin = "own" if comparison is None else "accepted"
        return _own(origin, snapshot, own, known, baseline)
    from evalpolicy.engine.judges import judging_state

    state = judging_state(comparison)
    if state is None:
        return _own("adopted", snapshot, own, known, baseline)
    try:
        base = load(state)
        rules = rule_set(base.plugins) if known is None else known
        allowances = _checked(base, state, rules)
        rows = _base_baseline(comparison, state, baseline)
    except UsageError as reason:
        problem = (
            f"the policy at the merge base cannot be read, so nothing says what this submission "
            f"is judged by: {reason}; correct it in a submission of its own, accepted with "
            "--accept-policy-changes"
        )
        return replace(_own("unreadable", snapshot, own, known, baseline), problem=problem)
    if state is not comparison.before:
        # The merge keeps what the submission did not bring.
        own = base if own.source is None else own
        baseline = baseline or baselines.load(snapshot) or rows
    layout = _both(base.layout, own.layout, snapshot)
    added = [name for name in own.plugins if name not in base.plugins]
    return InForce(
        "base",
        replace(base, layout=layout, replay_table=own.replay_table),
        own,
        rules,
        rules.without(added, "not loaded until it is merged") if added else rules,
        state,
        baselines.load(snapshot) if baseline is None else baseline,
        Honoured(comparison, state, snapshot, layout, allowances, rows),
        base,
    )


def _moved(row: Row, path: str) -> Row:
    """A row of a file that moved: its subject may be the file, or a folder on the way to it."""
    parts = row.path.split("/"), path.split("/")
    named = dict(zip(*parts, strict=True)) if len(parts[0]) == len(parts[1]) else {}
    subject = path if row.subject == row.path else named.get(row.subject, row.subject)
    return row._replace(path=path, subject=subject)


def _own(
    origin: Origin,
    snapshot: Snapshot,
    own: Config,
    known: RuleSet | None,
    baseline: Baseline | None,
) -> InForce:
    rules = rule_set(own.plugins) if known is None else known
    rows = baselines.load(snapshot) if baseline is None else baseline
    return InForce(origin, own, own, rules, rules, snapshot, rows)


def _checked(base: Config, state: Snapshot, known: RuleSet) -> Allowances:
    """The base's allowances. Raises `UsageError` for what is wrong in its configuration."""
    from evalpolicy.engine.selection import levels_of

    levels_of(base, known)
    if base.contracts:
        from evalpolicy.facts.label_contracts import Contracts
        from evalpolicy.snapshot.cache import Cache

        Contracts(base, state, Cache(None)).schemas  # noqa: B018 - read to see that it can be
    return Allowances(base.allowances, base.source, state, known)


def _base_baseline(
    comparison: Comparison, state: Snapshot, named: Baseline | None
) -> Baseline | None:
    """The baseline as the base has it; one that the user names counts as it is if git has it not.

    A file that is tracked is the submission's word, whoever names it.
    """
    if named is None:
        return baselines.load(state)
    parts = named.path.split("/")
    above = {"/".join(parts[:n]) for n in range(1, len(parts) + 1)}
    for entries in (comparison.after.entries, state.entries):
        if any((entry := entries.get(path)) and entry.oid is not None for path in above):
            return baselines.load(state, named.path)
    return named


def _both(base: Layout, own: Layout, checked: Snapshot) -> Layout:
    """The layout that judges what either of the two does: nothing is hidden by narrowing."""
    if own == base:
        return base
    merged = {
        name: tuple(dict.fromkeys((*getattr(base, name), *getattr(own, name))))
        for name in JUDGED_GLOBS
    }
    # A file that moved is where the submission says that it is.
    there = {
        name: getattr(base if getattr(base, name) in checked.entries else own, name)
        for name in ("provenance", "broken")
    }
    return replace(base, **merged, **there)
