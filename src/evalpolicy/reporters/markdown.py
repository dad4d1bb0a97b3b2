"""The job summary: Markdown that shows text from a repository only as code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from evalpolicy.policy.causes import Cause
from evalpolicy.policy.report import FileProblem, Report
from evalpolicy.policy.rule import Finding
from evalpolicy.policy.urgency import CONCERNS
from evalpolicy.reporters.judged_by import sentences
from evalpolicy.reporters.safe import shown
from evalpolicy.reporters.text import count, counts, looked, waived

LIMIT = 1 << 20
"""GitHub rejects a step's summary of more than 1 MiB (bytes)."""

LISTED = 500
"""At most so many places of one cause are listed."""

# Room for the note that the summary is cut (bytes).
_ROOM = 1000
_RUN = re.compile("`+")
_PLAIN = re.compile("[A-Za-z0-9-]+(?:,? [A-Za-z0-9-]+)*|[0-9][0-9.,]*")


def render(report: Report, limit: int = LIMIT) -> str:
    """The report, cut after a cause if it would exceed `limit` bytes.

    Problems come first, then each cause with its findings, the most urgent first.
    """
    causes = report.causes
    text = [f"## evalpolicy: {_verdict(report, causes)}\n\n{_checked(report)}\n"]
    size = len(text[0].encode())
    left = len(report.findings) + len(report.problems)
    for heading, item, number in _items(report, causes):
        piece = heading + item
        size += len(piece.encode())
        if size > limit - _ROOM:
            text.append(_cut(left, report))
            break
        left -= number
        text.append(piece)
    return "".join(text)


def _verdict(report: Report, causes: Sequence[Cause]) -> str:
    parts = [found] if (found := counts(report, causes)) else []
    if report.problems:
        parts.insert(0, f"{count(len(report.problems), 'problem')} (not everything was checked)")
    return ", ".join(parts) or "no findings"


def _checked(report: Report) -> str:
    what, _, where = looked(report).partition(" below ")
    below = f" below {code(where)}" if where else ""
    text = f"Checked {what}{below} by {count(report.checked.rules, 'rule')}"
    if report.waived:
        text += f"; {waived(report)}"
    return " ".join([f"{text}.", *sentences(report)])


def _items(report: Report, causes: Sequence[Cause]) -> Iterator[tuple[str, str, int]]:
    """Each problem and cause: the heading that starts with it, its text, how much it counts."""
    heading = "\n### Not checked\n\n"
    for problem in report.problems:
        yield heading, _problem(problem, report.prefix), 1
        heading = ""
    for urgency, of_concern in groupby(causes, key=lambda cause: cause.urgency):
        heading = f"\n### {CONCERNS[urgency].title}\n\n"
        for cause in of_concern:
            yield heading, _cause(cause, report.prefix), len(cause.findings)
            heading = ""


def _problem(problem: FileProblem, prefix: str) -> str:
    return f"- {code(prefix + problem.path)} line {problem.line}: {code(problem.message)}\n"


def _cause(cause: Cause, prefix: str) -> str:
    first = cause.first
    lines = [
        f"- **{first.rule} {first.name}** {first.severity}, {_place(first, prefix)}: "
        f"{code(first.message)}"
    ]
    if first.help:
        lines.append(f"  - {code(first.help)}")
    if cause.command:
        lines.append(f"  - fix: {code(cause.command)}")
    return "".join(f"{line}\n" for line in [*lines, *_others(cause, prefix)])


def _others(cause: Cause, prefix: str) -> Iterator[str]:
    """Where the other findings of a cause are, folded; the tags hold no text of a repository."""
    others = [finding for finding in cause.findings if finding is not cause.first]
    if not others:
        return
    yield f"\n  <details><summary>{cause.others}</summary>\n"
    yield from (f"  - {_place(finding, prefix)}" for finding in others[:LISTED])
    if len(others) > LISTED:
        yield f"  - and {len(others) - LISTED:,} more"
    yield "\n  </details>\n"


def _place(finding: Finding, prefix: str) -> str:
    return f"{code(prefix + finding.path)} line {finding.span.line}"


def _cut(left: int, report: Report) -> str:
    total = len(report.findings) + len(report.problems)
    return (
        f"\n---\n\nNot shown: {left:,} of {total:,}, because a job summary is limited to "
        "1 MiB. Run `evalpolicy check` to see them all.\n"
    )


def cell(text: str) -> str:
    """A table cell: words and numbers as they are, everything else as code."""
    text = shown(text)
    if _PLAIN.fullmatch(text):
        return text
    # A bar ends the cell even in code, and not every renderer accepts a backslash before it.
    return code(text.replace("|", "\\x7c"))


def code(text: str) -> str:
    """A code span that shows `text` on one line, whatever backticks it contains."""
    text = shown(text)
    longest = max(map(len, _RUN.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if not text.strip() or text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"
