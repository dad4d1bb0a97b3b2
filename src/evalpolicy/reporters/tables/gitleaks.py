"""Evaluations of a gitleaks configuration as text, for 60 columns or more."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.reporters.markdown import code
from evalpolicy.reporters.safe import listed, shown
from evalpolicy.scanners.gitleaks.effects import AllowlistEffect
from evalpolicy.scanners.gitleaks.evaluate import Evaluation

NARROW = 60


def as_text(evaluations: Sequence[Evaluation], width: int) -> str:
    """One block per version; with several versions, first a table of what each allowlist does."""
    lines: list[str] = []
    if len(evaluations) > 1:
        lines += _side_by_side(evaluations)
        lines.append("")
    for evaluation in evaluations:
        lines += _block(evaluation, max(width, NARROW))
        lines.append("")
    return listed(lines[:-1])


def as_markdown(evaluations: Sequence[Evaluation]) -> str:
    """The table of all versions, then the reasons."""
    lines = [f"| {' | '.join(row)} |" for row in _rows(evaluations)]
    lines.insert(1, "|" + " --- |" * (len(evaluations) + 1))
    for evaluation in evaluations:
        lines += ["", f"**gitleaks {evaluation.version}**: {code(_state(evaluation))}", ""]
        lines += [f"- {code(_what(a))}" for a in evaluation.allowlists]
        lines += [f"- {code(text)}" for text in _keys(evaluation)]
    return "\n".join(lines) + "\n"


def _rows(evaluations: Sequence[Evaluation]) -> list[list[str]]:
    rows = [["", *(str(e.version) for e in evaluations)]]
    rows.append(["loads", *("yes" if e.loads else "no" for e in evaluations)])
    rows.append(["rules", *(_rules(e) for e in evaluations)])
    for number, allowlist in enumerate(evaluations[0].allowlists):
        effects = [
            e.allowlists[number].effect if number < len(e.allowlists) else "-" for e in evaluations
        ]
        rows.append([f"line {allowlist.span.line}", *effects])
    return rows


def _side_by_side(evaluations: Sequence[Evaluation]) -> list[str]:
    rows = _rows(evaluations)
    wide = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        mark = "  <- changes" if row[0].startswith("line") and len(set(row[1:])) > 1 else ""
        cells = "  ".join(cell.ljust(wide[n]) for n, cell in enumerate(row))
        lines.append(f"{cells}{mark}".rstrip())
    return lines


def _block(evaluation: Evaluation, width: int) -> list[str]:
    def wrapped(text: str, indent: str) -> list[str]:
        return textwrap.wrap(
            shown(text), width, initial_indent=indent, subsequent_indent=f"{indent}  "
        )

    lines = wrapped(f"gitleaks {evaluation.version}, {evaluation.config}", "")
    lines += wrapped(_state(evaluation), "  ")
    for allowlist in evaluation.allowlists:
        lines += wrapped(_what(allowlist), "  ")
        for criterion in allowlist.criteria:
            if criterion.why and criterion.why != allowlist.why:
                where = f"{criterion.span.line}: {criterion.key} {criterion.effect}"
                lines += wrapped(f"{where}: {criterion.why}", "      ")
    for text in _keys(evaluation):
        lines += wrapped(text, "  ")
    for problem in evaluation.problems:
        lines += wrapped(f"{problem.span.line}: not checked: {problem.message}", "  ")
    return lines


def _state(evaluation: Evaluation) -> str:
    if evaluation.error is not None:
        error = evaluation.error
        where = f"{error.path or evaluation.config}:{error.span.line}"
        return f"does not load: {where}: {error.message}"
    return f"loads; rules: {_rules(evaluation)}" + (
        ": every scan passes" if evaluation.rules.none else ""
    )


def _rules(evaluation: Evaluation) -> str:
    rules = evaluation.rules
    if not evaluation.loads:
        return "-"
    if rules.none:
        return "none"
    parts = (["default"] if rules.default else []) + ([f"{rules.own} own"] if rules.own else [])
    off = len(rules.disabled) + len(rules.silenced)
    return " + ".join(parts) + (f" - {off} off" if off else "")


def _what(allowlist: AllowlistEffect) -> str:
    scope = "" if allowlist.scope == "global" else f" of {allowlist.scope}"
    number = len(allowlist.files)
    files = f", {counted(number, 'file')} exempt" if allowlist.files else ""
    why = f": {allowlist.why}" if allowlist.why else ""
    return f"{allowlist.span.line}: {allowlist.form}{scope} {allowlist.effect}{files}{why}"


def _keys(evaluation: Evaluation) -> list[str]:
    found = [(k.span.line, f"{k.key}: no version knows this key") for k in evaluation.unknown_keys]
    for key in evaluation.unread_keys:
        since = f"; read since {key.since}" if key.since else ""
        found.append((key.span.line, f"{key.key}: ignored{since}"))
    return [f"{line}: {text}" for line, text in sorted(found)]
