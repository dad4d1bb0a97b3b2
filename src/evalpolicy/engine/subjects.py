"""What rules are called for: the fleet, a unit, a Dockerfile; and the ground that each stands on.

The ground is what a rule may know of its subject without a look at a file: which files and units
there are.
"""

from __future__ import annotations

from evalpolicy import errors
from evalpolicy.engine.remembering import Subject
from evalpolicy.facts.facts import Facts
from evalpolicy.fleet.surroundings import Surroundings
from evalpolicy.fleet.units import Place, Unit
from evalpolicy.policy.rule import Rule
from evalpolicy.snapshot.cache import key

# A submission is judged once, and so are replays; what they rest on (commits, messages, events,
# what containers did) is in no snapshot.
_JUDGED_ONCE = frozenset({"change", "comparison", "submitted", "replays"})


def is_judged_once(rule: Rule) -> bool:
    """Whether what a rule finds is not kept: nobody knows what a plug-in's rule looks at, too."""
    return rule.plugin is not None or not _JUDGED_ONCE.isdisjoint(rule.needs)


def of_fleet(facts: Facts, family: str) -> Subject:
    """The fleet for the rules of one family."""
    return Subject(f"fleet {family}", None, _listed(facts) if facts.cache.keeps else None, {})


def _listed(facts: Facts) -> str:
    """Equal as long as the listing and which units there are do not change."""
    fleet = facts.fleet
    units = [(unit.path, unit.role, unit.placed) for unit in fleet.units]
    return key(facts.snapshot.listing_id, units, list(fleet.dockerfiles))


def of_dockerfile(place: Place) -> Subject:
    given = {"dockerfile": lambda: place.dockerfile, "place": lambda: place}
    return Subject("dockerfile", place.path, key(place.role), given)


class Units:
    """Units as subjects. `ground` is what all of them share, None where that cannot be had."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._shared = _shared_ground(facts) if facts.cache.keeps else None

    def subject(self, unit: Unit) -> Subject:
        around = Surroundings(self._facts.fleet, unit)
        ground = None
        if self._shared is not None:
            entries = self._facts.snapshot.entries
            files = [(path, entries[path].mode) for path in around.paths]
            ground = key(unit.role, unit.placed, files, self._shared)
        return Subject("unit", unit.path, ground, {"unit": lambda: unit, "around": lambda: around})


def _shared_ground(facts: Facts) -> str | None:
    """Equal as long as what all units share does not change, files of their own aside."""
    fleet = facts.fleet
    try:
        return key(sorted(fleet.images), fleet.bake_paths, facts.contracts.id)
    except errors.PASSED:
        raise
    except Exception as error:  # noqa: BLE001 - then their rules are run, and say what they lack
        errors.noted(error)
        return None
