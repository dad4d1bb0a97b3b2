"""A conversation as a request body of each API: the way back from what the server reads."""

from __future__ import annotations

import json
from typing import Any

from evalpolicy.replay.conversation import Conversation


def chat(said: Conversation) -> dict[str, Any]:
    """A chat completion's body."""
    return {"messages": [_chat(item) for item in said]}


def _chat(item):
    if item.kind == "call":
        function = {"name": item.name, "arguments": item.text}
        call = {"id": item.call_id, "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    if item.kind == "result":
        return {"role": "tool", "tool_call_id": item.call_id, "content": item.text}
    return {"role": item.kind, "content": item.text}


def responses(said: Conversation) -> dict[str, Any]:
    """A response's body, with the system's texts as instructions."""
    return {"instructions": system(said), "input": [_responses(i) for i in rest(said)]}


def _responses(item):
    call = {"call_id": item.call_id}
    if item.kind == "call":
        return {"type": "function_call", **call, "name": item.name, "arguments": item.text}
    if item.kind == "result":
        return {"type": "function_call_output", **call, "output": item.text}
    kind = "output_text" if item.kind == "assistant" else "input_text"
    content = [{"type": kind, "text": item.text}]
    return {"type": "message", "role": item.kind, "content": content}


def messages(said: Conversation) -> dict[str, Any]:
    """A message's body; neighbours of one side share a message, as the API demands."""
    turns: list[dict[str, Any]] = []
    for item in rest(said):
        role = "assistant" if item.kind in ("assistant", "call") else "user"
        if not turns or turns[-1]["role"] != role:
            turns.append({"role": role, "content": []})
        turns[-1]["content"].append(_block(item))
    return {"system": [{"type": "text", "text": system(said)}], "messages": turns}


def _block(item):
    if item.kind == "call":
        return {"type": "tool_use", "id": "x", "name": item.name, "input": value(item.text)}
    if item.kind == "result":
        return {"type": "tool_result", "tool_use_id": "x", "content": item.text}
    return {"type": "text", "text": item.text}


def gemini(said: Conversation) -> dict[str, Any]:
    """A `generateContent` body."""
    contents = [
        {"role": "model" if i.kind in ("assistant", "call") else "user", "parts": [_part(i)]}
        for i in rest(said)
    ]
    return {"systemInstruction": {"parts": [{"text": system(said)}]}, "contents": contents}


def _part(item):
    if item.kind == "call":
        return {"functionCall": {"name": item.name, "args": value(item.text)}}
    if item.kind == "result":
        return {"functionResponse": {"name": "x", "response": {"output": item.text}}}
    return {"text": item.text}


def system(said):
    return "\n".join(item.text for item in said if item.kind == "system")


def rest(said):
    return [item for item in said if item.kind != "system"]


def value(arguments):
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


BODIES = {"chat": chat, "responses": responses, "messages": messages, "gemini": gemini}
