"""The rules of one fleet, its plug-ins' loaded with them."""

from __future__ import annotations

from collections.abc import Sequence

from evalpolicy.rules.rule_set import BUILT_IN, RuleSet


def rule_set(plugins: Sequence[str]) -> RuleSet:
    """The built-in rules and those of the plug-ins that a configuration names. Raises nothing."""
    if not plugins:
        return BUILT_IN
    from evalpolicy.rules.plugins import load

    return load(tuple(plugins))
