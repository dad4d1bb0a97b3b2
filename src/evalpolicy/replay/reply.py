"""One reply of the recorded model, independent of the wire format."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, TypeAlias

import orjson
from msgspec import Struct

from evalpolicy.artifacts.trajectory import Turn
from evalpolicy.artifacts.trajectory.endings import CONTENT_FILTER, TOKEN_LIMIT

Finish: TypeAlias = Literal["stop", "tool_calls", "length", "content_filter"]

SENTINEL = "REPLAY_EXHAUSTED"
"""The text of the reply for `--on-exhausted sentinel`, as in the reference fleet."""


class ServedToolCall(Struct, frozen=True):
    """A tool call with an id, which every API requires."""

    name: str
    arguments: str
    call_id: str

    def object(self) -> dict[str, Any]:
        """The arguments as an object, for the APIs that take nothing else.

        Of a tool that takes free text it is `{"input": text}`.
        """
        if not self.arguments:
            return {}
        try:
            value = orjson.loads(self.arguments)
        except orjson.JSONDecodeError:
            value = self.arguments
        return value if isinstance(value, dict) else {"input": value}


class Reply(Struct, frozen=True):
    """What the model said. `key` makes its ids; `created` is in seconds since 1970.

    `model` is None if the recording does not name it. Tokens that were not recorded count as 0.
    """

    key: str
    text: str
    calls: tuple[ServedToolCall, ...]
    finish: Finish
    model: str | None
    input_tokens: int
    output_tokens: int
    created: int


def reply_of(turn: Turn, key: str) -> Reply:
    """The reply of a recorded turn."""
    calls = tuple(
        ServedToolCall(call.name, call.arguments, call.call_id or f"call_{key}{number:02d}")
        for number, call in enumerate(turn.tool_calls)
    )
    return Reply(
        key,
        turn.text,
        calls,
        _finish(turn),
        turn.model,
        max(0, turn.input_tokens or 0),
        max(0, turn.output_tokens or 0),
        (turn.start or 0) // 10**9,
    )


def sentinel(key: str) -> Reply:
    """The reply for an exhausted recording."""
    return Reply(key, SENTINEL, (), "stop", None, 0, 0, 0)


def key_of(sha256: str, call: int) -> str:
    """24 hexadecimal digits, the same for the same call of the same fixture."""
    return hashlib.sha256(f"{sha256}:{call}".encode()).hexdigest()[:24]


def _finish(turn: Turn) -> Finish:
    """How a reply ended; one with tool calls ends with them, though gateways record `stop`."""
    reason = (turn.finish_reason or "").lower()
    if reason in TOKEN_LIMIT:
        return "length"
    if reason in CONTENT_FILTER:
        return "content_filter"
    return "tool_calls" if turn.tool_calls else "stop"
