"""What comes first, in every report and in the guide to adopting evalpolicy."""

from __future__ import annotations

from typing import NamedTuple

FIXES = "fixes"
"""Stands in `Concern.rules` for every rule with a finding that `check --fix` removes."""


class Concern(NamedTuple):
    """What some rules are about. `rules` are ids and families."""

    title: str
    rules: tuple[str, ...]


CONCERNS = (
    # While a gate sees nothing, nobody knows what else is wrong.
    Concern("Gates that see nothing", ("GAT", "GLK", "SUB012", "FIX014", "FIX030")),
    Concern("Credentials", ("SEC",)),
    Concern("Data that changes under a fixed label", ("HYG006", "LBL008", "LBL009")),
    Concern("Recordings by another agent", ("FIX006",)),
    Concern("Automatic fixes", (FIXES,)),
    Concern("Provenance", ("PRV",)),
    Concern("The rest", ()),
)
"""The most urgent first; a rule belongs to the first that names it, or to the last."""


def urgency(rule: str, *, fixable: bool) -> int:
    """The place in `CONCERNS` of a rule's findings (0 is the most urgent)."""
    names = {rule, rule[:3], *((FIXES,) if fixable else ())}
    last = len(CONCERNS) - 1
    return next((n for n, one in enumerate(CONCERNS) if not names.isdisjoint(one.rules)), last)
