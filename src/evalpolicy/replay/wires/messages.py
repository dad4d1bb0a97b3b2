"""Anthropic's messages (API reference, `POST /v1/messages` and its streaming events)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from evalpolicy.replay.conversation import Conversation, conversation
from evalpolicy.replay.reply import Finish, Reply
from evalpolicy.replay.wires.model import ModelCall, Wire, listed, pieces

_STOP: dict[Finish, str] = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}
_ERRORS = {
    400: "invalid_request_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
}


def read(body: dict[str, Any]) -> Conversation:
    """What the body says."""
    return conversation(listed(body, "messages"), body.get("system"))


def write(reply: Reply, asked: ModelCall) -> dict[str, Any]:
    """A `message`."""
    text = [{"type": "text", "text": reply.text}] if reply.text or not reply.calls else []
    calls = [
        {"type": "tool_use", "id": call.call_id, "name": call.name, "input": call.object()}
        for call in reply.calls
    ]
    return {
        **_head(reply, asked),
        "content": [*text, *calls],
        "stop_reason": _STOP[reply.finish],
        "stop_sequence": None,
        "usage": _usage(reply, reply.output_tokens),
    }


def stream(reply: Reply, asked: ModelCall) -> Iterator[bytes]:
    """The events from `message_start` to `message_stop`."""
    for event in _events(reply, asked):
        yield b"event: " + event["type"].encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"


def _events(reply: Reply, asked: ModelCall) -> Iterator[dict[str, Any]]:
    done = write(reply, asked)
    begun = {
        **_head(reply, asked),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(reply, min(1, reply.output_tokens)),
    }
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(done["content"]):
        if block["type"] == "text":
            empty: dict[str, Any] = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
        else:
            empty = {**block, "input": {}}
            written = orjson.dumps(block["input"]).decode() if block["input"] else ""
            deltas = [
                {"type": "input_json_delta", "partial_json": piece}
                for piece in ("", *pieces(written))
            ]
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        if index == 0:
            yield {"type": "ping"}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": done["stop_reason"], "stop_sequence": None},
        "usage": done["usage"],
    }
    yield {"type": "message_stop"}


def _head(reply: Reply, asked: ModelCall) -> dict[str, Any]:
    return {
        "id": f"msg_{reply.key}",
        "type": "message",
        "role": "assistant",
        "model": reply.model or asked.model,
    }


def _usage(reply: Reply, output_tokens: int) -> dict[str, Any]:
    return {
        "input_tokens": reply.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    }


def error(status: int, code: str, message: str) -> dict[str, Any]:
    """An error in the format of Anthropic's API, which has no code, so the message names it."""
    kind = _ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": f"{code}: {message}"}}


WIRE = Wire("messages", read, write, stream, error)
