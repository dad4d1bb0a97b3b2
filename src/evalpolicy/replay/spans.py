"""A call as a line of a `*.traces.jsonl`: one OTLP/JSON export of one span.

The attributes are OpenTelemetry's conventions for generative AI, as the trajectory's reader knows
them; 64-bit integers are strings, as in protobuf's JSON mapping.
"""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from msgspec import Struct

from evalpolicy import __version__
from evalpolicy.artifacts.trajectory.replies import read_reply
from evalpolicy.replay.conversation import Conversation, ConversationItem
from evalpolicy.replay.wires import WireName


class RecordedCall(Struct, frozen=True):
    """One call that was passed on. Times are nanoseconds since 1970.

    `response` is the upstream's reply; if there is none, `error` is its type and message.
    """

    wire: WireName
    asked: Conversation
    model: str
    start: int
    end: int
    user_agent: str
    response: dict[str, Any] | None = None
    error: tuple[str, str] | None = None

    @property
    def usable(self) -> bool:
        """Whether a replay can serve it."""
        reply = read_reply(self.response) if self.response is not None else None
        return reply is not None and reply.usable


def line(call: RecordedCall) -> bytes:
    """The line, with its line feed; credentials are still in it."""
    values = _values(call)
    span = {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": "llm.call",
        "kind": 3,
        "startTimeUnixNano": str(call.start),
        "endTimeUnixNano": str(call.end),
        "status": {"code": 2 if call.error else 1},
        "attributes": [{"key": key, "value": _value(value)} for key, value in values.items()],
    }
    scope = {"name": "evalpolicy.replay", "version": __version__}
    name = {"key": "service.name", "value": {"stringValue": "evalpolicy"}}
    resource = {
        "resource": {"attributes": [name]},
        "scopeSpans": [{"scope": scope, "spans": [span]}],
    }
    return orjson.dumps({"resourceSpans": [resource]}) + b"\n"


def _value(value: str | int) -> dict[str, str]:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def _values(call: RecordedCall) -> dict[str, str | int]:
    values: dict[str, str | int | None] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": call.model,
        "user_agent.original": call.user_agent,
        "gen_ai.input.messages": _json([_message(item) for item in call.asked]),
    }
    if call.error is not None:
        values |= {"error.type": call.error[0], "error.message": call.error[1]}
    reply = read_reply(call.response) if call.response is not None else None
    if call.response is not None and reply is not None:
        values |= _reply_values(call.response, reply.finish_reason)
        if reply.usable:
            message = {
                "role": "assistant",
                "parts": [{"type": "text", "content": reply.text}] if reply.text else [],
                "tool_calls": [
                    _tool_call(one.call_id or "", one.name, one.arguments)
                    for one in reply.tool_calls
                ],
            }
            values["gen_ai.output.messages"] = _json([message])
    return {key: value for key, value in values.items() if value not in (None, "")}


def _reply_values(response: dict[str, Any], finish: str | None) -> dict[str, str | int | None]:
    usage = response.get("usage") or response.get("usageMetadata")
    counted = usage if isinstance(usage, dict) else {}
    return {
        "gen_ai.response.model": _string(response.get("model") or response.get("modelVersion")),
        "gen_ai.response.id": _string(response.get("id") or response.get("responseId")),
        "gen_ai.response.finish_reasons": _json([finish]) if finish else None,
        "gen_ai.usage.input_tokens": _count(
            counted, "prompt_tokens", "input_tokens", "promptTokenCount"
        ),
        "gen_ai.usage.output_tokens": _count(
            counted, "completion_tokens", "output_tokens", "candidatesTokenCount"
        ),
    }


def _message(item: ConversationItem) -> dict[str, Any]:
    match item.kind:
        case "call":
            call = _tool_call(item.call_id, item.name, item.text)
            return {"role": "assistant", "parts": [], "tool_calls": [call]}
        case "result":
            parts = [{"type": "text", "content": item.text}]
            return {"role": "tool", "parts": parts, "tool_call_id": item.call_id}
        case _:
            return {"role": item.kind, "parts": [{"type": "text", "content": item.text}]}


def _tool_call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _count(usage: dict[str, Any], *keys: str) -> int | None:
    found = next((usage[key] for key in keys if key in usage), None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
