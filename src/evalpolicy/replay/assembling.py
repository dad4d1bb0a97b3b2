"""Assembles a reply as one object from an upstream's body or stream of events."""

from __future__ import annotations

from typing import Any

import orjson

from evalpolicy.replay.wires import WireName


class CutOffError(Exception):
    """The upstream's response is not a complete reply; the message says why."""


def assemble(wire: WireName, body: bytes, content_type: str) -> dict[str, Any]:
    """The response object. Raises `CutOffError` if the response is invalid or incomplete."""
    if content_type.startswith("text/event-stream"):
        return _FROM_EVENTS[wire](_events(body))
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise CutOffError("the response is not JSON") from None
    if wire == "gemini" and isinstance(value, list):
        return _gemini([one for one in value if isinstance(one, dict)])
    if not isinstance(value, dict):
        raise CutOffError("the response is not a JSON object")
    return _plain(value) if wire == "responses" else value


def _events(body: bytes) -> list[dict[str, Any]]:
    """The JSON objects of the events (WHATWG HTML, server-sent events)."""
    found = []
    for block in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n"):
        data = b"\n".join(
            line[5:].removeprefix(b" ") for line in block.split(b"\n") if line.startswith(b"data:")
        )
        if not data or data == b"[DONE]":
            continue
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise CutOffError("the stream ends in the middle of an event") from None
        if isinstance(event, dict):
            found.append(event)
    return found


def _chat(events: list[dict[str, Any]]) -> dict[str, Any]:
    done: dict[str, Any] = {}
    text, finish = "", None
    calls: dict[int, dict[str, Any]] = {}
    for event in events:
        done |= {key: event[key] for key in ("id", "model", "usage") if event.get(key)}
        for choice in (event.get("choices") or [])[:1]:
            delta = choice.get("delta") or {}
            text += delta.get("content") or delta.get("refusal") or ""
            finish = choice.get("finish_reason") or finish
            for part in delta.get("tool_calls") or []:
                call = calls.setdefault(
                    part.get("index", 0), {"id": None, "function": {"name": "", "arguments": ""}}
                )
                function = part.get("function") or {}
                call["id"] = part.get("id") or call["id"]
                call["function"]["name"] += function.get("name") or ""
                call["function"]["arguments"] += function.get("arguments") or ""
    if finish is None:
        raise CutOffError("the stream ends without a finish reason")
    message = {"content": text, "tool_calls": [calls[index] for index in sorted(calls)]}
    return {**done, "choices": [{"message": message, "finish_reason": finish}]}


def _responses(events: list[dict[str, Any]]) -> dict[str, Any]:
    items = [one["item"] for one in events if one.get("type") == "response.output_item.done"]
    for event in reversed(events):
        if event.get("type") in ("response.completed", "response.incomplete"):
            done: dict[str, Any] = event["response"]
            return _plain({**done, "output": done.get("output") or items})
    raise CutOffError("the stream ends without response.completed")


def _plain(done: dict[str, Any]) -> dict[str, Any]:
    """Moves the free text of custom tools to where functions have their arguments."""
    output = done.get("output")
    items = [
        {**item, "arguments": item.get("input")} if _is_custom(item) else item
        for item in (output if isinstance(output, list) else [])
    ]
    return {**done, "output": items}


def _is_custom(item: object) -> bool:
    return isinstance(item, dict) and item.get("type") == "custom_tool_call"


def _messages(events: list[dict[str, Any]]) -> dict[str, Any]:
    done: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    written: dict[int, str] = {}
    for event in events:
        index, delta = event.get("index", 0), event.get("delta") or {}
        match event.get("type"):
            case "message_start":
                done = dict(event["message"])
            case "content_block_start":
                blocks[index] = dict(event["content_block"])
            case "content_block_delta" if "text" in delta:
                blocks[index]["text"] = blocks[index].get("text", "") + delta["text"]
            case "content_block_delta" if "partial_json" in delta:
                written[index] = written.get(index, "") + delta["partial_json"]
            case "message_delta":
                done["stop_reason"] = delta.get("stop_reason")
                done["usage"] = {**(done.get("usage") or {}), **(event.get("usage") or {})}
    if not done.get("stop_reason"):
        raise CutOffError("the stream ends without a stop reason")
    for index, text in written.items():
        blocks[index]["input"] = orjson.loads(text) if text else {}
    return {**done, "content": [blocks[index] for index in sorted(blocks)]}


def _gemini(events: list[dict[str, Any]]) -> dict[str, Any]:
    parts: list[Any] = []
    finish = None
    done: dict[str, Any] = {}
    for event in events:
        done |= {key: value for key, value in event.items() if key != "candidates"}
        for candidate in (event.get("candidates") or [])[:1]:
            parts += (candidate.get("content") or {}).get("parts") or []
            finish = candidate.get("finishReason") or finish
    if finish is None:
        raise CutOffError("the stream ends without a finish reason")
    return {**done, "candidates": [{"content": {"parts": parts}, "finishReason": finish}]}


_FROM_EVENTS = {
    "chat": _chat,
    "responses": _responses,
    "messages": _messages,
    "gemini": _gemini,
}
