"""Rows of both formats of our own making, small enough to read."""

from __future__ import annotations

import json
from typing import Any

START = 1_760_000_000


def litellm_row(text: str | None = "4", **changes: Any) -> dict[str, Any]:
    """A successful call through LiteLLM with a chat completion for a reply."""
    row: dict[str, Any] = {
        "id": "row-1",
        "call_type": "acompletion",
        "status": "success",
        "startTime": START + 0.5,
        "endTime": START + 1.25,
        "model": "openai/gpt-x",
        "model_group": "default",
        "prompt_tokens": 12,
        "completion_tokens": 3,
        "response_cost": 0.25,
        "user_agent": "codex_exec/1.0 (Linux)",
        "messages": [{"role": "user", "content": "2 + 2?"}],
        "metadata": {"user_api_key_hash": "ab" * 32},
        "response": {
            "id": "reply-1",
            "model": "default",
            "choices": [
                {"finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            ],
        },
    }
    return row | changes


def failed_row(**changes: Any) -> dict[str, Any]:
    """A call that the gateway refused."""
    return litellm_row(
        status="failure",
        response={},
        error_str="BadRequest: no",
        error_information={"error_class": "BadRequestError"},
        **changes,
    )


def otlp_row(reply: object = None, **attributes: object) -> dict[str, Any]:
    """An export of one span; `reply` is what `gen_ai.output.messages` decodes to."""
    if reply is None:
        reply = [{"role": "assistant", "parts": [{"type": "text", "content": "4"}]}]
    values: dict[str, object] = {
        "gen_ai.request.model": "openai/gpt-x",
        "gen_ai.response.model": "gpt-x",
        "gen_ai.response.id": "reply-1",
        "gen_ai.response.finish_reasons": '["stop"]',
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.cost.total_cost": 0.25,
        "gen_ai.input.messages": json.dumps([{"role": "user", "content": "2 + 2?"}]),
        "gen_ai.output.messages": reply if isinstance(reply, str) else json.dumps(reply),
    }
    values |= {key.replace("__", "."): value for key, value in attributes.items()}
    span = {
        "name": "call",
        "startTimeUnixNano": str(START * 10**9),
        "endTimeUnixNano": (START + 1) * 10**9,
        "status": {"code": 1},
        "attributes": [
            {"key": key, "value": _value(value)}
            for key, value in values.items()
            if value is not None
        ],
    }
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": [span]}]}]}


def _value(value: object) -> dict[str, object]:
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue" if isinstance(value, float) else "stringValue": value}


def span_of(row: dict[str, Any]) -> dict[str, Any]:
    """The one span of an `otlp_row`."""
    span: dict[str, Any] = row["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    return span


def lines(*rows: object) -> bytes:
    """The rows as JSON lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
