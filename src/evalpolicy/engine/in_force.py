"""The policy in force: the configuration, the contracts and the waivers that a run goes by.

Without a submission they are the checked state's own. A submission does not judge itself: what
decides what is judged and what is waived counts as it stands at the merge base, and what the
submission adds takes effect once it is merged. SUB012 reports what the submission loosens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from evalpolicy.config.reading import Config, Layout, load
from evalpolicy.errors import UsageError
from evalpolicy.facts.in_force import Honoured, InForce, Origin
from evalpolicy.facts.waivers import baseline as baselines
from evalpolicy.facts.waivers.allowances import Allowances
from evalpolicy.facts.waivers.baseline import Baseline
from evalpolicy.policy.selection import KnownRules
from evalpolicy.rules.loading import rule_set
from evalpolicy.snapshot import Snapshot

if TYPE_CHECKING:
    from evalpolicy.snapshot.submission.change import Comparison, Submission

# What these globs find is judged: a submission is judged by what the base's or its own find.
JUDGED_GLOBS = (
    "benchmarks", "agents", "models", "gateways", "core", "dockerfiles", "fixtures", "bake",
    "compose", "documents",
)  # fmt: skip


def in_force(
    snapshot: Snapshot,
    own: Config,
    change: Submission | None,
    *,
    known: KnownRules | None = None,
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
        rules: KnownRules = rule_set(base.plugins) if known is None else known
        allowances = _checked(base, state, rules)
        rows = _base_baseline(comparison, state, baseline)
    except UsageError as reason:
        problem = (
            f"the policy at the merge base cannot be read, so this submission cannot be "
            f"checked: {reason}; correct it in a separate submission, accepted with "
            "--accept-policy-changes"
        )
        return replace(_own("unreadable", snapshot, own, known, baseline), problem=problem)
    if state is not comparison.before:
        # The merge keeps what the submission did not add.
        own = base if own.source is None else own
        baseline = baseline or baselines.load(snapshot) or rows
    layout = _both(base.layout, own.layout, snapshot)
    added = [name for name in own.plugins if name not in base.plugins]
    return InForce(
        "base",
        replace(base, layout=layout, replay_table=own.replay_table),
        own,
        rules,
        rules.without(added, "only loaded once it is merged") if added else rules,
        state,
        baselines.load(snapshot) if baseline is None else baseline,
        Honoured(comparison, state, snapshot, layout, allowances, rows),
        base,
    )


def _own(
    origin: Origin,
    snapshot: Snapshot,
    own: Config,
    known: KnownRules | None,
    baseline: Baseline | None,
) -> InForce:
    rules: KnownRules = rule_set(own.plugins) if known is None else known
    rows = baselines.load(snapshot) if baseline is None else baseline
    return InForce(origin, own, own, rules, rules, snapshot, rows)


def _checked(base: Config, state: Snapshot, known: KnownRules) -> Allowances:
    """The base's allowances. Raises `UsageError` for what is wrong in its configuration."""
    from evalpolicy.facts.levels import levels_of

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
    # A moved file is where the submission has it.
    there = {
        name: getattr(base if getattr(base, name) in checked.entries else own, name)
        for name in ("provenance", "broken")
    }
    return replace(base, **merged, **there)
