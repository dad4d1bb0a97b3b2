"""`check --fix` and `check --diff`."""

from __future__ import annotations

import sys

import click

from evalpolicy.errors import UsageError
from evalpolicy.policy.report import Report
from evalpolicy.snapshot import Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evalpolicy.engine.fixing.apply import Judge


def check_usage(*, fix: bool, diff: bool, unsafe: bool, on_disk: bool) -> None:
    """Raises `UsageError` for options that do not go together."""
    if fix and diff:
        raise UsageError("--fix and --diff exclude each other: apply the fixes, or show them")
    if unsafe and not (fix or diff):
        raise UsageError("--unsafe-fixes needs --fix or --diff")
    if (fix or diff) and not on_disk:
        word = "--fix" if fix else "--diff"
        raise UsageError(f"{word} works on the worktree: leave out --staged and --rev")


def run(snapshot: Snapshot, judge: Judge, report: Report, *, unsafe: bool, diff: bool) -> Report:
    """Shows the fixes, and gives the report as it was; or applies them, and gives what is left."""
    from evalpolicy.engine.fixing import apply
    from evalpolicy.reporters.safe import shown
    from evalpolicy.reporters.text import count

    mended = apply.apply_fixes(snapshot, judge, report, unsafe=unsafe)
    for line in mended.skipped:
        click.echo(shown(line), err=True)
    if diff:
        _show(snapshot, mended.before, mended.after)
        return report
    apply.write(snapshot.top, mended.before, mended.after)
    if mended.fixed:
        where = count(len(mended.after), "file")
        click.echo(f"evalpolicy: {count(mended.fixed, 'finding')} mended in {where}", err=True)
    return mended.report


def _show(snapshot: Snapshot, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """Byte for byte for a file or a pipe; to a terminal nothing that could move its cursor."""
    from evalpolicy.engine.fixing.diff import unified
    from evalpolicy.frontends.cli.console import write
    from evalpolicy.reporters.safe import shown

    content = unified(before, after, snapshot.prefix)
    buffer = getattr(sys.stdout, "buffer", None)
    if sys.stdout.isatty() or buffer is None:
        lines = content.decode("utf-8", "surrogateescape").split("\n")
        write("\n".join(shown(line.replace("\t", "    ")) for line in lines))
        return
    sys.stdout.flush()
    buffer.write(content)
    buffer.flush()
