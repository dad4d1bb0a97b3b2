"""The turns of a fixture, handed out in recorded order, each once."""

from __future__ import annotations

from threading import Lock

from msgspec import Struct

from evalpolicy.artifacts.trajectory import Trajectory
from evalpolicy.facts.replays.evidence import Difference
from evalpolicy.replay.conversation import Conversation
from evalpolicy.replay.journal import OnExhausted, Outcome
from evalpolicy.replay.matching import expectations
from evalpolicy.replay.reply import Reply, key_of, reply_of, sentinel


class Draw(Struct, frozen=True):
    """What a call gets; `reply` is None for an error."""

    outcome: Outcome
    reply: Reply | None
    turn: int | None
    line: int | None
    compared: bool
    differences: tuple[Difference, ...]


class Playback:
    """Safe for concurrent calls: the first caller gets the next turn."""

    def __init__(self, trajectory: Trajectory, on_exhausted: OnExhausted = "error") -> None:
        self.sha256 = trajectory.summary.sha256
        self.turns = trajectory.turns
        self.on_exhausted = on_exhausted
        self._expected = expectations(trajectory.turns)
        self._next = 0
        self._lock = Lock()

    @property
    def models(self) -> list[str]:
        """The models that replied or were requested, in order of appearance."""
        names = [name for turn in self.turns for name in (turn.requested_model, turn.model)]
        return list(dict.fromkeys(name for name in names if name))

    def draw(self, asked: Conversation) -> Draw:
        """The next turn, compared with the request, or the reply after the last turn."""
        with self._lock:
            number = self._next
            self._next += 1
        if number >= len(self.turns):
            return self._past_the_end(number)
        turn, expected = self.turns[number], self._expected[number]
        differences = expected.differences(asked)
        return Draw(
            "diverged" if differences else "served",
            reply_of(turn, key_of(self.sha256, number)),
            number + 1,
            turn.line,
            bool(expected.recorded),
            differences,
        )

    def _past_the_end(self, number: int) -> Draw:
        key = key_of(self.sha256, number)
        if self.on_exhausted == "sentinel":
            return Draw("exhausted", sentinel(key), None, None, False, ())
        if self.on_exhausted == "repeat" and self.turns:
            last = self.turns[-1]
            reply = reply_of(last, key)
            return Draw("exhausted", reply, len(self.turns), last.line, False, ())
        return Draw("exhausted", None, None, None, False, ())
