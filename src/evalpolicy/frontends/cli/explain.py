"""`evalpolicy explain`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from evalpolicy.errors import UsageError
from evalpolicy.frontends.cli.console import write
from evalpolicy.frontends.cli.known_rules import known_here
from evalpolicy.policy.rule import Rule
from evalpolicy.policy.selection import matching
from evalpolicy.rules.rule_set import BUILT_IN


@click.command("explain")
@click.argument("rules", nargs=-1, required=True, metavar="RULE...")
def command(rules: Sequence[str]) -> int:
    """Explain what a rule finds, why it matters, and how to fix it.

    RULE is an id (LBL001), a name (label-missing) or a family (LBL), also from a plug-in that the
    fleet's configuration enables. Works offline.
    """
    found = {rule.id: rule for selector in rules for rule in _meant(selector)}
    write("\n".join(page(rule) for rule in found.values()))
    return 0


def _meant(selector: str) -> tuple[Rule, ...]:
    """The configuration is only read if the rule is not built in."""
    try:
        return matching(selector, BUILT_IN)
    except UsageError:
        return matching(selector, known_here())


def page(rule: Rule) -> str:
    """A rule's page: its documentation under its id, name and severity."""
    off = "" if rule.default else ", off unless configured"
    source = f", from {rule.plugin.source}" if rule.plugin else ""
    head = f"# {rule.id} {rule.name} ({rule.severity}{off}{source})"
    return f"{head}\n\n{rule.documentation}\n"
