"""`evalpolicy rules`."""

from __future__ import annotations

import sys

import click

from evalpolicy.frontends.cli import options
from evalpolicy.frontends.cli.console import columns, write
from evalpolicy.frontends.cli.known_rules import known_here, say_missing
from evalpolicy.policy.rule import Rule
from evalpolicy.reporters.safe import shown
from evalpolicy.rules.rule_set import RuleSet


@click.command("rules")
@options.LISTING
def command(kind: str) -> int:
    """List all rules with their severities.

    Includes the rules of the plug-ins that the fleet's configuration enables.
    """
    known = known_here()
    if kind == "json":
        from evalpolicy.reporters.json import written

        write(written([_row(rule) for rule in known.all()]) + "\n")
    elif kind == "markdown":
        write(_markdown(known.all()))
    else:
        write(_text(known, columns(sys.stdout)))
    return say_missing(known)


def _row(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "family": rule.family,
        "severity": rule.severity,
        "default": rule.default,
        "title": rule.title,
        "plugin": rule.plugin and rule.plugin.source,
    }


def _text(known: RuleSet, width: int) -> str:
    import textwrap

    lines = []
    for letters, name in known.families.items():
        rules = known.family(letters)
        plugin = rules[0].plugin
        lines.append(f"{letters} {name}" + (f" ({shown(plugin.source)})" if plugin else ""))
        for rule in rules:
            off = "" if rule.default else ", off unless configured"
            lines.append(f"  {rule.id} {rule.name} ({rule.severity}{off})")
            lines.extend(textwrap.wrap(shown(rule.title), width, initial_indent="    ",
                                       subsequent_indent="    "))  # fmt: skip
    return "\n".join(lines) + "\n"


def _markdown(rules: tuple[Rule, ...]) -> str:
    rows = ["| id | name | severity | finds |", "| --- | --- | --- | --- |"]
    for rule in rules:
        severity = rule.severity if rule.default else f"{rule.severity} (off by default)"
        rows.append(f"| {rule.id} | {rule.name} | {severity} | {rule.title} |")
    return "\n".join(rows) + "\n"
