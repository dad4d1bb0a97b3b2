"""A line of a `*.trajectory.jsonl`: one LiteLLM standard logging object (LiteLLM 1.7x)."""

from __future__ import annotations

import math

import orjson

from evalpolicy.artifacts.trajectory.model import Call, FailedCall, Turn, Unanswered
from evalpolicy.artifacts.trajectory.replies import read_reply
from evalpolicy.artifacts.trajectory.request import RecordedRequest


def is_litellm(row: dict[str, object]) -> bool:
    """Whether a JSON object is a LiteLLM logging object."""
    return "response" in row and ("call_type" in row or "status" in row or "messages" in row)


def read_call(row: dict[str, object], line: int) -> Call:
    """The call that a logging object records."""
    if row.get("status") == "failure":
        return _failed(row, line)
    response = row.get("response")
    if isinstance(response, str):
        try:
            response = orjson.loads(response)
        except orjson.JSONDecodeError:
            response = None
    reply = read_reply(response) if isinstance(response, dict) else None
    if reply is None or not isinstance(response, dict):
        return Unanswered(line, ("response",))
    instructions = response.get("instructions")
    embedded = isinstance(row["response"], str)
    return Turn(
        text=reply.text,
        tool_calls=reply.tool_calls,
        finish_reason=reply.finish_reason,
        model=text(row.get("model")) or text(response.get("model")),
        requested_model=text(row.get("model_group")) or text(response.get("model")),
        input_tokens=count(row.get("prompt_tokens")),
        output_tokens=count(row.get("completion_tokens")),
        cost=amount(row.get("response_cost")),
        start=nanoseconds(row.get("startTime")),
        end=nanoseconds(row.get("endTime")),
        response_id=text(response.get("id")) or text(row.get("id")),
        line=line,
        path=("response",) if embedded else ("response", reply.key),
        request=RecordedRequest(
            row.get("messages"), instructions if isinstance(instructions, str) else ""
        ),
    )


def _failed(row: dict[str, object], line: int) -> FailedCall:
    recorded = row.get("error_information")
    details = recorded if isinstance(recorded, dict) else {}
    return FailedCall(
        error_type=text(details.get("error_class")) or "",
        message=text(row.get("error_str")) or text(details.get("error_message")) or "",
        model=text(row.get("model_group")) or text(row.get("model")),
        start=nanoseconds(row.get("startTime")),
        end=nanoseconds(row.get("endTime")),
        line=line,
        path=("error_str",) if "error_str" in row else ("status",),
    )


def user_agent(row: dict[str, object]) -> str | None:
    """The HTTP User-Agent of the caller, which LiteLLM keeps in one of two places."""
    if found := text(row.get("user_agent")):
        return found
    metadata = row.get("metadata")
    return text(metadata.get("user_agent")) if isinstance(metadata, dict) else None


def text(value: object) -> str | None:
    """The value where it is a string that says something."""
    return value if isinstance(value, str) and value else None


def count(value: object) -> int | None:
    """A number of tokens."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def amount(value: object) -> float | None:
    """A cost in US dollars."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:  # JSON has whole numbers of any size
        return None
    return number if math.isfinite(number) else None


def nanoseconds(seconds: object) -> int | None:
    """A time in seconds since 1970 as nanoseconds; to the microsecond, as Python's clock logs."""
    value = amount(seconds)
    if value is None or not math.isfinite(value * 1e6):
        return None
    return round(value * 1e6) * 1000
