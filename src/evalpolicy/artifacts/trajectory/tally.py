"""Adds up the calls of a fixture to its summary, in memory that does not grow with the file."""

from __future__ import annotations

import hashlib
from collections import Counter

from msgspec import Struct, field

from evalpolicy.artifacts.syntax.json_spans import Path
from evalpolicy.artifacts.syntax.source import Problem, Span
from evalpolicy.artifacts.trajectory.clients import (
    ClientTally,
    agent_of_prompt,
    agent_of_user_agent,
)
from evalpolicy.artifacts.trajectory.endings import ending_of, is_refusal
from evalpolicy.artifacts.trajectory.model import (
    Call,
    FailedCall,
    Format,
    Last,
    Repeated,
    Summary,
    Turn,
    Unanswered,
)

SYNTHETIC_TIMES = range(1_700_000_000_000_000_000, 1_700_001_000_000_000_000)
"""Start times (nanoseconds) that a converter counted up from 1,700,000,000 s by one a turn: the
recording did not happen on 14 November 2023 within a quarter of an hour."""

MAX_DISTINCT = 50_000
"""Distinct replies, ids, names and problems that are remembered; a run has some hundred turns."""


class Tally(Struct):
    """Counts; `summary` gives the result."""

    format: Format = "none"
    lines: int = 0
    longest: int = 0
    turns: int = 0
    failed: int = 0
    unanswered: int = 0
    refusals: int = 0
    first_refusal: tuple[int, Path] | None = None
    synthetic: int = 0
    started: int | None = None
    ended: int | None = None
    _last: Turn | None = None
    first_failed: FailedCall | None = None
    problems: list[Problem] = field(default_factory=list)
    _more_problems: int = 0
    _models: Counter[str] = field(default_factory=Counter)
    _requested: Counter[str] = field(default_factory=Counter)
    _user_agents: Counter[str] = field(default_factory=Counter)
    _errors: Counter[str] = field(default_factory=Counter)
    _clients: ClientTally = field(default_factory=ClientTally)
    _replies: dict[bytes, tuple[int, int, Path]] = field(default_factory=dict)
    _ids: dict[str, None] = field(default_factory=dict)
    _sums: dict[str, float] = field(default_factory=dict)
    _replies_digest: int = 0
    _turns_digest: int = 0

    def problem(self, message: str, span: Span) -> None:
        """Remembers a problem; of a file full of them the first hundred."""
        if len(self.problems) < 100:
            self.problems.append(Problem(message, span))
        else:
            self._more_problems += 1

    def is_duplicate(self, call: Call) -> bool:
        """Whether the call's reply was exported before (same response id), as retries do."""
        if not isinstance(call, Turn) or call.response_id is None:
            return False
        if call.response_id in self._ids:
            return True
        if len(self._ids) >= MAX_DISTINCT:
            self._ids.pop(next(iter(self._ids)))
        self._ids[call.response_id] = None
        return False

    def add(self, call: Call, user_agent: str | None) -> None:
        """Counts one call."""
        if isinstance(call, Unanswered):
            self.unanswered += 1
            return
        if call.start is not None:
            self.started = min(self.started or call.start, call.start)
            self.synthetic += call.start in SYNTHETIC_TIMES
        if call.end is not None:
            self.ended = max(self.ended or call.end, call.end)
        if isinstance(call, FailedCall):
            self.failed += 1
            if self.first_failed is None:
                self.first_failed = call
            _count(self._errors, call.error_type)
        else:
            self._add_turn(call, user_agent)

    def _add_turn(self, turn: Turn, user_agent: str | None) -> None:
        self.turns += 1
        if is_refusal(turn.text):
            self.refusals += 1
            self.first_refusal = self.first_refusal or (turn.line, turn.path)
        if self._last is None or (turn.start or 0) >= (self._last.start or 0):
            self._last = turn
        _count(self._models, turn.model)
        _count(self._requested, turn.requested_model)
        for name, value in (
            ("input", turn.input_tokens),
            ("output", turn.output_tokens),
            ("cost", turn.cost),
        ):
            if value is not None:
                self._sums[name] = self._sums.get(name, 0) + value
        self._add_reply(turn)
        self._add_client(turn, user_agent)

    def _add_reply(self, turn: Turn) -> None:
        calls = "\x1f".join(f"{call.name}\x1e{call.arguments}" for call in turn.tool_calls)
        said = f"{turn.text}\0{calls}".encode("utf-8", "surrogatepass")
        reply = hashlib.sha256(said).digest()
        asked = hashlib.sha256(turn.request.canonical() + reply).digest()
        # A sum of digests does not depend on the order and needs no memory.
        self._replies_digest = (self._replies_digest + int.from_bytes(reply, "big")) % 2**256
        self._turns_digest = (self._turns_digest + int.from_bytes(asked, "big")) % 2**256
        times, line, path = self._replies.get(reply, (0, turn.line, turn.path))
        if times == 1:
            line, path = turn.line, turn.path
        if times or len(self._replies) < MAX_DISTINCT:
            self._replies[reply] = (times + 1, line, path)

    def _add_client(self, turn: Turn, user_agent: str | None) -> None:
        if user_agent is not None:
            _count(self._user_agents, user_agent)
            if agent := agent_of_user_agent(user_agent):
                self._clients.add(agent, "user_agent", user_agent, turn.line)
        if found := agent_of_prompt(turn.request.opening()):
            self._clients.add(found[0], "prompt", found[1], turn.line)

    def summary(self, sha256: str, size: int) -> Summary:
        """What was counted."""
        more = self._more_problems
        problems = (*self.problems, Problem(f"and {more} more of its lines")) if more else None
        return Summary(
            format=self.format,
            sha256=sha256,
            size=size,
            lines=self.lines,
            longest=self.longest,
            turns=self.turns,
            failed=self.failed,
            unanswered=self.unanswered,
            refusals=self.refusals,
            first_refusal=self.first_refusal,
            synthetic_times=self.synthetic,
            models=_ranked(self._models),
            requested_models=_ranked(self._requested),
            user_agents=_ranked(self._user_agents),
            clients=self._clients.clients(),
            error_types=_ranked(self._errors),
            input_tokens=_whole(self._sums.get("input")),
            output_tokens=_whole(self._sums.get("output")),
            cost=self._sums.get("cost"),
            started=self.started,
            ended=self.ended,
            replies_digest=f"{self._replies_digest:064x}" if self.turns else None,
            turns_digest=f"{self._turns_digest:064x}" if self.turns else None,
            repeated=self._repeated(),
            first_failed=self.first_failed,
            last=_ended(self._last),
            problems=problems or tuple(self.problems),
        )

    def _repeated(self) -> Repeated | None:
        times, line, path = max(
            self._replies.values(), key=lambda seen: seen[0], default=(0, 0, ())
        )
        return Repeated(times, line, path) if times > 1 else None


def _ended(turn: Turn | None) -> Last | None:
    if turn is None:
        return None
    ending = ending_of(turn.text, turn.finish_reason)
    return Last(turn.finish_reason, ending, turn.line, turn.path)


def _count(counter: Counter[str], name: str | None) -> None:
    if name and (name in counter or len(counter) < 1000):
        counter[name] += 1


def _ranked(counter: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counter.items(), key=lambda one: (-one[1], one[0])))


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
