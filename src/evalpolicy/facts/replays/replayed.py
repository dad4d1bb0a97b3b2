"""The result of a replay, which rules and reporters get."""

from __future__ import annotations

from msgspec import Struct

from evalpolicy.facts.replays.verdict import Evidence, Judgement, Verdict, other_reward


class Replayed(Struct, frozen=True):
    """One fixture, replayed or not.

    `name` is its stem and `path` leads to it from the fleet's root; `line` is the fixture's line
    that the verdict is about. `seconds` is from the first container's creation to the verdict,
    `folder` holds what is kept of it, `logs` are the files in there that say something. `broken`
    states that the manifest knows it to be bad.
    """

    name: str
    path: str
    evidence: Evidence
    judgement: Judgement
    agent: str = ""
    line: int = 1
    seconds: float = 0.0
    folder: str = ""
    logs: tuple[str, ...] = ()
    broken: bool = False

    @property
    def verdict(self) -> Verdict:
        return self.judgement.verdict

    @property
    def control(self) -> bool:
        return self.evidence.wanted.control

    @property
    def other_reward(self) -> str | None:
        """What was given and what was recorded, where the two differ."""
        return other_reward(self.evidence)
