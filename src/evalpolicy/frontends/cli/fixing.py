"""`check --fix` and `check --diff`."""

from __future__ import annotations

import click

from evalpolicy.errors import UsageError
from evalpolicy.policy.report import Report
from evalpolicy.snapshot import Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evalpolicy.engine.fixing.apply import Judge


def check_usage(*, fix: bool, diff: bool, unsafe: bool, on_disk: bool) -> None:
    """Raises `UsageError` for options that cannot be combined."""
    if fix and diff:
        raise UsageError("--fix and --diff cannot be used together")
    if unsafe and not (fix or diff):
        raise UsageError("--unsafe-fixes needs --fix or --diff")
    if (fix or diff) and not on_disk:
        word = "--fix" if fix else "--diff"
        raise UsageError(f"{word} only works on the worktree: leave out --staged and --rev")


def run(snapshot: Snapshot, judge: Judge, report: Report, *, unsafe: bool, diff: bool) -> Report:
    """Shows the fixes and returns the report unchanged, or applies them and returns the rest."""
    from evalpolicy.engine.fixing import apply
    from evalpolicy.frontends.cli.console import write_diff
    from evalpolicy.reporters.safe import shown
    from evalpolicy.reporters.text import count

    applied = apply.apply_fixes(snapshot, judge, report, unsafe=unsafe)
    for line in applied.skipped:
        click.echo(shown(line), err=True)
    if diff:
        write_diff(applied.before, applied.after, snapshot.prefix)
        return report
    apply.write(snapshot.top, applied.before, applied.after)
    if applied.fixed:
        where = count(len(applied.after), "file")
        click.echo(f"evalpolicy: fixed {count(applied.fixed, 'finding')} in {where}", err=True)
    return applied.report
