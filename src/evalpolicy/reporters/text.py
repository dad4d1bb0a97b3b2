"""The report for a person at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import Finding, Severity
from evalpolicy.reporters.judged_by import sentences
from evalpolicy.reporters.safe import no_command, shown, width

_COLOURS: dict[Severity, str] = {"error": "red", "warning": "yellow", "note": "cyan"}
# Leave room for a few words of a message, however narrow the terminal is.
_NARROWEST = 30
_TAB = "    "

Style = Callable[..., str]


# With at least this many findings, a fleet is probably new to evalpolicy.
_MANY = 100


def render(report: Report, *, columns: int = 100, colour: bool = False, quiet: bool = False) -> str:
    """Findings by file, each with its source line; then what could not be checked, and a summary.

    `columns` is the terminal's width in cells. `quiet` leaves one line a finding.
    """
    style = styles(colour)
    lines: list[str] = []
    for path, group in groupby(report.findings, key=lambda finding: finding.path):
        if quiet:
            lines.extend(_one_line(finding, style) for finding in group)
            continue
        lines.append(style(no_command(shown(path)), bold=True))
        for finding in group:
            lines.extend(_finding(finding, report, columns, style))
        lines.append("")
    for problem in report.problems:
        place = f"{shown(problem.path)}:{problem.line}"
        lines.extend(
            wrap(f"{place}: not checked: {shown(problem.message)}", columns, "", style, "magenta")
        )
    if report.problems and not quiet:
        lines.append("")
    if not quiet:
        lines.extend(summary(report, columns, style))
    return "".join(f"{line}\n" for line in lines)


def _one_line(finding: Finding, style: Style) -> str:
    span = finding.span
    severity = style(finding.severity, fg=_COLOURS[finding.severity])
    place = no_command(f"{shown(finding.path)}:{span.line}:{span.column}")
    return f"{place}: {severity}: {finding.rule} {finding.name}: {shown(finding.message)}"


def _finding(finding: Finding, report: Report, columns: int, style: Style) -> Iterator[str]:
    span = finding.span
    place = f"  {span.line}:{span.column}"
    title = f"{finding.severity}: {finding.rule} {finding.name}"
    coloured = style(finding.severity, fg=_COLOURS[finding.severity], bold=True)
    yield (
        f"{place}  {coloured}: {style(finding.rule, bold=True)} {finding.name}"
        if style("x", bold=True) != "x"
        else f"{place}  {title}"
    )
    yield from wrap(shown(finding.message), columns, "      ", style)
    excerpt = report.excerpts.get((finding.path, span.line))
    if excerpt is not None:
        yield from _excerpt(finding, excerpt, columns, style)
    if finding.help:
        yield from wrap(f"help: {shown(finding.help)}", columns, "      ", style, "green")


def _excerpt(finding: Finding, line: str, columns: int, style: Style) -> Iterator[str]:
    """The source line, cut to the terminal around the span, and the span underlined."""
    span = finding.span
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = min(max(end, start + 1), max(len(line), start + 1))
    number = str(span.line)
    room = max(columns - len(number) - 10, _NARROWEST)
    before, marked, after = (_visible(t) for t in (line[:start], line[start:end], line[end:]))
    if width(before) + width(marked) > room:
        before = "…" + _tail(before, max(room - width(marked) - 1, 8))
    marked = _head(marked, room - width(before))
    after = _head(after, room - width(before) - width(marked))
    underline = " " * width(before) + "^" * max(width(marked), 1)
    gutter = style("|", fg="blue")
    yield f"      {style(number, fg='blue')} {gutter} {before}{marked}{after}".rstrip()
    yield f"      {' ' * len(number)} {gutter} {style(underline, fg=_COLOURS[finding.severity])}"


def _visible(text: str) -> str:
    return shown(text.replace("\t", _TAB))


def _head(text: str, room: int) -> str:
    if width(text) <= room:
        return text
    kept = ""
    for character in text:
        if width(kept + character) >= max(room, 1):
            break
        kept += character
    return kept + "…"


def _tail(text: str, room: int) -> str:
    kept = text[-room:]
    while kept and width(kept) > room:
        kept = kept[1:]
    return kept


def summary(report: Report, columns: int, style: Style) -> Iterator[str]:
    """What was checked, what was found, and what to run next."""
    checked = report.checked
    found = ", ".join(count(n, severity) for severity, n in report.summary.items() if n)
    if report.problems:
        unchecked = f"{count(len(report.problems), 'problem')}: not everything could be checked"
        found = f"{found}; {unchecked}" if found else unchecked
    verdict = found or "no findings"
    if report.waived:
        verdict += f"; {waived(report)}"
    colour = "red" if report.summary["error"] or report.problems else "yellow" if found else "green"
    yield from wrap(
        f"Checked {shown(looked(report))} by {count(checked.rules, 'rule')}: {verdict}.",
        columns, "", style, colour,
    )  # fmt: skip
    yield from wrap(_fixable(report), columns, "", style)
    yield from wrap(_way_out(report), columns, "", style)
    if report.base:
        yield from wrap(
            f"The submission is what changed since the merge base {report.base[:12]}.",
            columns, "", style,
        )  # fmt: skip
    for sentence in sentences(report):
        yield from wrap(sentence, columns, "", style)
    if report.findings:
        worst = min(report.findings, key=lambda f: ("error", "warning", "note").index(f.severity))
        yield from wrap(f"For more information, run: evalpolicy explain {worst.rule}", columns, "",
                         style)  # fmt: skip


def _fixable(report: Report) -> str:
    fixes = [finding.fix for finding in report.findings if finding.fix is not None]
    if not fixes:
        return ""
    guess = "" if any(fix.safe for fix in fixes) else " --unsafe-fixes"
    of = f"{len(fixes):,} of {count(len(report.findings), 'finding')}"
    return f"{of} fixable: evalpolicy check --fix{guess} (preview with --diff{guess})"


def _way_out(report: Report) -> str:
    """What to do if files are missing, or if there are too many findings to read."""
    if any("not in this clone" in problem.message for problem in report.problems):
        return "To fetch the missing files, run: git fetch --refetch --no-filter"
    if len(report.findings) < _MANY or report.problems:
        return ""
    return (
        "Too many to fix at once? evalpolicy check --statistics counts them by rule; evalpolicy "
        "baseline write accepts them all, so that only new findings fail."
    )


def looked(report: Report) -> str:
    """What was checked below the given paths: `7 Dockerfiles, 1 benchmark, 2 fixtures`."""
    checked = report.checked
    parts = [
        count(checked.dockerfiles, "Dockerfile"),
        count(checked.benchmarks, "benchmark"),
        count(checked.fixtures, "fixture"),
    ]
    if not report.paths:
        return ", ".join(parts)
    return f"{', '.join([count(checked.files, 'file'), *parts])} below {', '.join(report.paths)}"


def waived(report: Report) -> str:
    """How many findings are waived, and by what: `2 suppressed, 40 in the baseline`."""
    parts = {"suppressed": report.suppressed, "in the baseline": report.baselined}
    return ", ".join(f"{number:,} {words}" for words, number in parts.items() if number)


count = counted


def styles(colour: bool) -> Style:
    """The function that colours a text, or returns it unchanged."""
    return _styled if colour else _plain


def wrap(
    text: str, columns: int, indent: str, style: Style, colour: str | None = None
) -> Iterator[str]:
    """Lines of at most `columns` cells; `text` is `shown` text."""
    room = max(columns, len(indent) + _NARROWEST)
    for line in textwrap.wrap(
        text, room, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    ):
        line = no_command(line)
        yield style(line, fg=colour) if colour else line


def _plain(text: str, **_: object) -> str:
    return text


def _styled(text: str, **how: Any) -> str:
    import click

    return click.style(text, **how)
