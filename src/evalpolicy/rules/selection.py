"""From what a user writes (ids, names, families) to rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evalpolicy.errors import UsageError
from evalpolicy.nearest import nearest
from evalpolicy.rules import FAMILIES, all_rules, family
from evalpolicy.rules.model import Rule

ALL = "ALL"


def matching(selector: str) -> tuple[Rule, ...]:
    """The rules that an id (`LBL001`), a name (`label-missing`) or a family (`LBL`) stands for.

    Upper and lower case are one. Raises `UsageError` for what no rule answers to.
    """
    word = selector.strip()
    upper = word.upper()
    if upper == ALL:
        return all_rules()
    letters = upper[:3]
    if letters in FAMILIES:
        rules = family(letters)
        found = rules if upper == letters else tuple(r for r in rules if r.id == upper)
        if found:
            return found
    for known, (name, _) in FAMILIES.items():
        if word.lower() == name:
            return family(known)
    found = tuple(rule for rule in all_rules() if rule.name == word.lower())
    if not found:
        raise UsageError(f"{selector!r} is no rule, no name and no family{_hint(word)}")
    return found


def split(lists: Iterable[str]) -> tuple[str, ...]:
    """`["LBL,REL", "FIX001"]` → `("LBL", "REL", "FIX001")`."""
    return tuple(word.strip() for text in lists for word in text.split(",") if word.strip())


def select(chosen: Sequence[str], ignored: Sequence[str], on: Iterable[str] = ()) -> list[Rule]:
    """The rules to run, in their documented order.

    Without `chosen`, all that are on by default and those that configuration turned `on` (by
    id); what is `chosen` by id or name runs even if it is off by default.
    """
    picked: dict[str, Rule] = {}
    turned_on = set(on)
    for selector in chosen or (ALL,):
        rules = matching(selector)
        for rule in rules:
            if rule.default or rule.id in turned_on or len(rules) == 1:
                picked[rule.id] = rule
    for selector in ignored:
        for rule in matching(selector):
            picked.pop(rule.id, None)
    order = {letters: n for n, letters in enumerate(FAMILIES)}
    return sorted(picked.values(), key=lambda rule: (order[rule.family], rule.id))


def _hint(word: str) -> str:
    rules = all_rules()
    known = [*FAMILIES, *(r.id for r in rules), *(r.name for r in rules)]
    close = nearest(word, known) or nearest(word.upper(), known)
    return f": did you mean {close}?" if close else ": `evalpolicy rules` lists them"
