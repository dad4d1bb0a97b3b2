"""`evalpolicy provenance`."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.config import reading as configuration
from evalpolicy.errors import EXIT_CLEAN, EXIT_NOT_CHECKED, UsageError
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.frontends.cli.console import colour, columns, write
from evalpolicy.reporters.safe import listed
from evalpolicy.snapshot import Snapshot, open_snapshot
from evalpolicy.snapshot.cache import open_cache

# More contradictions are counted instead of listed.
_MOST_LINES = 10
# Option → the field it sets, in the order of an entry.
_OPTIONS = {
    "--benchmark": "benchmark",
    "--task": "task_id",
    "--agent": "agent",
    "--agent-version": "agent_version",
    "--model": "model",
    "--model-version": "model_version",
    "--gateway": "gateway",
    "--data-revision": "benchmark_data_revision",
    "--captured": "captured",
    "--release-tag": "release_tag",
}


@click.group("provenance")
def command() -> None:
    """Record, backfill and verify where fixtures come from."""


def _told(function: Callable[..., int]) -> Callable[..., int]:
    for option, field in reversed(_OPTIONS.items()):
        function = click.option(option, field, metavar="TEXT", help=f"Set {field}.")(function)
    return function


def _output(function: Callable[..., int]) -> Callable[..., int]:
    function = click.option("--diff", is_flag=True, help="Show the change without writing it.")(
        function
    )
    return click.option(
        "--dry-run", is_flag=True, help="Say what would be written, without writing it."
    )(function)


@command.command("record")
@click.argument("fixture", metavar="FIXTURE")
@_told
@click.option(
    "--reward",
    type=click.FloatRange(-1, 1),
    metavar="NUMBER",
    help="The grader's reward, from -1 to 1.",
)
@click.option(
    "--unknown", multiple=True, metavar="FIELD=WHY", help="Leave FIELD null, for the reason WHY."
)
@click.option("--replace", "again", is_flag=True, help="Replace an existing entry.")
@_output
def record(
    fixture: str,
    reward: float | None,
    unknown: Sequence[str],
    again: bool,
    diff: bool,
    dry_run: bool,
    **told: Any,
) -> int:
    """Write the provenance entry of one fixture.

    FIXTURE is a path, or a name without its suffix. The values come from the recording, the labels
    and git; options add values and override them. Nothing is guessed: give the reason for a value
    that nobody knows with --unknown.
    """
    from evalpolicy.provenance.recording import record as made
    from evalpolicy.provenance.writing import ProvenanceEdit

    given = {
        field: value for field, value in {**told, "reward": reward}.items() if value is not None
    }
    reasons = dict(_reason(text) for text in unknown)
    cache = open_cache(".")
    with open_snapshot(Path.cwd()) as snapshot:
        config = configuration.load(snapshot)
        known = ProvenanceFile(snapshot, config.layout.provenance, cache)
        named = _from_root(snapshot, fixture)
        stem, entry = made(snapshot, config, known, named, given, reasons, cache)
        value = known.parsed.value
        if isinstance(value, dict) and stem in value and not again:
            raise UsageError(f"{stem} already has an entry: pass --replace to overwrite it")
        edit = ProvenanceEdit(known, {stem: entry})
        if not diff and not dry_run:
            edit.apply(snapshot)
    cache.save()
    verb = "would write" if dry_run or diff else "wrote"
    write(edit.diff() if diff else listed([f"{verb} the entry of {stem} to {edit.path}"]))
    return EXIT_CLEAN


@command.command("backfill")
@_output
def backfill(diff: bool, dry_run: bool) -> int:
    """Write an entry for every fixture that has none, from evidence.

    The evidence is the recording, its original in the git history, and the fleet at the last commit
    before the capture. Values without evidence are null, with the reason. Existing entries are not
    changed, except for what an earlier version wrote.
    """
    from evalpolicy.provenance.backfill import backfill as filled
    from evalpolicy.provenance.writing import ProvenanceEdit

    cache = open_cache(".")
    with open_snapshot(Path.cwd()) as snapshot:
        config = configuration.load(snapshot)
        known = ProvenanceFile(snapshot, config.layout.provenance, cache)
        ProvenanceEdit(known, {})  # Fails early if the file cannot be kept as it is.
        found = filled(snapshot, config, known, cache)
        edit = ProvenanceEdit(known, found.entries)
        if not diff and not dry_run:
            edit.apply(snapshot)
    cache.save()
    lines = list(_contradictions(found.contradictions))
    lines += [f"{path}: not read: {why}" for path, why in found.unreadable.items()]
    lines += [
        f"{path}: no entry written: its name does not contain a known benchmark and agent"
        for path in found.undecoded
    ]
    verb = "would write" if dry_run or diff else "wrote"
    written = counted(len(found.entries), "entry", "entries")
    lines.append(f"{verb} {written} to {edit.path}, kept {found.kept}")
    told = listed(lines)
    if diff:
        write(edit.diff())
        click.echo(told, err=True, nl=False)
    else:
        write(told)
    return EXIT_NOT_CHECKED if found.unreadable or found.undecoded else EXIT_CLEAN


def _contradictions(found: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """The recordings by another agent than named: one by one, or of many how many by whom."""
    if len(found) <= _MOST_LINES:
        for stem, (name, agent) in found.items():
            yield f"{stem}: named after {name}, recorded by {agent}: the agent is left null"
        return
    by = Counter(agent for _, agent in found.values())
    each = ", ".join(f"{count} by {agent}" for agent, count in by.most_common())
    yield (
        f"{counted(len(found), 'recording')} by another agent than their name says ({each}): the "
        "agent is left null; FIX006 lists them"
    )


@command.command("verify")
@click.argument("fixtures", nargs=-1, metavar="[FIXTURE]...")
def verify(fixtures: Sequence[str]) -> int:
    """Compare fixtures with their entries: digest, agent, model and names.

    Default: all fixtures. A fixture without an entry is a finding. A fixture whose entry has no
    digest, or whose content is missing, cannot be verified (exit code 3).
    """
    from evalpolicy.provenance.verification import verify as verified
    from evalpolicy.reporters import text

    cache = open_cache(".")
    with open_snapshot(Path.cwd()) as snapshot:
        named = [_from_root(snapshot, fixture) for fixture in fixtures]
        report, count = verified(snapshot, configuration.load(snapshot), named, cache)
    cache.save()
    if report.findings or report.problems:
        write(text.render(report, columns=columns(sys.stdout), colour=colour("auto", sys.stdout)))
    else:
        write(f"{counted(count, 'fixture')} verified\n")
    return report.exit_code("error")


def _reason(text: str) -> tuple[str, str]:
    field, equals, why = text.partition("=")
    fields = (*_OPTIONS.values(), "reward")
    if field not in fields or not equals or not why.strip():
        raise UsageError(
            f"--unknown {text}: use FIELD=WHY, where FIELD is one of {', '.join(fields)}"
        )
    return field, why.strip()


def _from_root(snapshot: Snapshot, named: str) -> str:
    """A typed path, relative to the fleet's root; a name or a path elsewhere stays as it is."""
    if not os.path.lexists(named):
        return named
    here = Path(os.path.abspath(named))
    try:
        return here.relative_to(Path(snapshot.top).resolve()).as_posix()
    except ValueError:
        return named
