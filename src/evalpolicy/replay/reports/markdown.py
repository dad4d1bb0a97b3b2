"""The job summary: a table of the replays, with their text only as code."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.replay.reports import ReplayReport
from evalpolicy.reporters.markdown import LIMIT, code
from evalpolicy.reporters.text import count

# Room for the line that says what was cut (bytes).
_ROOM = 1000


def render(report: ReplayReport, limit: int = LIMIT) -> str:
    """The worst first, cut if it would exceed `limit` bytes."""
    verdicts = ", ".join(f"{number:,} {verdict}" for verdict, number in report.counted.items())
    head = f"## evalpolicy replay: {verdicts or 'nothing to replay'}\n\n"
    head += f"{count(len(report.replays), 'fixture')} on {code(report.engine)} "
    head += f"in {report.seconds:.1f} s.\n"
    text = [head, "\n| verdict | fixture | seconds | |\n| --- | --- | ---: | --- |\n"]
    size = sum(len(piece.encode()) for piece in text)
    rows = list(_rows(report))
    for number, row in enumerate(rows):
        size += len(row.encode())
        if size > limit - _ROOM:
            text.append(f"\nCut here: {len(rows) - number:,} of {len(rows):,} are not shown.\n")
            break
        text.append(row)
    return "".join(text)


def _rows(report: ReplayReport) -> Iterator[str]:
    for one in sorted(report.replays, key=lambda one: one.verdict == "reproduced"):
        reasons = " ".join(_cell(reason) for reason in one.judgement.reasons)
        yield f"| {_verdict(one)} | {_cell(one.name)} | {one.seconds:.1f} | {reasons} |\n"


def _verdict(one: Replayed) -> str:
    verdict = one.verdict if one.verdict == "reproduced" else f"**{one.verdict}**"
    return f"{verdict} (control)" if one.control else verdict


def _cell(text: str) -> str:
    """Code in a table: there, a bar ends the cell even within code."""
    return code(text.replace("|", "¦"))
