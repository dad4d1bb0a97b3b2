"""The canonical model of a recorded run, whichever format recorded it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from evalpolicy.artifacts.syntax.json_spans import Path, json_path
from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.artifacts.trajectory.endings import Ending
from evalpolicy.artifacts.trajectory.request import RecordedRequest

Format: TypeAlias = Literal["litellm", "otlp", "none"]
"""What the content is, never what the name says: LiteLLM standard logging objects
(`*.trajectory.jsonl`), OTLP/JSON trace exports (`*.traces.jsonl`), or not one line of either."""

NAMED_FORMATS: dict[str, Format] = {".trajectory.jsonl": "litellm", ".traces.jsonl": "otlp"}
"""The format that a fixture's suffix promises."""


class ToolCall(Struct, frozen=True):
    """A tool that the model asked for; `arguments` as recorded, JSON text as a rule."""

    name: str
    arguments: str
    call_id: str | None = None


class Turn(Struct, frozen=True):
    """One usable reply of the model.

    Times are nanoseconds since 1970 (OTLP's unit), cost is US dollars, tokens are the provider's
    count. `model` is what answered, `requested_model` what was asked for. `path` leads to the
    reply within the JSON of `line` (from 1).
    """

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str | None
    model: str | None
    requested_model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    start: int | None
    end: int | None
    response_id: str | None
    line: int
    path: Path
    request: RecordedRequest

    @property
    def usable(self) -> bool:
        """Whether an agent would get anything from it; what is not is no turn."""
        return bool(self.text or self.tool_calls)

    @property
    def json_path(self) -> str:
        """The place of the reply in its line, as JSONPath."""
        return json_path(self.path)


class FailedCall(Struct, frozen=True):
    """A call without a reply, and what the gateway reported."""

    error_type: str
    message: str
    model: str | None
    start: int | None
    end: int | None
    line: int
    path: Path

    @property
    def json_path(self) -> str:
        """The place of the error in its line, as JSONPath."""
        return json_path(self.path)


class Unanswered(Struct, frozen=True):
    """A call that did not fail and has no reply that could be served."""

    line: int
    path: Path


Call: TypeAlias = Turn | FailedCall | Unanswered


class Client(Struct, frozen=True):
    """An agent that shows in the recording: `calls` of its turns say so.

    `by` is what says it: the HTTP `user_agent` (proof), or the system `prompt` (the agent's own
    opening words). `evidence` is that text and what follows it: redact it before it is cut.
    """

    agent: str
    by: Literal["user_agent", "prompt"]
    evidence: str
    line: int
    calls: int

    def is_agent(self, name: str) -> bool:
        """Whether an agent of this name may send this: itself, or a variant (`codex-x` of `codex`).

        Not the other way round: `mini-swe-agent` is not a variant of `swe-agent`.
        """
        return name == self.agent or name.startswith(f"{self.agent}-")


class Repeated(Struct, frozen=True):
    """The reply that occurs most often: how often, and the line of its first repetition."""

    times: int
    line: int
    path: Path


class Last(Struct, frozen=True):
    """The turn that starts last: how it ended, and where its reply stands."""

    finish_reason: str | None
    ending: Ending | None
    line: int
    path: Path


class Summary(Struct, frozen=True):
    """What a fixture holds, in a size that does not grow with it.

    `lines` counts the lines that are not blank, `longest` is in bytes. `replies_digest` is the
    same for two fixtures with the same replies, `turns_digest` for two with the same requests as
    well; both ignore order, ids, times and models, and are None without a turn. `first_refusal` is
    the line of the first turn that refuses, and the path of its reply. `tokens` and
    `cost` are sums over the turns, None where no turn states one. `synthetic_times` counts the
    calls with made-up times. Texts are whole: who shows one redacts it and cuts it then.
    """

    format: Format
    sha256: str
    size: int
    lines: int
    longest: int
    turns: int
    failed: int
    unanswered: int
    refusals: int
    first_refusal: tuple[int, Path] | None
    synthetic_times: int
    models: tuple[tuple[str, int], ...]
    requested_models: tuple[tuple[str, int], ...]
    user_agents: tuple[tuple[str, int], ...]
    clients: tuple[Client, ...]
    error_types: tuple[tuple[str, int], ...]
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    started: int | None
    ended: int | None
    replies_digest: str | None
    turns_digest: str | None
    repeated: Repeated | None
    first_failed: FailedCall | None
    last: Last | None
    problems: tuple[Problem, ...]

    @property
    def calls(self) -> int:
        """All calls: those with a usable reply, those that failed, those without a reply."""
        return self.turns + self.failed + self.unanswered

    @property
    def client(self) -> Client | None:
        """The agent that recorded it, as far as it shows: a user agent outweighs a prompt."""
        return min(self.clients, key=lambda one: (one.by != "user_agent", -one.calls), default=None)


class Trajectory(Struct, frozen=True):
    """A whole fixture: its summary, its turns in the order of their start, its failed calls."""

    summary: Summary
    turns: tuple[Turn, ...]
    failed_calls: tuple[FailedCall, ...]
