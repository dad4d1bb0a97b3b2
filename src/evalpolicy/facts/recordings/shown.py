"""What a fixture's content shows about its origin, cached by the id of the bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from evalpolicy.artifacts.model_names import model_family

if TYPE_CHECKING:
    from evalpolicy.artifacts.trajectory import LfsPointer, Summary
    from evalpolicy.facts.recordings.reading import Recording

_POINTER = 1024
# 2001-09-09: an earlier start is not a time that anybody recorded (nanoseconds since 1970).
_EARLIEST = 10**18
_CC_VERSION = re.compile(r"\bcc_version=(\d+\.\d+\.\d+)")
_PRODUCT_VERSION = re.compile(r"[^/\s(]+/v?(\d+\.\d+[\w.+-]*)")


class ShownAgent(NamedTuple):
    """The agent that a recording shows: by what, its text, and the line of it."""

    agent: str
    by: Literal["user_agent", "prompt"]
    evidence: str
    line: int

    def is_agent(self, name: str) -> bool:
        """Whether an agent of this name may send this: itself, or a variant of it."""
        return name == self.agent or name.startswith(f"{self.agent}-")


class RecordedAgents(NamedTuple):
    """What one recording shows.

    `sha256` is that of the content (of the content that an LFS pointer stands for: `is_pointer`).
    `started` is nanoseconds since 1970, None where no time is recorded or it is made up.
    `replies` is equal for two recordings with the same replies, `exchanges` for two with the same
    requests as well. `models` are those that
    answered, most frequent first, with the number of their turns. `problem` says why no turn could
    be read; a recording without one may hold failed calls alone.
    """

    sha256: str
    models: tuple[tuple[str, int], ...]
    client: ShownAgent | None
    started: int | None
    replies: str | None
    exchanges: str | None
    is_pointer: bool = False
    problem: str = ""

    @classmethod
    def of(cls, summary: Summary) -> RecordedAgents:
        real = not summary.synthetic_times and (summary.started or 0) >= _EARLIEST
        named = summary.models or summary.requested_models
        best = summary.client
        client = ShownAgent(best.agent, best.by, best.evidence, best.line) if best else None
        return cls(
            summary.sha256,
            tuple(sorted(named, key=lambda model: (-model[1], model[0]))),
            client,
            summary.started if real else None,
            summary.replies_digest,
            summary.turns_digest,
            problem=_problem(summary),
        )

    @property
    def families(self) -> frozenset[str]:
        """The models that answered, without provider and dated snapshot."""
        return frozenset(model_family(name) for name, _ in self.models)

    @property
    def agent_version(self) -> tuple[str, str] | None:
        """The version that the client states of itself, and the words that state it."""
        if self.client is None:
            return None
        from evalpolicy.facts.recordings.reading import EVIDENCE

        evidence = self.client.evidence[:EVIDENCE]
        found = _CC_VERSION.search(evidence)
        if found is None and self.client.by == "user_agent":
            found = _PRODUCT_VERSION.match(evidence)
        return (found[1], found[0]) if found else None


def _problem(summary: Summary) -> str:
    if summary.turns or summary.failed or not summary.problems:
        return ""
    first = summary.problems[0]
    return f"line {first.span.line}: {first.message}"


def read_recorded(content: bytes) -> RecordedAgents:
    """What a recording of these bytes shows; bytes of any kind show at least their digest."""
    from evalpolicy.artifacts.trajectory import parse_stream, read_lfs_pointer

    pointer = read_lfs_pointer(content) if len(content) <= _POINTER else None
    if pointer is not None:
        return _of_pointer(pointer)
    return RecordedAgents.of(parse_stream((content,)))


def shown_by(recordings: Mapping[str, Recording]) -> Mapping[str, RecordedAgents]:
    """What each of these recordings shows, by path."""
    return {path: _shown(recording) for path, recording in recordings.items()}


def _shown(recording: Recording) -> RecordedAgents:
    if recording.pointer is not None:
        return _of_pointer(recording.pointer)
    return RecordedAgents.of(recording.summary)


def _of_pointer(pointer: LfsPointer) -> RecordedAgents:
    return RecordedAgents(pointer.sha256, (), None, None, None, None, is_pointer=True)
