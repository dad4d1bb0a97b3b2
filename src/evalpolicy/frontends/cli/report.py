"""`evalpolicy report`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import click

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.engine.survey.trend import Trend
from evalpolicy.errors import UsageError
from evalpolicy.facts.facts import Facts
from evalpolicy.frontends.cli import options
from evalpolicy.frontends.cli.baseline_file import read_baseline
from evalpolicy.frontends.cli.check import with_survey
from evalpolicy.frontends.cli.console import write
from evalpolicy.policy.report import FailOn, Report
from evalpolicy.policy.selection import split
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache, open_cache

PAGE, DATA = "index.html", "report.json"
# More than a report of a million findings; a larger file is a mistake.
_LARGEST = 1 << 30
_Read = TypeVar("_Read")


@click.command("report")
@click.option("--output", metavar="DIR", required=True, help="Folder to write the page to.")
@click.option("--staged", is_flag=True, help="Report on the index instead of the worktree.")
@click.option("--rev", metavar="REV", help="Report on a commit without checking it out.")
@click.option("--since", metavar="FILE", help="Compare with an earlier JSON report.")
@options.REPLAYS
@options.SELECT
@options.IGNORE
@options.BASELINE
@options.NO_SUPPRESSIONS
@options.fail_on("never")
@options.JOBS
@options.NO_CACHE
def command(
    output: str,
    staged: bool,
    rev: str | None,
    since: str | None,
    replays_file: str | None,
    select: Sequence[str],
    ignore: Sequence[str],
    baseline_file: str | None,
    no_suppressions: bool,
    fail_on: FailOn,
    jobs: int | None,
    no_cache: bool,
) -> int:
    """Write a web page: what to do first, findings, coverage, sizes.

    Writes index.html, a self-contained page, and report.json, for a later --since, to DIR. The
    exit code is 3 if anything could not be checked; the page says what.
    """
    from evalpolicy.engine.survey import trend
    from evalpolicy.facts.replays import reading

    earlier = _read(since, trend.read) if since else None
    replays = _read(replays_file, reading.read) if replays_file else []
    cache = Cache(None) if no_cache else open_cache(".")
    with ExitStack() as stack:
        snapshot = stack.enter_context(open_snapshot(Path.cwd(), staged=staged, revision=rev))
        config = configuration.load(snapshot)
        report = check(
            snapshot,
            config,
            chosen=split(select),
            ignored=split(ignore),
            cache=cache,
            baseline=None if baseline_file is None else read_baseline(snapshot, baseline_file),
            use_comments=not no_suppressions,
            jobs=jobs,
        )
        report = with_survey(Facts(snapshot, config, cache, jobs=jobs), report, replays)
        cache.save()
        _write(Path(output), report, trend.compare(report, earlier) if earlier else None)
    return report.exit_code(fail_on)


def _read(file: str, read: Callable[[bytes, str], _Read]) -> _Read:
    try:
        if (size := Path(file).stat().st_size) > _LARGEST:
            raise UsageError(
                f"{file}: {size:,} bytes are too many for a report: name a JSON report"
            )
        return read(Path(file).read_bytes(), file)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error


def _write(folder: Path, report: Report, changed: Trend | None) -> None:
    from evalpolicy.reporters import html, json
    from evalpolicy.reporters.safe import shown

    write(json.render(report), str(folder / DATA), make_folders=True)
    write(html.render(report, changed), str(folder / PAGE))
    click.echo(f"evalpolicy: wrote {shown(str(folder / PAGE))}", err=True)
