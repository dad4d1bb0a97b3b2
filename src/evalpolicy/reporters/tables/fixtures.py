"""The table of fixtures, for a terminal of any width and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from evalpolicy.artifacts.model_names import model_family
from evalpolicy.facts.fixture_rows import OTHER_AGENT, FixtureRow
from evalpolicy.reporters.markdown import cell
from evalpolicy.reporters.safe import listed, shown, width
from evalpolicy.reporters.text import count

_HEADS = (
    "benchmark", "task", "agent", "turns", "failed", "models", "tokens", "cost", "size",
    "recorded", "provenance", "verdict",
)  # fmt: skip
_NUMBERS = frozenset(("turns", "failed", "tokens", "cost", "size"))
# Columns to leave out first if the terminal is too narrow.
_LEAST = ("cost", "models", "tokens", "provenance", "size", "failed", "recorded")
_SHORTEST = 6


def text(found: Sequence[FixtureRow], wide: int) -> str:
    """As many columns as fit: the least important are left out first, long cells are cut."""
    cells = [dict(zip(_HEADS, map(shown, _cells(row)), strict=True)) for row in found]
    heads = list(_HEADS)
    for least in _LEAST:
        if _needed(heads, cells) <= wide:
            break
        heads.remove(least)
    widths = {head: max(len(head), *(width(row[head]) for row in cells)) for head in heads}
    while sum(widths.values()) + 2 * (len(heads) - 1) > wide:
        longest = max(heads, key=lambda head: widths[head])
        if widths[longest] <= _SHORTEST:
            break
        widths[longest] -= 1
    lines = [_line({head: head for head in heads}, widths)]
    lines += [_line(row, widths) for row in cells]
    return listed([*lines, "", *_summary(found, wide)])


def _needed(heads: Sequence[str], cells: Sequence[dict[str, str]]) -> int:
    wide = sum(max(len(head), *(width(row[head]) for row in cells)) for head in heads)
    return wide + 2 * (len(heads) - 1)


def _line(row: dict[str, str], widths: dict[str, int]) -> str:
    parts = []
    for head, wide in widths.items():
        cell = row[head]
        if width(cell) > wide:
            cell = cell[: wide - 1] + "…"
        parts.append(cell.rjust(wide) if head in _NUMBERS else cell.ljust(wide))
    return "  ".join(parts).rstrip()


def markdown(found: Sequence[FixtureRow]) -> str:
    """A table in GitHub's Markdown."""
    lines = [f"| {' | '.join(_HEADS)} |"]
    lines.append("|" + "".join(f" ---{':' * (head in _NUMBERS)} |" for head in _HEADS))
    lines += [f"| {' | '.join(map(cell, _cells(row)))} |" for row in found]
    return "\n".join([*lines, "", *_summary(found, 1000)]) + "\n"


def _cells(row: FixtureRow) -> tuple[str, ...]:
    named = row.benchmark is not None
    models = ", ".join(sorted({model_family(name) for name in row.models or ()}))
    by = " (prompt)" if row.recorded_by == "prompt" else ""
    return (
        row.benchmark or row.fixture,
        (row.task or "-") if named else "-",
        (row.agent or "-") + ("?" if row.ambiguous else ""),
        _number(row.turns),
        _number(row.failed),
        models or "-",
        _number(row.tokens),
        "-" if row.cost is None else f"{row.cost:.2f}",
        _number(row.size),
        f"{row.recorded}{by}" if row.recorded else "-",
        "yes" if row.provenance else "no",
        row.verdict,
    )


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _summary(found: Sequence[FixtureRow], wide: int) -> list[str]:
    import textwrap

    parts = (
        count(len(found), "fixture"),
        count(sum(row.size or 0 for row in found), "byte"),
        count(sum(row.turns or 0 for row in found), "turn"),
        count(sum(row.failed or 0 for row in found), "failed call"),
        f"{sum(row.provenance for row in found)} with provenance",
        f"{sum(OTHER_AGENT in row.faults for row in found)} recorded by another agent",
    )
    return textwrap.wrap(", ".join(parts), wide)
