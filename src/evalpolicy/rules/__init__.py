"""All rules, derived from the modules that hold them: one module a family.

They are listed in `index.py`; a family's module is imported when a rule of it is called, because
a hook runs at every commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from evalpolicy.policy.rule import Deferred, Rule

FAMILIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "LBL": ("labels", "labels"),
        "REL": ("release", "release"),
        "FIX": ("fixtures", "fixtures"),
        "PRV": ("provenance", "provenance"),
        "SIZ": ("sizes", "sizes"),
        "SEC": ("secrets", "secrets"),
        "GLK": ("gitleaks", "gitleaks"),
        "GAT": ("gates", "gates"),
        "SUB": ("submission", "submission"),
        "PIN": ("pins", "pins"),
        "HYG": ("hygiene", "hygiene"),
        "STR": ("structure", "structure"),
        "RPL": ("replay", "replay"),
        "EVP": ("own", "own"),
    }
)
"""A family's three letters → (the name that configuration may use for it, its module)."""


PACKAGE = __name__


@cache
def family(letters: str) -> tuple[Rule, ...]:
    """A family's rules, by id. Their module is not imported before one is called."""
    from evalpolicy.rules.index import INDEX

    return tuple(
        Rule(
            id,
            name,
            severity,
            Deferred(f"{PACKAGE}.{module}", function),
            tuple(needs.split()),
            default,
        )
        for id, name, severity, needs, default, module, function in INDEX[letters]
    )


def all_rules(families: Iterable[str] = FAMILIES) -> tuple[Rule, ...]:
    """The rules of these families, by family in their documented order, then by id."""
    return tuple(rule for letters in families for rule in family(letters))
