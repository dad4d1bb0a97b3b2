"""The result of a replay, which rules and reporters get."""

from __future__ import annotations

from msgspec import Struct

from evalpolicy.facts.replays.verdict import Judgement, ReplayEvidence, Verdict, other_reward


class Replayed(Struct, frozen=True):
    """One fixture, replayed or not.

    `name` is its stem and `path` leads to it from the fleet's root; `line` is the fixture's line
    that the verdict is about. `seconds` is from the first container's creation to the verdict,
    `folder` holds what is kept of it, `logs` are the files in there that say something. `broken`
    states that the manifest knows it to be bad.
    """

    name: str
    path: str
    evidence: ReplayEvidence
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
    def reason(self) -> str:
        """Why the verdict is not `reproduced`, in words."""
        return "; ".join(self.judgement.reasons)

    def reproduces(self, sha256: str | None) -> bool | None:
        """Whether the fixture with this digest was reproduced; None if that was not tried."""
        if self.verdict == "not run" or self.of_other_content(sha256):
            return None
        return self.verdict == "reproduced"

    def of_other_content(self, sha256: str | None) -> bool:
        """Whether the fixture changed since it was replayed, if both digests are known."""
        replayed = self.evidence.wanted.sha256
        return bool(replayed and sha256) and replayed != sha256

    @property
    def other_reward(self) -> str | None:
        """What was given and what was recorded, where the two differ."""
        return other_reward(self.evidence)
