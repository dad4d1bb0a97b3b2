"""`evalpolicy fixtures`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from evalpolicy.config import reading as configuration
from evalpolicy.errors import (
    EXIT_CLEAN,
    EXIT_FINDINGS,
    EXIT_NOT_CHECKED,
    NotCheckedError,
    UsageError,
)
from evalpolicy.facts.facts import Facts
from evalpolicy.fleet.fleet import Fixture
from evalpolicy.frontends.cli import options
from evalpolicy.frontends.cli.console import columns, write
from evalpolicy.frontends.cli.paths import typed
from evalpolicy.reporters.safe import listed
from evalpolicy.reporters.text import count
from evalpolicy.snapshot import Unreadable, open_snapshot
from evalpolicy.snapshot.cache import Cache, open_cache
from evalpolicy.snapshot.model import understood

_SORTS = (
    "name", "benchmark", "task", "agent", "turns", "failed", "tokens", "cost", "size", "recorded",
    "verdict",
)  # fmt: skip
_LARGEST = 64 << 20
_SCANNERS = ("gitleaks", "detect-secrets")


@click.group("fixtures")
def command() -> None:
    """List, show, scan and redact fixtures (recorded runs).

    FIXTURE is a path, a name without its suffix, or the unambiguous start of a name.
    """


@contextmanager
def _facts(
    staged: bool = False, rev: str | None = None, no_cache: bool = False, jobs: int | None = None
) -> Iterator[Facts]:
    cache = Cache(None) if no_cache else open_cache(".")
    with open_snapshot(Path.cwd(), staged=staged, revision=rev) as snapshot:
        facts = Facts(snapshot, configuration.load(snapshot), cache, jobs=jobs)
        if not facts.fleet.fixtures:
            raise NotCheckedError(
                f"no fixture in {snapshot.place}: set [layout] fixtures in evalpolicy.toml"
            )
        yield facts
    cache.save()


@command.command("list")
@options.STAGED
@options.REV
@options.LISTING
@click.option(
    "--sort",
    type=click.Choice(_SORTS),
    default="name",
    show_default=True,
    help="Column to sort by.",
)
@options.JOBS
@options.NO_CACHE
def list_command(
    staged: bool, rev: str | None, kind: str, sort: str, jobs: int | None, no_cache: bool
) -> int:
    """List fixtures, one per line: benchmark, agent, turns, who recorded it, and verdict."""
    from evalpolicy.facts.fixture_rows import document, rows

    with _facts(staged, rev, no_cache, jobs) as facts:
        found = rows(facts, sort)
        problems = list(facts.problems)
    if kind == "json":
        from evalpolicy.reporters.json import written

        write(written(document(found)) + "\n")
    elif kind == "markdown":
        from evalpolicy.reporters.tables.fixtures import markdown

        write(markdown(found))
    else:
        from evalpolicy.reporters.tables.fixtures import text

        write(text(found, columns(sys.stdout)))
    return _not_checked((path, p.span.line, p.message) for path, p in problems)


def _not_checked(problems: Iterable[tuple[str, int, str]]) -> int:
    """Reports what could not be read, on standard error; returns the exit code."""
    code = EXIT_CLEAN
    for path, line, message in problems:
        click.echo(listed([f"{path}:{line}: not checked: {message}"]), err=True, nl=False)
        code = EXIT_NOT_CHECKED
    return code


@command.command("show")
@click.argument("fixture")
@options.STAGED
@options.REV
@click.option(
    "--turn", type=click.IntRange(1), metavar="N", help="Show only turn N, counted from 1."
)
@click.option("--full", is_flag=True, help="Show everything without folding.")
def show_command(fixture: str, staged: bool, rev: str | None, turn: int | None, full: bool) -> int:
    """Show a trajectory in readable form: requests, replies, tool calls. Secrets are masked."""
    from evalpolicy.artifacts.trajectory import parse
    from evalpolicy.facts.fixture_rows import named
    from evalpolicy.facts.recordings.reading import Recording, read_content
    from evalpolicy.reporters.tables.trajectory import TrajectoryText
    from evalpolicy.scanners.credentials import Scanner

    with _facts(staged, rev, no_cache=True) as facts:
        snapshot = facts.snapshot
        hosts = facts.config.secrets.internal_hosts
        path = named(facts.fleet.fixtures, fixture, typed(snapshot, fixture)).path
        try:
            content = snapshot.read(path, _LARGEST)
            trajectory = understood(parse, content)
            held = understood(partial(read_content, hosts=hosts), content)
        except Unreadable as reason:
            raise NotCheckedError(f"{path}: {reason}") from reason
    problems = trajectory.summary.problems
    if turn is not None and turn > len(trajectory.turns) and not problems:
        raise UsageError(f"--turn {turn}: {path} has only {count(len(trajectory.turns), 'turn')}")
    recording = Recording(path, held)
    rendering = TrajectoryText(Scanner(hosts), columns(sys.stdout), full=full)
    write(rendering.whole(recording, trajectory, turn))
    return EXIT_NOT_CHECKED if problems else EXIT_CLEAN


@command.command("scan")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@options.STAGED
@options.REV
@click.option("--with", "tool", type=click.Choice(_SCANNERS), help="Also run this scanner.")
@click.option("--dry-run", is_flag=True, help="With --with: print the command without running it.")
@options.JOBS
@options.NO_CACHE
def scan_command(
    paths: Sequence[str],
    staged: bool,
    rev: str | None,
    tool: str | None,
    dry_run: bool,
    jobs: int | None,
    no_cache: bool,
) -> int:
    """Find credentials and internal hosts, without printing them. Ignores allowlists.

    The exit code is 1 if there are any.
    """
    from evalpolicy.engine.fixing import redaction as fixture_scan

    if dry_run:
        if tool is None:
            raise UsageError("--dry-run needs --with: name the scanner whose command to show")
        write(fixture_scan.dry_run(tool) + "\n")
        return EXIT_CLEAN
    with _facts(staged, rev, no_cache, jobs) as facts:
        chosen = _chosen(facts, paths)
        lines = list(fixture_scan.own(facts, chosen))
        problems = [(p, one.span.line, one.message) for p, one in facts.problems if p in chosen]
        problems += fixture_scan.sealed(facts, chosen)
        if tool is not None:
            more, failed = fixture_scan.external(tool, facts.snapshot, chosen)
            lines += more
            problems += failed
    write(listed(lines))
    read = len(set(chosen) - {path for path, *_ in problems})
    summary = f"{count(read, 'fixture')} scanned, {count(len(lines), 'finding')}"
    click.echo(summary, err=True)
    return _not_checked(problems) or (EXIT_FINDINGS if lines else EXIT_CLEAN)


@command.command("redact")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--diff", "--dry-run", "dry", is_flag=True, help="Show what would change, without writing it."
)
def redact_command(paths: Sequence[str], dry: bool) -> int:
    """Remove credentials and internal hosts from fixtures, in place.

    Every other byte stays as it is. Revoke credentials that you have pushed: redaction does not
    unpublish them.
    """
    from evalpolicy.engine.fixing.redaction import redactions, save, sealed

    with _facts(no_cache=True) as facts:
        if facts.snapshot.kind not in ("worktree", "folder"):
            raise UsageError(
                "fixtures can only be redacted in a worktree: check out the repository first"
            )
        chosen = _chosen(facts, paths)
        changed, problems = redactions(facts, chosen)
        problems += sealed(facts, chosen)
        lines = [line for change in changed for line in change.told]
        write(listed(lines))
        failed = [] if dry else save(facts.snapshot.top, changed)
    word = "would be redacted" if dry else "redacted"
    click.echo(f"{count(len(changed) - len(failed), 'fixture')} {word}", err=True)
    code = _not_checked([*problems, *failed])
    return code or (EXIT_FINDINGS if dry and changed else EXIT_CLEAN)


def _chosen(facts: Facts, words: Sequence[str]) -> list[str]:
    """The paths of the chosen fixtures: all, those below a folder, or each by its name."""
    from evalpolicy.facts.fixture_rows import named

    fixtures: Sequence[Fixture] = facts.fleet.fixtures
    if not words:
        return [fixture.path for fixture in fixtures]
    chosen: dict[str, None] = {}
    for word in words:
        path = typed(facts.snapshot, word)
        inside = [f.path for f in fixtures if not path or f.path.startswith(f"{path}/")]
        if inside and word:
            chosen.update(dict.fromkeys(inside))
        else:
            chosen[named(fixtures, word, path).path] = None
    return list(chosen)
