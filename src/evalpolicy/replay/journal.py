"""The journal of a replay: JSON lines, one when the server starts and one per call.

It is what a verdict is made of, so every line is whole (one write, no buffer) and is there before
the caller has its answer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import orjson
from msgspec import Struct, to_builtins

from evalpolicy.facts.replays.evidence import Difference
from evalpolicy.facts.replays.verdict import Calls, Diverged
from evalpolicy.snapshot.writing import open_to_append

Outcome: TypeAlias = Literal["served", "diverged", "exhausted", "bad-request", "unknown-route"]
"""`served`: a turn, for the request that was recorded with it. `diverged`: a turn, for another
request. `exhausted`: no turn was left. The other two took no turn."""

OnExhausted: TypeAlias = Literal["error", "sentinel", "repeat"]


class Started(Struct, frozen=True):
    """What is replayed: the fixture's SHA-256 and its number of turns."""

    sha256: str
    turns: int
    on_exhausted: OnExhausted


class CallEntry(Struct, frozen=True):
    """One call, numbered from 1 in order of arrival; `time` is nanoseconds since 1970.

    `turn` (from 1) is what was served and `line` its line in the fixture; both are None where
    nothing of the recording was. `compared` is false where the turn's request was not recorded.
    """

    call: int
    time: int
    outcome: Outcome
    method: str
    path: str
    wire: str | None
    stream: bool
    status: int
    turn: int | None = None
    line: int | None = None
    compared: bool = False
    differences: tuple[Difference, ...] = ()
    reason: str | None = None


class Record(Struct, frozen=True):
    """A journal that was read; `problems` are invalid lines (counted from 1)."""

    started: Started | None
    calls: tuple[CallEntry, ...]
    problems: tuple[str, ...]

    def count(self, outcome: Outcome) -> int:
        """The number of calls with this outcome."""
        return sum(call.outcome == outcome for call in self.calls)

    @property
    def turns_left(self) -> int | None:
        """The number of turns that were not requested; None if the start is missing."""
        if self.started is None:
            return None
        outcomes = ("served", "diverged")
        taken = {call.turn for call in self.calls if call.outcome in outcomes}
        return self.started.turns - len(taken)


class Journal:
    """Writes a journal, to a new file (replacing an old one) or nowhere.

    Raises `OSError` where it cannot be written: a call that is not recorded must not be answered.
    """

    def __init__(self, file: Path | None) -> None:
        self._handle = None if file is None else open_to_append(file, "replace")

    def start(self, started: Started) -> None:
        """Writes the first line."""
        self._write("start", started)

    def call(self, entry: CallEntry) -> None:
        """Writes the line of a call."""
        self._write("call", entry)

    def close(self) -> None:
        """Closes the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _write(self, kind: str, entry: Started | CallEntry) -> None:
        if self._handle is None:
            return
        line = orjson.dumps({"kind": kind, **to_builtins(entry)}) + b"\n"
        if os.write(self._handle, line) != len(line):
            raise OSError("the disk of the journal is full")


def read_journal(content: bytes) -> Record:
    """Reads a journal; an invalid line, such as one cut off by a crash, is a problem."""
    started: Started | None = None
    calls: list[CallEntry] = []
    problems: list[str] = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            entry = _entry(orjson.loads(line))
        except (ValueError, KeyError, TypeError):
            problems.append(f"line {number} of the journal is not an entry")
            continue
        if isinstance(entry, Started):
            started = entry
        else:
            calls.append(entry)
    return Record(started, tuple(calls), tuple(problems))


def _entry(row: Any) -> Started | CallEntry:
    if not isinstance(row, dict):
        raise TypeError("not an object")
    kind = row.pop("kind")
    if kind == "start":
        return Started(**row)
    if kind != "call" or row["outcome"] not in get_args(Outcome):
        raise ValueError(kind)
    row["differences"] = _differences(row["differences"])
    return CallEntry(**row)


def _differences(rows: Iterable[dict[str, str]]) -> tuple[Difference, ...]:
    return tuple(Difference(**row) for row in rows)


def calls_of(record: Record) -> Calls:
    """The summary of a journal."""
    if record.started is None:
        return Calls(problems=record.problems)
    diverged = [call for call in record.calls if call.outcome == "diverged"]
    lines = [call.line for call in record.calls if call.outcome in ("served", "diverged")]
    return Calls(
        sha256=record.started.sha256,
        turns=record.started.turns,
        served=record.count("served"),
        diverged=len(diverged),
        exhausted=record.count("exhausted"),
        bad_requests=record.count("bad-request"),
        unknown_routes=record.count("unknown-route"),
        turns_left=record.turns_left or 0,
        compared=sum(call.compared for call in record.calls),
        first_diverged=next(
            (Diverged(c.turn or 0, c.line or 1, c.differences) for c in diverged), None
        ),
        last_line=max((line for line in lines if line is not None), default=None),
        problems=record.problems,
    )
