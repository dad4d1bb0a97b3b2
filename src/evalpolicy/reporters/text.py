"""The report for a person at a terminal."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.policy.causes import Cause
from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import SEVERITIES, Finding, Severity
from evalpolicy.reporters.judged_by import sentences
from evalpolicy.reporters.safe import no_command, shown, width

_COLOURS: dict[Severity, str] = {"error": "red", "warning": "yellow", "note": "cyan"}
# Leave room for a few words of a message, however narrow the terminal is.
_NARROWEST = 30
_TAB = "    "
_INDENT = "  "

Style = Callable[..., str]


ROOM = 100
"""Two screens of 50 lines: what does not fit is folded (lines of the terminal)."""

_HINT = (
    "Each cause is shown once. To list every finding, add -v; to list those of one rule, add "
    "--select RULE as well."
)
# What `click.style` writes around a text.
_COLOUR = re.compile("\x1b\\[[0-9;]*m")

# With at least this many findings, a fleet is probably new to evalpolicy.
_MANY = 100


def render(
    report: Report,
    *,
    columns: int = 100,
    colour: bool = False,
    quiet: bool = False,
    full: bool = False,
) -> str:
    """What was found, what could not be checked, and a summary.

    Each finding is shown with its source line and help if all of it fits into `ROOM`, or if `full`
    asks for it; otherwise each cause is shown once, by its first finding: with these if they fit,
    or else only the largest causes of each rule, as far as there is room. `columns` is the
    terminal's width in cells. `quiet` leaves one line a finding.
    """
    style = styles(colour)
    problems = [*_problems(report, columns, style)]
    if quiet:
        heads = (_head_line(finding, style) for finding in report.findings)
        return _joined([*heads, *problems])
    tail = [*problems, *([""] if problems else []), *summary(report, columns, style)]
    room = max(ROOM - _rows(tail, columns), ROOM // 2)  # however many problems there are
    if full or _fits(report, room, columns):
        return _joined([*_findings(report, columns, style), *tail])
    causes = report.causes
    by_rule = _by_rule(causes)
    hint = [*wrap(_HINT, columns, "", style)]
    room -= _rows(hint, columns)
    folded = [*_whole_causes(causes, report, columns, style)] if len(causes) * 2 <= room else []
    if not folded or _rows(folded, columns) > room:
        folded = [*_folded(by_rule, _numbers(by_rule, room, columns), columns, style)]
    return _joined([*folded, *tail, *hint])


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _fits(report: Report, room: int, columns: int) -> bool:
    """Whether every finding can be shown; each takes at least two lines."""
    if len(report.findings) * 2 > room:
        return False
    return _rows(_findings(report, columns, _plain), columns) <= room


def _by_rule(causes: Sequence[Cause]) -> list[list[Cause]]:
    return [list(of) for _, of in groupby(causes, key=lambda cause: cause.rule)]


def _numbers(by_rule: Sequence[Sequence[Cause]], room: int, columns: int) -> list[int]:
    """How many causes of each rule to show: one, then one more of each in turn while it fits.

    The least urgent rules get none if there is no room even for one of each.
    """
    rows = [[_rows(_cause(c, columns, _plain), columns) for c in causes] for causes in by_rule]
    # What is left out of a rule takes a line, too, and so does the blank line behind all of them.
    least = [of_rule[0] + (len(of_rule) > 1) for of_rule in rows]
    shown_rules, left = len(rows), room - 1 - sum(least)
    while left < 0 and shown_rules > 1:
        shown_rules -= 1
        named = _rows(_named(by_rule[shown_rules:], columns, _plain), columns)
        left = room - 1 - sum(least[:shown_rules]) - named
    numbers = [int(place < shown_rules) for place in range(len(rows))]
    grows = True
    while grows:
        grows = False
        for place, of_rule in enumerate(rows[:shown_rules]):
            if numbers[place] == len(of_rule):
                continue
            is_last = numbers[place] + 1 == len(of_rule)
            needed = of_rule[numbers[place]] - is_last
            if needed <= left:
                numbers[place] += 1
                left -= needed
                grows = True
    return numbers


def _rows(lines: Iterable[str], columns: int) -> int:
    """How many lines of the terminal they take; a longer one is continued on the next."""
    return sum(max(1, -(-width(_COLOUR.sub("", line)) // columns)) for line in lines)


def _findings(report: Report, columns: int, style: Style) -> Iterator[str]:
    for finding in report.findings:
        yield from _finding(finding, report, columns, style)
        yield ""


def _finding(finding: Finding, report: Report, columns: int, style: Style) -> Iterator[str]:
    yield _head_line(finding, style)
    excerpt = report.excerpts.get((finding.path, finding.span.line))
    if excerpt is not None:
        yield from _excerpt(finding, excerpt, columns, style)
    if finding.help:
        yield from wrap(f"help: {shown(finding.help)}", columns, _INDENT, style, "green")


def _whole_causes(
    causes: Sequence[Cause], report: Report, columns: int, style: Style
) -> Iterator[str]:
    """The first finding of each cause, and how many more there are."""
    for cause in causes:
        yield from _finding(cause.first, report, columns, style)
        yield from _more(cause, columns, style)
        yield ""


def _folded(
    by_rule: Sequence[Sequence[Cause]], numbers: Sequence[int], columns: int, style: Style
) -> Iterator[str]:
    """So many causes of each rule, each once, and how many are left out."""
    for causes, number in zip(by_rule, numbers, strict=True):
        for cause in causes[:number]:
            yield from _cause(cause, columns, style)
        left = causes[number:]
        if number and left:
            files = len({finding.path for cause in left for finding in cause.findings})
            yield from wrap(
                f"and {count(len(left), 'more cause')} of {left[0].rule}: "
                f"{count(_findings_of(left), 'finding')} in {count(files, 'file')}",
                columns, _INDENT, style,
            )  # fmt: skip
    yield from _named([of for of, number in zip(by_rule, numbers, strict=True) if not number],
                      columns, style)  # fmt: skip
    yield ""


def _named(by_rule: Sequence[Sequence[Cause]], columns: int, style: Style) -> Iterator[str]:
    """Rules of which nothing is shown, with how many findings each has."""
    if by_rule:
        rules = ", ".join(f"{causes[0].rule} ({_findings_of(causes):,})" for causes in by_rule)
        yield from wrap(
            f"and findings of {count(len(by_rule), 'more rule')}: {rules}", columns, "", style
        )


def _findings_of(causes: Sequence[Cause]) -> int:
    return sum(len(cause.findings) for cause in causes)


def _cause(cause: Cause, columns: int, style: Style) -> Iterator[str]:
    yield _head_line(cause.first, style)
    yield from _more(cause, columns, style)


def _more(cause: Cause, columns: int, style: Style) -> Iterator[str]:
    fix = f"fix: {cause.command}" if cause.command else ""
    yield from wrap("; ".join(filter(None, (cause.others, fix))), columns, _INDENT, style, "green")


def _problems(report: Report, columns: int, style: Style) -> Iterator[str]:
    for problem in report.problems:
        place = f"{shown(problem.path)}:{problem.line}"
        yield from wrap(
            f"{place}: not checked: {shown(problem.message)}", columns, "", style, "magenta"
        )


def _head_line(finding: Finding, style: Style) -> str:
    """`path:line:column: severity: ID name: message`, never broken: terminals, editors and `grep`
    read it."""
    span = finding.span
    severity = style(finding.severity, fg=_COLOURS[finding.severity], bold=True)
    place = no_command(f"{shown(finding.path)}:{span.line}:{span.column}")
    rule = style(finding.rule, bold=True)
    return f"{place}: {severity}: {rule} {finding.name}: {shown(finding.message)}"


def _excerpt(finding: Finding, line: str, columns: int, style: Style) -> Iterator[str]:
    """The source line, cut to the terminal around the span, and the span underlined."""
    span = finding.span
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = min(max(end, start + 1), max(len(line), start + 1))
    number = str(span.line)
    room = max(columns - len(number) - 6, _NARROWEST)
    before, marked, after = (_visible(t) for t in (line[:start], line[start:end], line[end:]))
    if width(before) + width(marked) > room:
        before = "…" + _tail(before, max(room - width(marked) - 1, 8))
    marked = _head(marked, room - width(before))
    after = _head(after, room - width(before) - width(marked))
    underline = " " * width(before) + "^" * max(width(marked), 1)
    gutter = style("|", fg="blue")
    marks = style(underline, fg=_COLOURS[finding.severity])
    yield f"{_INDENT}{style(number, fg='blue')} {gutter} {before}{marked}{after}".rstrip()
    yield f"{_INDENT}{' ' * len(number)} {gutter} {marks}"


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
    causes = report.causes
    found = counts(report, causes)
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
    if causes:
        yield from wrap(f"For more information, run: evalpolicy explain {causes[0].rule}",
                        columns, "", style)  # fmt: skip


def counts(report: Report, causes: Sequence[Cause]) -> str:
    """`2 causes (1 error, 1 note), 40 findings (39 errors, 1 note)`; what each counts is left out
    where every finding has a cause of its own."""
    findings = by_severity(report.summary)
    if len(causes) == len(report.findings):
        return findings
    of_causes = by_severity(Counter(cause.severity for cause in causes))
    return (
        f"{count(len(causes), 'cause')} ({of_causes}), "
        f"{count(len(report.findings), 'finding')} ({findings})"
    )


def by_severity(numbers: Mapping[Severity, int]) -> str:
    """`1 error, 2 notes`"""
    return ", ".join(count(n, severity) for severity in SEVERITIES if (n := numbers.get(severity)))


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
