"""`evalpolicy check`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.facts.facts import Facts
from evalpolicy.facts.waivers.baseline import Baseline
from evalpolicy.frontends.cli import fixing, options
from evalpolicy.frontends.cli.baseline_file import read_baseline
from evalpolicy.frontends.cli.console import colour, columns, write
from evalpolicy.frontends.cli.paths import from_root
from evalpolicy.policy.report import FailOn, Report
from evalpolicy.policy.selection import split
from evalpolicy.reporters import FORMATS
from evalpolicy.snapshot import Snapshot, Unreadable, open_snapshot
from evalpolicy.snapshot.cache import Cache, open_cache

if TYPE_CHECKING:
    from evalpolicy.facts.replays.replayed import Replayed
    from evalpolicy.snapshot.submission.asked import SubmissionOptions
    from evalpolicy.snapshot.submission.change import Submission


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--staged", is_flag=True, help="Check the index: what a commit would contain.")
@click.option("--rev", metavar="REV", help="Check a commit without checking it out.")
@click.option("--base", metavar="REV", help="Also check the submission: what changed since REV.")
@click.option("--message", metavar="FILE", help="Also check this commit message (commit-msg hook).")
@click.option(
    "--event", metavar="FILE", help="Also check the submission of a GitHub event payload."
)
@options.REPLAYS
@options.SELECT
@options.IGNORE
@options.fail_on("error")
@options.formats(FORMATS)
@click.option("--statistics", is_flag=True, help="Count findings by rule instead of listing them.")
@options.COLOR
@options.BASELINE
@options.NO_SUPPRESSIONS
@click.option(
    "--accept-policy-changes",
    is_flag=True,
    help="Judge the submission by its own policy instead of its merge base's.",
)
@click.option("--fix", is_flag=True, help="Apply the safe fixes and report what is left.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, without changing it.")
@click.option(
    "--unsafe-fixes",
    is_flag=True,
    help="With --fix or --diff: include unsafe fixes, which need review.",
)
@options.JOBS
@options.NO_CACHE
@click.option("-q", "--quiet", is_flag=True, help="Print only one line per finding.")
@click.option("-v", "--verbose", is_flag=True, help="Show every finding, however many there are.")
def command(
    paths: Sequence[str],
    staged: bool,
    rev: str | None,
    base: str | None,
    message: str | None,
    event: str | None,
    replays_file: str | None,
    select: Sequence[str],
    ignore: Sequence[str],
    fail_on: FailOn,
    formats: Sequence[str],
    statistics: bool,
    color: str,
    quiet: bool,
    verbose: bool,
    jobs: int | None,
    no_cache: bool,
    baseline_file: str | None,
    no_suppressions: bool,
    accept_policy_changes: bool,
    fix: bool,
    diff: bool,
    unsafe_fixes: bool,
) -> int:
    """Check the fleet in the worktree, the index or a commit.

    PATHs limit what is reported, not what is read: a benchmark is still checked against its
    fixtures, wherever they are.

    With --base, --message or --event, the submission rules run too. They check what changed since
    the merge base with REV, as GitHub shows it for a pull request. An event names its own base and
    head; --rev or --staged overrides the head.

    A submission does not judge itself: configuration, contracts, baseline and suppressions are
    read from the merge base. What the submission adds to them takes effect once it is merged,
    unless you pass --accept-policy-changes.
    """
    fixing.check_usage(fix=fix, diff=diff, unsafe=unsafe_fixes, on_disk=not staged and rev is None)
    outputs = options.outputs(formats, FORMATS) or ([] if diff else [("text", None)])
    cache = Cache(None) if no_cache else open_cache(".")
    asked = _asked(base, message, event)
    if accept_policy_changes and (asked is None or not asked.compares):
        raise UsageError("--accept-policy-changes needs --base or --event")
    if asked is not None and asked.event is not None and rev is None and not staged:
        rev = asked.head(Path.cwd())
    with ExitStack() as stack:
        snapshot, change = _opened(asked, staged, rev)
        stack.enter_context(snapshot)
        if change is not None:
            stack.enter_context(change)
        replays = [] if replays_file is None else _replays(snapshot, replays_file)
        judge = partial(
            check,
            config=configuration.load(snapshot),
            chosen=split(select),
            ignored=split(ignore),
            cache=cache,
            paths=[from_root(snapshot, path) for path in paths],
            baseline=_baseline(snapshot, baseline_file, asked),
            use_comments=not no_suppressions,
            change=change,
            accept_policy_changes=accept_policy_changes,
            jobs=jobs,
            replays=None if replays_file is None else replays,
        )
        report = judge(snapshot)
        if fix or diff:
            report = fixing.run(snapshot, judge, report, unsafe=unsafe_fixes, diff=diff)
        if any(name == "sarif" for name, _ in outputs):
            report = with_line_hashes(snapshot, report)
        if any(name == "html" for name, _ in outputs):
            facts = Facts(snapshot, configuration.load(snapshot), cache, jobs=jobs)
            report = with_survey(facts, report, replays)
        texts = [
            (_rendered(name, report, color, quiet, verbose, statistics, file), file)
            for name, file in outputs
        ]
    cache.save()
    for text, file in texts:
        write(text, file)
    return report.exit_code(fail_on)


def _replays(snapshot: Snapshot, file: str) -> list[Replayed]:
    """The replays in the file. Raises `NotCheckedError` if a fixture has changed since."""
    from hashlib import sha256

    from evalpolicy.facts.replays.reading import read

    try:
        found = read(Path(file).read_bytes(), file)
    except OSError as error:
        raise UsageError(f"--replays {file}: {error.strerror}") from error
    for one in found:
        wanted = one.evidence.wanted
        if one.verdict == "not run" or wanted.control:
            continue
        digest = sha256()
        try:
            for piece in snapshot.stream(one.path):
                digest.update(piece)
        except Unreadable:
            pass  # a fixture that is gone has changed, too
        if digest.hexdigest() != wanted.sha256:
            raise NotCheckedError(
                f"{one.path} changed since it was replayed: run `evalpolicy replay run {one.name}`"
            )
    return found


def with_line_hashes(snapshot: Snapshot, report: Report) -> Report:
    """The report with the hashes by which GitHub tracks lines; only SARIF needs them."""
    from msgspec.structs import replace

    from evalpolicy.engine import line_hashes

    findings = [*report.findings, *(item.finding for item in report.waived)]
    return replace(report, line_hashes=line_hashes.of(snapshot, findings))


def with_survey(facts: Facts, report: Report, replays: Sequence[Replayed] = ()) -> Report:
    """The report with the survey of the fleet that the web page shows."""
    from evalpolicy.engine.survey.model import SurveyedReport
    from evalpolicy.engine.survey.surveying import survey

    return SurveyedReport.of(report, survey(facts, replays))


def _asked(base: str | None, message: str | None, event: str | None) -> SubmissionOptions | None:
    if base is None and message is None and event is None:
        return None
    from evalpolicy.snapshot.submission.asked import SubmissionOptions, read_event

    return SubmissionOptions(base, message, read_event(event) if event is not None else None)


def _baseline(
    snapshot: Snapshot, file: str | None, asked: SubmissionOptions | None
) -> Baseline | None:
    if file is None:
        return None
    return read_baseline(snapshot, file, of_submission=asked is not None and asked.compares)


def _opened(
    asked: SubmissionOptions | None, staged: bool, rev: str | None
) -> tuple[Snapshot, Submission | None]:
    if asked is None:
        return open_snapshot(Path.cwd(), staged=staged, revision=rev), None
    from evalpolicy.engine.judges import open_submission

    return open_submission(Path.cwd(), asked, staged=staged, revision=rev)


def _rendered(
    name: str,
    report: Report,
    color: str,
    quiet: bool,
    verbose: bool,
    statistics: bool,
    file: str | None,
) -> str:
    if name in ("text", "full"):
        from evalpolicy.reporters import statistics as counting
        from evalpolicy.reporters import text

        if statistics:
            return counting.render(report)
        to_terminal = sys.stdout if file is None else None
        return text.render(
            report,
            columns=columns(to_terminal),
            colour=colour(color, to_terminal),
            quiet=quiet,
            full=verbose or name == "full",
        )
    from evalpolicy.reporters import render

    return render(name, report)
