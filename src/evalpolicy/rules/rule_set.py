"""The rules that there are for one fleet: the built-in ones and those of its plug-ins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from evalpolicy.policy.rule import Rule
from evalpolicy.rules import FAMILIES, all_rules, family


class Family(NamedTuple):
    """A family of a plug-in, with its rules by id."""

    letters: str
    name: str
    rules: tuple[Rule, ...]


class RuleSet:
    """The rules that there are for one fleet: the built-in ones and those of its plug-ins.

    `missing` says of each plug-in that could not be loaded why.
    """

    def __init__(self, plugged: tuple[Family, ...] = (), missing: tuple[str, ...] = ()) -> None:
        self._plugged = {item.letters: item for item in plugged}
        self.missing = missing

    def without(self, names: Iterable[str], why: str) -> RuleSet:
        """The same rules, and plug-ins with these names, whose rules are loaded later."""
        absent = tuple(f"plug-in {name}: {why}" for name in names)
        return RuleSet(tuple(self._plugged.values()), (*self.missing, *absent))

    @property
    def families(self) -> Mapping[str, str]:
        """A family's three letters → its name, in the documented order, plug-ins last."""
        built_in = {letters: name for letters, (name, _) in FAMILIES.items()}
        return built_in | {letters: item.name for letters, item in self._plugged.items()}

    def family(self, letters: str) -> tuple[Rule, ...]:
        """A family's rules, by id; a family of evalpolicy is imported when it is asked for."""
        plugged = self._plugged.get(letters)
        return family(letters) if plugged is None else plugged.rules

    def all(self) -> tuple[Rule, ...]:
        """Every rule, by family in their documented order, then by id."""
        return all_rules() + tuple(r for item in self._plugged.values() for r in item.rules)


BUILT_IN = RuleSet()
