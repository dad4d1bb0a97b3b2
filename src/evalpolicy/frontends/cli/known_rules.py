"""The rules that are known in the working folder."""

from __future__ import annotations

from pathlib import Path

import click

from evalpolicy.errors import EXIT_CLEAN, EXIT_NOT_CHECKED, NotCheckedError
from evalpolicy.rules.loading import rule_set
from evalpolicy.rules.rule_set import BUILT_IN, RuleSet


def known_here() -> RuleSet:
    """The rules of the fleet in the working folder; only the built-in ones if there is no fleet.

    Raises `UsageError` for a configuration that cannot be read.
    """
    from evalpolicy.config import reading as configuration
    from evalpolicy.snapshot import open_snapshot

    try:
        with open_snapshot(Path.cwd()) as snapshot:
            return rule_set(configuration.load(snapshot).plugins)
    except NotCheckedError:
        return BUILT_IN


def say_missing(known: RuleSet) -> int:
    """Reports which plug-ins could not be loaded; returns the exit code."""
    from evalpolicy.reporters.safe import shown

    for reason in known.missing:
        click.echo(shown(f"evalpolicy: {reason}"), err=True)
    return EXIT_NOT_CHECKED if known.missing else EXIT_CLEAN
