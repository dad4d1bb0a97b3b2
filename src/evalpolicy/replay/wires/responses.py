"""OpenAI's responses (API reference, `POST /v1/responses` and its streaming events)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from evalpolicy.replay.conversation import Conversation, conversation
from evalpolicy.replay.reply import Reply, ServedToolCall
from evalpolicy.replay.wires.model import BadRequestError, ModelCall, Wire, pieces
from evalpolicy.replay.wires.openai_errors import error


def read(body: dict[str, Any]) -> Conversation:
    """What the body says."""
    given = body.get("input")
    if not isinstance(given, (str, list)):
        raise BadRequestError("input is missing, or neither a string nor a list")
    return conversation(given, body.get("instructions"))


def write(reply: Reply, asked: ModelCall) -> dict[str, Any]:
    """A `response` that is finished."""
    custom = _custom_tools(asked.body)
    output = [_call(reply, index, call, custom) for index, call in enumerate(reply.calls)]
    if reply.text or not output:
        output.insert(0, _message(reply, [_text(reply.text)], "completed"))
    return _finished(reply, asked, output)


def stream(reply: Reply, asked: ModelCall) -> Iterator[bytes]:
    """The events from `response.created` to `response.completed`, numbered from 0."""
    for number, event in enumerate(_events(reply, asked)):
        name = event["type"].encode()
        body = orjson.dumps({**event, "sequence_number": number})
        yield b"event: " + name + b"\ndata: " + body + b"\n\n"


def _events(reply: Reply, asked: ModelCall) -> Iterator[dict[str, Any]]:
    begun = _response(reply, asked, "in_progress", [], None)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    done = write(reply, asked)
    for index, item in enumerate(done["output"]):
        if item["type"] == "message":
            yield from _message_events(reply, index, item)
        else:
            yield from _call_events(index, item)
    yield {"type": f"response.{done['status']}", "response": done}


def _message_events(reply: Reply, index: int, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    at = {"item_id": item["id"], "output_index": index, "content_index": 0}
    empty = _message(reply, [], "in_progress")
    yield {"type": "response.output_item.added", "output_index": index, "item": empty}
    yield {"type": "response.content_part.added", **at, "part": _text("")}
    for piece in pieces(reply.text):
        yield {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **at, "text": reply.text, "logprobs": []}
    yield {"type": "response.content_part.done", **at, "part": _text(reply.text)}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _call_events(index: int, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    custom = item["type"] == "custom_tool_call"
    key = "input" if custom else "arguments"
    name = "response.custom_tool_call_input" if custom else "response.function_call_arguments"
    at = {"item_id": item["id"], "output_index": index}
    begun = {**item, key: "", "status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    for piece in pieces(item[key]):
        yield {"type": f"{name}.delta", **at, "delta": piece}
    finished = {**at, key: item[key]} if custom else {**at, "name": item["name"], key: item[key]}
    yield {"type": f"{name}.done", **finished}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _finished(reply: Reply, asked: ModelCall, output: list[dict[str, Any]]) -> dict[str, Any]:
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    if reason := reasons.get(reply.finish):
        return _response(reply, asked, "incomplete", output, reason)
    return _response(reply, asked, "completed", output, None)


def _response(
    reply: Reply, asked: ModelCall, status: str, output: list[dict[str, Any]], reason: str | None
) -> dict[str, Any]:
    instructions = asked.body.get("instructions")
    return {
        "id": f"resp_{reply.key}",
        "object": "response",
        "created_at": reply.created,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": instructions if isinstance(instructions, str) else None,
        "max_output_tokens": None,
        "model": reply.model or asked.model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None if status == "in_progress" else _usage(reply),
        "user": None,
        "metadata": {},
    }


def _message(reply: Reply, content: list[dict[str, Any]], status: str) -> dict[str, Any]:
    return {
        "id": f"msg_{reply.key}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def _text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _call(reply: Reply, index: int, call: ServedToolCall, custom: frozenset[str]) -> dict[str, Any]:
    """A call of a function, or of a custom tool that takes free text."""
    shape = ("ctc", "custom_tool_call", "input")
    if call.name not in custom:
        shape = ("fc", "function_call", "arguments")
    prefix, kind, key = shape
    return {
        "id": f"{prefix}_{reply.key}{index:02d}",
        "type": kind,
        "status": "completed",
        key: call.arguments,
        "call_id": call.call_id,
        "name": call.name,
    }


def _custom_tools(body: dict[str, Any]) -> frozenset[str]:
    tools = body.get("tools")
    return frozenset(
        tool["name"]
        for tool in (tools if isinstance(tools, list) else [])
        if isinstance(tool, dict)
        and tool.get("type") == "custom"
        and isinstance(tool.get("name"), str)
    )


def _usage(reply: Reply) -> dict[str, Any]:
    return {
        "input_tokens": reply.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }


WIRE = Wire("responses", read, write, stream, error)
