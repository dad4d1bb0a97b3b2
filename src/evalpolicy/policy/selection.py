"""Selects rules by what users write: ids, names and families."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.matching.nearest import nearest
from evalpolicy.policy.rule import Rule

ALL = "ALL"


class KnownRules(Protocol):
    """The rules that are available for one fleet.

    `families` is a family's three letters → its name, in the documented order. `missing` gives
    the reason for each plug-in that could not be loaded.
    """

    missing: tuple[str, ...]

    @property
    def families(self) -> Mapping[str, str]: ...

    def family(self, letters: str) -> tuple[Rule, ...]:
        """A family's rules, by id."""

    def all(self) -> tuple[Rule, ...]:
        """Every rule, by family in their documented order, then by id."""

    def without(self, names: Iterable[str], why: str) -> KnownRules:
        """The same rules, and plug-ins with these names, whose rules are loaded later."""


class UndecidedError(NotCheckedError):
    """A word that is not a rule, while a plug-in is missing of which it may be one."""


def matching(selector: str, among: KnownRules) -> tuple[Rule, ...]:
    """The rules that an id (`LBL001`), a name (`label-missing`) or a family (`LBL`) stands for.

    Upper and lower case are one. Raises `UsageError` for what no rule answers to, and
    `UndecidedError` where that cannot be determined.
    """
    word = selector.strip()
    upper = word.upper()
    if upper == ALL:
        return among.all()
    letters = upper[:3]
    if letters in among.families:
        rules = among.family(letters)
        found = rules if upper == letters else tuple(r for r in rules if r.id == upper)
        if found:
            return found
    for known, name in among.families.items():
        if word.lower() == name:
            return among.family(known)
    found = tuple(rule for rule in among.all() if rule.name == word.lower())
    if not found and among.missing:
        raise UndecidedError(f"{selector!r} is not a known rule, and {'; '.join(among.missing)}")
    if not found:
        raise UsageError(f"{selector!r} is not a rule or a family{_hint(word, among)}")
    return found


def split(lists: Iterable[str]) -> tuple[str, ...]:
    """`["LBL,REL", "FIX001"]` → `("LBL", "REL", "FIX001")`."""
    return tuple(word.strip() for text in lists for word in text.split(",") if word.strip())


def select(
    chosen: Sequence[str],
    ignored: Sequence[str],
    on: Iterable[str],
    among: KnownRules,
) -> list[Rule]:
    """The rules to run, in their documented order.

    Without `chosen`, all that are on by default and those that configuration turned `on` (by
    id); what is `chosen` by id or name runs even if it is off by default.
    """
    picked: dict[str, Rule] = {}
    turned_on = set(on)
    for selector in chosen or (ALL,):
        rules = matching(selector, among)
        for rule in rules:
            if rule.default or rule.id in turned_on or len(rules) == 1:
                picked[rule.id] = rule
    for selector in ignored:
        for rule in matching(selector, among):
            picked.pop(rule.id, None)
    order = {letters: n for n, letters in enumerate(among.families)}
    return sorted(picked.values(), key=lambda rule: (order[rule.family], rule.id))


def _hint(word: str, among: KnownRules) -> str:
    rules = among.all()
    known = [*among.families, *(r.id for r in rules), *(r.name for r in rules)]
    close = nearest(word, known) or nearest(word.upper(), known)
    return f": did you mean {close}?" if close else ": `evalpolicy rules` lists them"
