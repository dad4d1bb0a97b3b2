"""The number of findings of each rule, instead of the findings."""

from __future__ import annotations

from collections import Counter

from evalpolicy.policy.report import Report


def render(report: Report) -> str:
    """One line per rule with findings, the most findings first, then by id."""
    counted = Counter((f.rule, f.name, f.severity) for f in report.findings)
    rows = sorted(counted.items(), key=lambda row: (-row[1], row[0]))
    wide = max((len(f"{number:,}") for _, number in rows), default=1)
    lines = [f"{n:>{wide},}  {id}  {severity:7}  {name}" for (id, name, severity), n in rows]
    return "".join(f"{line}\n" for line in lines) or "no findings\n"
