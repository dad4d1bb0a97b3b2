"""Workflow commands: annotations on the lines of a pull request.

GitHub shows at most ten errors, ten warnings and ten notices per step, so no more are printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.policy.report import FileProblem, Report
from evalpolicy.policy.rule import SEVERITIES, Finding, Severity
from evalpolicy.reporters.judged_by import sentences
from evalpolicy.reporters.safe import shown
from evalpolicy.reporters.text import count

LIMIT = 10
"""The limit of annotations of one severity in one step."""

_FIRST = ("SUB012", "GAT", "GLK", "SEC")
"""What is not to be left out, by how rules' ids begin: who loosens the policy, then what a gate
lets through, then credentials."""

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> str:
    """One command per line, the worst first. A last line says how many are left out.

    Within a severity, the findings that devalue all others come first.
    """
    lines: list[str] = []
    left_out = []
    for severity in SEVERITIES:
        commands = list(_commands(report, severity))
        lines.extend(commands[:LIMIT])
        if len(commands) > LIMIT:
            left_out.append(count(len(commands) - LIMIT, severity))
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


def _commands(report: Report, severity: Severity) -> Iterator[str]:
    found = [finding for finding in report.findings if finding.severity == severity]
    loosening = [finding for finding in found if _place(finding) == 0]
    others = [finding for finding in found if _place(finding) > 0]
    yield from (_finding(finding, report.prefix) for finding in loosening)
    if severity == "error":
        yield from (_problem(problem, report.prefix) for problem in report.problems)
    yield from (_finding(finding, report.prefix) for finding in sorted(others, key=_place))


def _place(finding: Finding) -> int:
    """How far behind a finding stands among those of its severity."""
    known = (place for place, start in enumerate(_FIRST) if finding.rule.startswith(start))
    return next(known, len(_FIRST))


def _finding(finding: Finding, prefix: str) -> str:
    span = finding.span
    properties = {"file": _path(prefix + finding.path), "line": str(span.line)}
    # GitHub drops an annotation that has columns and spans several lines.
    if span.end_line == span.line:
        properties["col"] = str(span.column)
        properties["endColumn"] = str(max(span.end_column - 1, span.column))
    else:
        properties["endLine"] = str(span.end_line)
    properties["title"] = f"{finding.rule} {finding.name}"
    text = finding.message + (f" ({finding.help})" if finding.help else "")
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
