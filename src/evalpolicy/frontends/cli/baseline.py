"""`evalpolicy baseline`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.errors import NotCheckedError
from evalpolicy.facts.waivers import baseline as baselines
from evalpolicy.facts.waivers.baseline import Baseline, BaselineRow
from evalpolicy.frontends.cli.baseline_file import file_of, read_bytes, shown_path
from evalpolicy.frontends.cli.console import write as show
from evalpolicy.policy.report import Report
from evalpolicy.policy.selection import UndecidedError, matching
from evalpolicy.reporters.safe import listed, shown
from evalpolicy.reporters.text import count
from evalpolicy.rules.loading import rule_set
from evalpolicy.rules.rule_set import RuleSet
from evalpolicy.snapshot import Snapshot, open_snapshot
from evalpolicy.snapshot.cache import open_cache

_FILE = click.option(
    "--baseline", "given", metavar="FILE", help="Baseline file. Default: .evalpolicy-baseline.json."
)


@click.group("baseline")
def command() -> None:
    """Write, prune or show the baseline of known findings.

    The baseline is .evalpolicy-baseline.json in the fleet's root. It has one row for each finding
    that you accepted when you adopted evalpolicy; `check` reports all others.
    """


@command.command("write")
@_FILE
def write_command(given: str | None) -> int:
    """Replace the baseline with all findings in the worktree.

    The baseline cannot accept what could not be checked; `check` still reports that.
    """
    with open_snapshot(Path.cwd()) as snapshot:
        report = _judged(snapshot)
        rules = {rule.id for rule in report.rules if rule.on_waivers}
        found = [finding for finding in report.findings if finding.rule not in rules]
        file = file_of(snapshot, given)
        _write(snapshot, file, given, baselines.render(baselines.of(found)))
    show(f"{count(len(found), 'finding')} written to {shown(str(file))}\n")
    return _verdict(report)


@command.command("prune")
@_FILE
def prune_command(given: str | None) -> int:
    """Remove the rows of findings that are gone. New findings are not added.

    Keeps the rows of rules that did not run and of files that could not be checked.
    """
    with open_snapshot(Path.cwd()) as snapshot:
        file = file_of(snapshot, given)
        content = read_bytes(file)
        baseline = baselines.parse(content, shown_path(snapshot, str(file)))
        report = _judged(snapshot)
        known = rule_set(configuration.load(snapshot).plugins)
        ran = {rule.id for rule in report.rules}
        unread = {problem.path for problem in report.problems}
        occurs: dict[BaselineRow, int] = Counter(
            BaselineRow.of(finding) for finding in report.findings
        )
        occurs.update(
            {
                row: allowed
                for row, allowed in baseline.rows.items()
                if row.path in unread or (row.rule not in ran and _is_rule(row.rule, known))
            }
        )
        left = baselines.pruned(content, baseline, occurs)
        if left != content:
            _write(snapshot, file, given, left)
    still = sum(baselines.parse(left, str(file)).rows.values())
    gone = sum(baseline.rows.values()) - still
    show(f"{count(gone, 'finding')} removed from {shown(str(file))}, {still:,} left\n")
    return _verdict(report)


@command.command("show")
@_FILE
def show_command(given: str | None) -> int:
    """List the rows of the baseline."""
    with open_snapshot(Path.cwd()) as snapshot:
        file = file_of(snapshot, given)
        baseline = baselines.parse(read_bytes(file), shown_path(snapshot, str(file)))
    lines = [_line(row, allowed) for row, allowed in sorted(baseline.rows.items())]
    total = count(sum(baseline.rows.values()), "finding")
    lines.append(f"{total}, by rule set {baseline.rules}")
    show(listed(lines))
    return 0


def _line(row: BaselineRow, allowed: int) -> str:
    times = f" ({allowed} times)" if allowed > 1 else ""
    return " ".join(filter(None, (row.rule, row.path, row.subject, row.about))) + times


def _judged(snapshot: Snapshot) -> Report:
    """All findings in the snapshot, ignoring the baseline."""
    cache = open_cache(".")
    report = check(snapshot, configuration.load(snapshot), cache=cache, baseline=Baseline({}))
    cache.save()
    return report


def _verdict(report: Report) -> int:
    """Reports what could not be checked; returns 3 if there is anything, else 0."""
    for problem in report.problems:
        line = f"{problem.path}:{problem.line}: not checked: {problem.message}"
        click.echo(listed([line]), err=True, nl=False)
    return report.exit_code("never")


def _is_rule(id: str, known: RuleSet) -> bool:
    from evalpolicy.errors import UsageError

    try:
        return bool(matching(id, known))
    except UndecidedError:
        return True
    except UsageError:
        return False


def _write(snapshot: Snapshot, file: Path, given: str | None, content: bytes) -> None:
    from evalpolicy.snapshot import writing

    try:
        if given is None:
            writing.write(file.name, content, root=snapshot.top)
        else:
            writing.write(given, content)
    except OSError as error:
        raise NotCheckedError(f"cannot write {file}: {error.strerror or error}") from error
