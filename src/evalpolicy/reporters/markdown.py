"""The job summary: Markdown that shows text from a repository only as code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from evalpolicy.policy.report import FileProblem, Report
from evalpolicy.policy.rule import SEVERITIES, Finding
from evalpolicy.reporters.judged_by import sentences
from evalpolicy.reporters.safe import shown
from evalpolicy.reporters.text import count, looked, waived

LIMIT = 1 << 20
"""GitHub rejects a step's summary of more than 1 MiB (bytes)."""

# Room for the note that the summary is cut (bytes).
_ROOM = 1000
_RUN = re.compile("`+")
_PLAIN = re.compile("[A-Za-z0-9-]+(?:,? [A-Za-z0-9-]+)*|[0-9][0-9.,]*")


def render(report: Report, limit: int = LIMIT) -> str:
    """The report, cut after a finding if it would exceed `limit` bytes.

    Problems come first, then findings by severity and file.
    """
    text = [f"## evalpolicy: {_verdict(report)}\n\n{_checked(report)}\n"]
    size = len(text[0].encode())
    items = list(_items(report))
    for number, (heading, item) in enumerate(items):
        piece = heading + item
        size += len(piece.encode())
        if size > limit - _ROOM:
            text.append(_cut(items[number:], report))
            break
        text.append(piece)
    return "".join(text)


def _verdict(report: Report) -> str:
    parts = [count(n, severity) for severity, n in report.summary.items() if n]
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


def _items(report: Report) -> Iterator[tuple[str, str]]:
    """Each problem and finding, with the headings that start with it."""
    heading = "\n### Not checked\n\n"
    for problem in report.problems:
        yield heading, _problem(problem, report.prefix)
        heading = ""
    for severity in SEVERITIES:
        section = f"\n### {severity.capitalize()}s\n"
        found = (finding for finding in report.findings if finding.severity == severity)
        for path, group in groupby(found, key=lambda finding: finding.path):
            heading = f"{section}\n{code(report.prefix + path)}\n\n"
            section = ""
            for finding in group:
                yield heading, _finding(finding)
                heading = ""


def _problem(problem: FileProblem, prefix: str) -> str:
    return f"- {code(prefix + problem.path)} line {problem.line}: {code(problem.message)}\n"


def _finding(finding: Finding) -> str:
    line = f"- **{finding.rule} {finding.name}** line {finding.span.line}: {code(finding.message)}"
    return f"{line}\n" + (f"  - {code(finding.help)}\n" if finding.help else "")


def _cut(left: list[tuple[str, str]], report: Report) -> str:
    total = len(report.findings) + len(report.problems)
    return (
        f"\n---\n\nNot shown: {len(left):,} of {total:,}, because a job summary is limited to "
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
