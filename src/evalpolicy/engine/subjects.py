"""What rules are called for: the fleet, a unit, a Dockerfile; and the ground that each stands on.

The ground is what a rule may know of its subject without a look at a file: which files and units
there are.
"""

from __future__ import annotations

from functools import cached_property

from evalpolicy import errors
from evalpolicy.engine.remembering import Subject
from evalpolicy.facts.facts import Facts
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Place, Unit
from evalpolicy.policy.rule import Rule
from evalpolicy.snapshot.cache import key

# A submission is judged once, and so are replays; what they rest on (commits, messages, events,
# what containers did) is in no snapshot.
_JUDGED_ONCE = frozenset({"change", "comparison", "submitted_files", "replays"})


def is_judged_once(rule: Rule) -> bool:
    """Whether what a rule finds is not kept: what a plug-in's rule looks at is unknown, too."""
    return rule.plugin is not None or not _JUDGED_ONCE.isdisjoint(rule.needs)


class Subjects:
    """The subjects of one check."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def fleet(self, family: str) -> Subject:
        """The fleet for the rules of one family."""
        return Subject(f"fleet {family} {self._config}", None, self._ground_of_fleet, {})

    def dockerfile(self, place: Place) -> Subject:
        given = {"dockerfile": lambda: place.dockerfile, "place": lambda: place}
        return Subject(f"dockerfile {self._layout}", place.path, key(place.role), given)

    def unit(self, unit: Unit) -> Subject:
        unit_context = UnitContext(self._facts.fleet, unit)
        given = {"unit": lambda: unit, "unit_context": lambda: unit_context}
        ground = None
        if self._ground_of_units is not None:
            entries = self._facts.snapshot.entries
            files = [(path, entries[path].mode) for path in unit_context.paths]
            ground = key(unit.role, unit.placed, files, self._ground_of_units)
        return Subject(f"unit {self._layout}", unit.path, ground, given)

    @cached_property
    def _config(self) -> str:
        return key(repr(self._facts.config))

    @cached_property
    def _layout(self) -> str:
        return key(repr(self._facts.layout))

    @cached_property
    def _ground_of_fleet(self) -> str | None:
        """Equal as long as the listing and which units there are do not change."""
        if not self._facts.cache.keeps:
            return None
        fleet = self._facts.fleet
        units = [(unit.path, unit.role, unit.placed) for unit in fleet.units]
        return key(self._facts.snapshot.listing_id, units, list(fleet.dockerfiles))

    @cached_property
    def _ground_of_units(self) -> str | None:
        """Equal as long as what all units share does not change; None if it is unknown."""
        if not self._facts.cache.keeps:
            return None
        fleet = self._facts.fleet
        try:
            return key(sorted(fleet.images), fleet.bake_paths, self._facts.contracts.id)
        except errors.PASSED:
            raise
        except Exception as error:  # noqa: BLE001 - then their rules are run, and say what they lack
            errors.noted(error)
            return None
