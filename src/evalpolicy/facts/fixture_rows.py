"""The fixtures as `evalpolicy fixtures list` shows them, and how to find one by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from evalpolicy.artifacts.trajectory import served_turns
from evalpolicy.errors import UsageError
from evalpolicy.facts.facts import Facts
from evalpolicy.facts.recordings.naming import naming
from evalpolicy.fleet.fleet import Fixture
from evalpolicy.policy.portable import portable
from evalpolicy.snapshot.model import Unreadable, understood

MOST_CANDIDATES = 8
OTHER_AGENT = "other-agent"
"""The fault of a recording by an agent other than the one in its name (FIX006)."""


class FixtureRow(Struct, frozen=True):
    """One fixture. `size` is in bytes, `cost` in US dollars, `tokens` are those in and out.

    `turns` are those that a replay can serve, `other_turns` those of the other format. `recorded`
    is the agent that shows in the recording, `recorded_by` what shows it. `verdict` is the first
    of `faults` (`other-agent`, then those of the content), `fine`, or `unreadable`; of a fixture
    whose bytes are not there all but the name is None.
    """

    path: str
    fixture: str
    benchmark: str | None
    task: str | None
    agent: str | None
    ambiguous: bool
    provenance: bool
    format: str | None = None
    turns: int | None = None
    other_turns: int | None = None
    failed: int | None = None
    unanswered: int | None = None
    lines: int | None = None
    longest_line: int | None = None
    models: Mapping[str, int] | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    size: int | None = None
    sha256: str | None = None
    recorded: str | None = None
    recorded_by: str | None = None
    credentials: int | None = None
    faults: Sequence[str] = ()
    verdict: str = "unreadable"

    @property
    def tokens(self) -> int | None:
        both = [count for count in (self.input_tokens, self.output_tokens) if count is not None]
        return sum(both) if both else None


SORTS: Mapping[str, tuple[str, bool]] = {
    "name": ("fixture", False),
    "benchmark": ("benchmark", False),
    "task": ("task", False),
    "agent": ("agent", False),
    "turns": ("turns", True),
    "failed": ("failed", True),
    "tokens": ("tokens", True),
    "cost": ("cost", True),
    "size": ("size", True),
    "recorded": ("recorded", False),
    "verdict": ("verdict", False),
}
"""What `--sort` may name → (field, largest first)."""


def rows(facts: Facts, sort: str = "name") -> list[FixtureRow]:
    """All fixtures, sorted; those without the sort value come last."""
    found = [_row_or_problem(facts, fixture) for fixture in facts.fleet.fixtures]
    field, descending = SORTS[sort]
    there = [row for row in found if getattr(row, field) is not None]
    there.sort(key=lambda row: row.path)
    there.sort(key=lambda row: getattr(row, field), reverse=descending)
    return there + [row for row in found if getattr(row, field) is None]


def document(found: Iterable[FixtureRow]) -> list[dict[str, Any]]:
    """The rows as JSON-able values."""
    listed = []
    for row in found:
        values = asdict(row)
        values["path"], values["fixture"] = portable(row.path), portable(row.fixture)
        listed.append(values)
    return listed


def _row_or_problem(facts: Facts, fixture: Fixture) -> FixtureRow:
    """The row of a fixture; if that fails, a row with only its name, and a problem."""
    try:
        return understood(partial(_row, facts), fixture)
    except Unreadable as reason:
        facts.fleet.unreadable(fixture.path, reason)
        return FixtureRow(
            fixture.path, fixture.stem, None, None, None, ambiguous=False, provenance=False
        )


def _row(facts: Facts, fixture: Fixture) -> FixtureRow:
    entry = facts.provenance.entries.get(fixture.stem)
    read = naming(fixture, entry)
    benchmark, task, agent = read.best or (None, None, None)
    name = (fixture.path, fixture.stem, benchmark, task, agent, len(read.readings) > 1)
    recording = facts.recordings.get(fixture.path)
    if recording is None:
        return FixtureRow(*name, provenance=entry is not None)
    summary = recording.summary
    client = summary.client
    other = client is not None and read.is_other(client.is_agent)
    faults: list[str] = [OTHER_AGENT] if other else []
    faults += (verdict.fault for verdict in recording.verdicts)
    served = served_turns(summary, fixture.path)
    return FixtureRow(
        *name,
        provenance=entry is not None,
        format=summary.format,
        turns=served,
        other_turns=summary.turns - served,
        failed=summary.failed,
        unanswered=summary.unanswered,
        lines=summary.lines,
        longest_line=summary.longest,
        models=dict(summary.models),
        input_tokens=summary.input_tokens,
        output_tokens=summary.output_tokens,
        cost=summary.cost,
        size=recording.size,
        sha256=summary.sha256,
        recorded=client.agent if client else None,
        recorded_by=client.by if client else None,
        credentials=recording.leaked,
        faults=tuple(faults),
        verdict="unreadable" if summary.problems else faults[0] if faults else "fine",
    )


def named(fixtures: Sequence[Fixture], word: str, path: str) -> Fixture:
    """The fixture that a user means by a path (also as counted from the fleet's root: `path`), a
    stem, or a beginning that only one has. Raises `UsageError` with what it could be.
    """
    exact = [f for f in fixtures if f.path in (word, path)]
    exact = exact or [f for f in fixtures if word in (f.stem, f.path.rpartition("/")[2])]
    close = exact or [f for f in fixtures if f.path.rpartition("/")[2].startswith(word)]
    if len(close) == 1:
        return close[0]
    if not close:
        from evalpolicy.matching.nearest import nearest

        other = nearest(word, [f.stem for f in fixtures])
        hint = f"did you mean {other}?" if other else "see `evalpolicy fixtures list`"
        raise UsageError(f"{word!r} is not a fixture: {hint}")
    names = [f.path if exact else f.stem for f in close[:MOST_CANDIDATES]]
    more = f" and {len(close) - len(names)} more" if len(close) > len(names) else ""
    raise UsageError(f"{word!r} is ambiguous: it could be {', '.join(names)}{more}")
