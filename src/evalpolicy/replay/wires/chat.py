"""OpenAI's chat completions (API reference, `POST /v1/chat/completions`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from evalpolicy.replay.conversation import Conversation, conversation
from evalpolicy.replay.reply import Reply
from evalpolicy.replay.wires.model import ModelCall, Wire, listed, pieces
from evalpolicy.replay.wires.openai_errors import error


def read(body: dict[str, Any]) -> Conversation:
    """What the body says."""
    return conversation(listed(body, "messages"))


def write(reply: Reply, asked: ModelCall) -> dict[str, Any]:
    """A `chat.completion`."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": reply.text or (None if reply.calls else ""),
        "refusal": None,
        "annotations": [],
    }
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in reply.calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
    return {**_head(reply, asked, "chat.completion"), "choices": [choice], "usage": _usage(reply)}


def stream(reply: Reply, asked: ModelCall) -> Iterator[bytes]:
    """The `chat.completion.chunk` events, and `[DONE]`; usage only if requested."""
    head = _head(reply, asked, "chat.completion.chunk")
    options = asked.body.get("stream_options")
    counted = isinstance(options, dict) and options.get("include_usage") is True
    for delta in _deltas(reply):
        yield _event(head, delta, None, counted)
    yield _event(head, {}, reply.finish, counted)
    if counted:
        yield _data({**head, "choices": [], "usage": _usage(reply)})
    yield b"data: [DONE]\n\n"


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    first = None if reply.calls and not reply.text else ""
    yield {"role": "assistant", "content": first, "refusal": None}
    for piece in pieces(reply.text):
        yield {"content": piece}
    for index, call in enumerate(reply.calls):
        opening = {
            "index": index,
            "id": call.call_id,
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield {"tool_calls": [opening]}
        for piece in pieces(call.arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _event(head: dict[str, Any], delta: dict[str, Any], finish: str | None, counted: bool) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = {**head, "choices": [choice]}
    return _data({**chunk, "usage": None} if counted else chunk)


def _data(chunk: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def _head(reply: Reply, asked: ModelCall, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{reply.key}",
        "object": kind,
        "created": reply.created,
        "model": reply.model or asked.model,
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _usage(reply: Reply) -> dict[str, Any]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


WIRE = Wire("chat", read, write, stream, error)
