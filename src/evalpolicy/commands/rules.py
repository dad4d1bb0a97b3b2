"""`evalpolicy rules`."""

from __future__ import annotations

import json
import sys

import click

from evalpolicy.commands.console import columns, write
from evalpolicy.rules import FAMILIES, all_rules
from evalpolicy.rules.model import Rule


@click.command("rules")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
)
def command(kind: str) -> int:
    """List all rules with their severities."""
    rules = all_rules()
    if kind == "json":
        write(json.dumps([_row(rule) for rule in rules], indent=2) + "\n")
    elif kind == "markdown":
        write(_markdown(rules))
    else:
        write(_text(rules, columns(sys.stdout)))
    return 0


def _row(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "family": rule.family,
        "severity": rule.severity,
        "default": rule.default,
        "title": rule.title,
    }


def _text(rules: tuple[Rule, ...], width: int) -> str:
    import textwrap

    lines = []
    for letters, (name, _) in FAMILIES.items():
        lines.append(f"{letters} {name}")
        for rule in rules:
            if rule.family != letters:
                continue
            off = "" if rule.default else ", off unless configured"
            lines.append(f"  {rule.id} {rule.name} ({rule.severity}{off})")
            lines.extend(textwrap.wrap(rule.title, width, initial_indent="    ",
                                       subsequent_indent="    "))  # fmt: skip
    return "\n".join(lines) + "\n"


def _markdown(rules: tuple[Rule, ...]) -> str:
    rows = ["| id | name | severity | finds |", "| --- | --- | --- | --- |"]
    for rule in rules:
        severity = rule.severity if rule.default else f"{rule.severity} (off by default)"
        rows.append(f"| {rule.id} | {rule.name} | {severity} | {rule.title} |")
    return "\n".join(rows) + "\n"
