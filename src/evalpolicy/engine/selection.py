"""The rules of a run and their levels: what is selected, configured and can be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evalpolicy.config.reading import Level
from evalpolicy.errors import UsageError
from evalpolicy.facts.levels import levels_of
from evalpolicy.policy.rule import Rule
from evalpolicy.policy.selection import KnownRules, matching, select

if TYPE_CHECKING:
    from evalpolicy.facts.in_force import InForce
    from evalpolicy.facts.replays.replayed import Replayed
    from evalpolicy.snapshot.submission.change import Submission

GATE_WEAKENED = "SUB012"
"""The rule that judges how a submission changes its own policy."""


def levels_in_force(policy: InForce) -> dict[str, Level]:
    """The level of each rule that the policy in force configures, by id.

    Raises `UsageError` for what is wrong in the checked state's own as well: it would be wrong once
    it is merged.
    """
    levels = levels_of(policy.config, policy.known)
    if policy.checked_config is not policy.config:
        levels_of(policy.checked_config, policy.checked_rules)
    if policy.origin in ("accepted", "unreadable"):
        # The submission cannot disable what decides whether it may be accepted.
        levels.pop(GATE_WEAKENED, None)
    return levels


def selected(
    levels: Mapping[str, Level], chosen: Sequence[str], ignored: Sequence[str], known: KnownRules
) -> list[Rule]:
    """The rules to run. What configuration switched off runs only if its own id is chosen.

    Raises `UsageError` if none is left.
    """
    on = [id for id, level in levels.items() if level != "off"]
    by_id = {only[0].id for word in chosen if len(only := matching(word, known)) == 1}
    rules = [
        rule
        for rule in select(chosen, ignored, on, known)
        if levels.get(rule.id) != "off" or rule.id in by_id
    ]
    if not rules:
        raise UsageError("no rule is left to run: see --select, --ignore and [rules]")
    return rules


def judging(
    rules: list[Rule],
    chosen: Sequence[str],
    change: Submission | None,
    replays: Sequence[Replayed] | None,
    known: KnownRules,
) -> list[Rule]:
    """Those of the rules that have what they judge.

    Raises `UsageError` if one was chosen that has not, or none is left.
    """
    replayed = replays is not None
    able = [rule for rule in rules if rule.judges(change, replayed)]
    for word in chosen:
        meant = matching(word, known)
        if not any(rule.judges(change, replayed) for rule in meant):
            if any(rule.on_replays for rule in meant):
                raise UsageError(f"--select {word}: replays are judged by `evalpolicy replay run`")
            need = "--base or --event" if change else "--base, --message or --event"
            raise UsageError(f"--select {word}: a submission is judged with {need}")
    if not able:
        raise UsageError("no rule is left to run: see --select, --ignore and --base")
    return able
