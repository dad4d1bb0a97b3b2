"""Workflow commands: annotations on the lines of a pull request.

GitHub shows at most ten errors, ten warnings and ten notices per step, so no more are printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evalpolicy.policy.causes import Cause
from evalpolicy.policy.report import FileProblem, Report
from evalpolicy.policy.rule import SEVERITIES, Finding, Severity
from evalpolicy.reporters.judged_by import sentences
from evalpolicy.reporters.safe import shown
from evalpolicy.reporters.text import count

LIMIT = 10
"""The limit of annotations of one severity in one step."""

_LOOSENED = "SUB012"
_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> str:
    """One command per line, the worst first; of a severity, the most urgent first.

    A last line says how many are left out.
    """
    lines: list[str] = []
    left_out = []
    causes = report.causes
    for severity in SEVERITIES:
        commands = list(_commands(report, causes, severity))
        lines.extend(command for command, _ in commands[:LIMIT])
        if len(commands) > LIMIT:
            left_out.append(count(sum(number for _, number in commands[LIMIT:]), severity))
    if left_out:
        lines.append(
            f"evalpolicy: {', '.join(left_out)} more; GitHub shows {LIMIT} of each per step. "
            "For all of them, see the job summary (--format markdown), the SARIF file, or the "
            "output of `evalpolicy check`"
        )
    judged = report.judged_by
    of_policy = judged is not None and (judged.refused or judged.origin != "base")
    if of_policy or report.without_units:
        lines.append(_command("notice", {"title": "evalpolicy"}, " ".join(sentences(report))))
    return "".join(f"{line}\n" for line in lines)


def _commands(
    report: Report, causes: Sequence[Cause], severity: Severity
) -> Iterator[tuple[str, int]]:
    """Each command with the number of findings that it stands for.

    That is one if there is room for all of them; otherwise each cause is shown once.
    """
    problems = report.problems if severity == "error" else ()
    found = [
        [finding for finding in cause.findings if finding.severity == severity] for cause in causes
    ]
    if sum(map(len, found)) + len(problems) <= LIMIT:
        found = [[finding] for findings in found for finding in findings]
    found = [findings for findings in found if findings]
    # Who loosens the policy comes first, then what nobody could look at.
    for findings in found:
        if findings[0].rule == _LOOSENED:
            yield _findings(findings, report.prefix), len(findings)
    for problem in problems:
        yield _problem(problem, report.prefix), 1
    for findings in found:
        if findings[0].rule != _LOOSENED:
            yield _findings(findings, report.prefix), len(findings)


def _findings(findings: Sequence[Finding], prefix: str) -> str:
    """The annotation on the first finding, which stands for all of them."""
    finding = findings[0]
    more = f", and {len(findings) - 1:,} more like it" if len(findings) > 1 else ""
    span = finding.span
    properties = {"file": _path(prefix + finding.path), "line": str(span.line)}
    # GitHub drops an annotation that has columns and spans several lines.
    if span.end_line == span.line:
        properties["col"] = str(span.column)
        properties["endColumn"] = str(max(span.end_column - 1, span.column))
    else:
        properties["endLine"] = str(span.end_line)
    properties["title"] = f"{finding.rule} {finding.name}"
    text = finding.message + more + (f" ({finding.help})" if finding.help else "")
    return _command(_COMMANDS[finding.severity], properties, shown(text))


def _problem(problem: FileProblem, prefix: str) -> str:
    properties = {
        "file": _path(prefix + problem.path),
        "line": str(problem.line),
        "title": "not checked",
    }
    return _command("error", properties, shown(problem.message))


def _path(path: str) -> str:
    """The path with its line ends; other characters that are unsafe in a log are escaped."""
    return "".join(
        part if part in ("\r", "\n") else shown(part) for part in re.split("([\r\n])", path)
    )


def _command(name: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
