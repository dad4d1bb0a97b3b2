"""The replays as text: one line each, with the reasons and the command for the logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.facts.replays.verdict import Verdict
from evalpolicy.policy.rule import SEVERITIES
from evalpolicy.replay.reports import ReplayReport
from evalpolicy.reporters.safe import no_command, shown
from evalpolicy.reporters.text import Style, count, styles, waived, wrap

COLOURS: Mapping[Verdict, str] = {
    "reproduced": "green",
    "diverged": "red",
    "exhausted": "red",
    "unfinished": "red",
    "failed": "red",
    "not run": "magenta",
}
_WIDE = max(map(len, COLOURS))


def render(
    report: ReplayReport, *, columns: int = 100, colour: bool = False, quiet: bool = False
) -> str:
    """Each replay with its reasons, then a summary. `quiet` leaves out what was reproduced and
    the summary."""
    style = styles(colour)
    lines: list[str] = []
    for one in report.replays:
        if not quiet or one.verdict != "reproduced":
            lines.extend(told(one, columns, style))
    if not quiet:
        lines.append("")
        lines.extend(_summary(report, columns, style))
    return "".join(f"{line}\n" for line in lines)


def told(one: Replayed, columns: int, style: Style) -> Iterator[str]:
    """One replay: its verdict, its name, how long it took; then what speaks against it."""
    verdict = style(f"{one.verdict:{_WIDE}}", fg=COLOURS[one.verdict], bold=True)
    control = " (control)" if one.control else ""
    took = f"  {one.seconds:.1f} s" if one.seconds else ""
    yield no_command(f"{verdict}  {shown(one.name)}{control}{took}")
    for reason in one.judgement.reasons:
        yield from wrap(shown(reason), columns, "            ", style)


def _summary(report: ReplayReport, columns: int, style: Style) -> Iterator[str]:
    verdicts = ", ".join(f"{number:,} {verdict}" for verdict, number in report.counted.items())
    bad = set(report.counted) - {"reproduced", "not run"}
    colour = "red" if bad else "magenta" if report.report.problems else "green"
    said = f"Replayed {count(len(report.replays), 'fixture')} on {report.engine} in "
    text = f"{said}{report.seconds:.1f} s: {verdicts or 'nothing to replay'}."
    if report.report.waived:
        text += f" Findings: {waived(report.report)}."
    yield from wrap(shown(text), columns, "", style, colour)
    if report.report.findings:
        worst = min(report.report.findings, key=lambda found: SEVERITIES.index(found.severity))
        why = f"For more information, run: evalpolicy explain {worst.rule}"
        yield from wrap(why, columns, "", style)
    if report.look:
        # Not wrapped: this line is there to be copied.
        yield no_command(shown(f"To read the logs, run: {report.look}"))
