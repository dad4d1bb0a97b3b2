"""All rules, derived from the modules that hold them: one module a family.

A family's module is imported when a rule of it is asked for, because a hook runs at every
commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from evalpolicy.rules.model import Rule

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


@cache
def family(letters: str) -> tuple[Rule, ...]:
    """A family's rules, by id."""
    module = import_module(f"{__name__}.{FAMILIES[letters][1]}")
    found = (getattr(value, "rule", None) for value in vars(module).values())
    return tuple(sorted((r for r in found if isinstance(r, Rule)), key=lambda r: r.id))


def all_rules(families: Iterable[str] = FAMILIES) -> tuple[Rule, ...]:
    """The rules of these families, by family in their documented order, then by id."""
    return tuple(rule for letters in families for rule in family(letters))
