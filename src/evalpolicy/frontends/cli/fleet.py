"""`evalpolicy fleet`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from evalpolicy.config import reading as configuration
from evalpolicy.errors import EXIT_NOT_CHECKED, NotCheckedError
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.frontends.cli import options
from evalpolicy.frontends.cli.console import columns, write
from evalpolicy.reporters.safe import listed, shown
from evalpolicy.reporters.tables.fleet import FleetListing, listing
from evalpolicy.reporters.text import count
from evalpolicy.snapshot import open_snapshot


@click.command("fleet")
@options.STAGED
@options.REV
@options.LISTING
def command(staged: bool, rev: str | None, kind: str) -> int:
    """List the benchmarks with their resolved labels, and count agents and fixtures."""
    with open_snapshot(Path.cwd(), staged=staged, revision=rev) as snapshot:
        fleet = Fleet(snapshot, configuration.load(snapshot).layout)
        found = listing(fleet)
        if not fleet.units and not fleet.fixtures:
            raise NotCheckedError(
                f"no benchmark, agent, model or fixture in {snapshot.place}: run "
                "`evalpolicy init`, or set [layout] in evalpolicy.toml"
            )
    if kind == "json":
        from evalpolicy.reporters.json import written

        write(written(found.document()) + "\n")
    elif kind == "markdown":
        write(_markdown(found))
    else:
        write(_text(found, columns(sys.stdout)))
    return EXIT_NOT_CHECKED if found.problems else 0


_HEADS = ("benchmark", "tasks", "env", "released", "fixtures", "data revision")


def _rows(found: FleetListing) -> list[tuple[str, ...]]:
    return [
        (
            benchmark.name,
            benchmark.short("tasks"),
            benchmark.short("env"),
            benchmark.short("released"),
            str(len(benchmark.fixtures)),
            benchmark.short("data_revision"),
        )
        for benchmark in found.benchmarks
    ]


def _text(found: FleetListing, width: int) -> str:
    rows = [tuple(map(shown, row)) for row in (_HEADS, *_rows(found))]
    wide = [max(len(row[n]) for row in rows) for n in range(len(_HEADS))]
    lines = [
        "  ".join(cell.ljust(wide[n]) for n, cell in enumerate(row)).rstrip()[:width]
        for row in rows
    ]
    lines.append("")
    lines.append(_summary(found))
    lines.extend(f"{p.path}:{p.line}: not checked: {p.message}" for p in found.problems)
    return listed(lines)


def _summary(found: FleetListing) -> str:
    counts: Sequence[tuple[int, str]] = (
        (len(found.benchmarks), "benchmark"),
        *((len(names), role) for role, names in found.others.items()),
        (len(found.fixtures), "fixture"),
    )
    return ", ".join(count(number, noun) for number, noun in counts)


def _markdown(found: FleetListing) -> str:
    from evalpolicy.reporters.markdown import cell

    lines = [f"| {' | '.join(_HEADS)} |", f"|{' --- |' * len(_HEADS)}"]
    lines.extend(f"| {' | '.join(map(cell, row))} |" for row in _rows(found))
    return "\n".join([*lines, "", _summary(found)]) + "\n"
