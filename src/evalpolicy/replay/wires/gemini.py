"""Google's Gemini API (`models.generateContent`, `models.streamGenerateContent`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from evalpolicy.replay.conversation import Conversation, conversation
from evalpolicy.replay.reply import Finish, Reply
from evalpolicy.replay.wires.model import BadRequestError, ModelCall, Wire, pieces

_FINISH: dict[Finish, str] = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
}
_STATUS = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 408: "DEADLINE_EXCEEDED"}


def read(body: dict[str, Any]) -> Conversation:
    """What the body says."""
    contents = body.get("contents")
    if not isinstance(contents, (list, dict)):
        raise BadRequestError("contents is missing, or neither a list nor a content")
    return conversation(contents, body.get("systemInstruction", body.get("system_instruction")))


def write(reply: Reply, asked: ModelCall) -> dict[str, Any]:
    """A `GenerateContentResponse`."""
    text = [{"text": reply.text}] if reply.text or not reply.calls else []
    return _chunk(reply, asked, [*text, *_calls(reply)], last=True)


def stream(reply: Reply, asked: ModelCall) -> Iterator[bytes]:
    """The responses, as server-sent events or as a JSON array; tool calls come whole."""
    parts = [[{"text": piece}] for piece in pieces(reply.text)]
    parts += [_calls(reply)] if reply.calls else []
    parts = parts or [[{"text": ""}]]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        chunk = orjson.dumps(_chunk(reply, asked, part, last=last))
        if asked.sse:
            yield b"data: " + chunk + b"\r\n\r\n"
        else:
            yield (b",\r\n" if number else b"[") + chunk + (b"]" if last else b"")


def _calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {"functionCall": {"id": call.call_id, "name": call.name, "args": call.object()}}
        for call in reply.calls
    ]


def _chunk(reply: Reply, asked: ModelCall, parts: list[Any], *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if last:
        candidate["finishReason"] = _FINISH[reply.finish]
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": reply.input_tokens,
            "candidatesTokenCount": reply.output_tokens,
            "totalTokenCount": reply.input_tokens + reply.output_tokens,
        },
        "modelVersion": reply.model or asked.model,
        "responseId": reply.key,
    }


def error(status: int, code: str, message: str) -> dict[str, Any]:
    """An error as Google's APIs give it (`google.rpc.Status`)."""
    name = _STATUS.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code.upper()}
    return {"error": {"code": status, "message": message, "status": name, "details": [detail]}}


WIRE = Wire("gemini", read, write, stream, error)
