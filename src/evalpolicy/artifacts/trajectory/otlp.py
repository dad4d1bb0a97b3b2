"""A line of a `*.traces.jsonl`: one OTLP/JSON `ExportTraceServiceRequest`.

The encoding is that of the OpenTelemetry protocol 1.x: 64-bit integers come as strings, keys in
lowerCamelCase (protobuf's JSON mapping lets a reader meet snake_case as well), the status code as
a number or as its name. The attributes are the semantic conventions for generative AI.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from evalpolicy.artifacts.syntax.json_spans import Path
from evalpolicy.artifacts.trajectory.litellm import amount, text
from evalpolicy.artifacts.trajectory.model import Call, FailedCall, ToolCall, Turn, Unanswered
from evalpolicy.artifacts.trajectory.replies import chat_tool_calls
from evalpolicy.artifacts.trajectory.request import RecordedRequest, text_of

_ERROR = (2, "2", "STATUS_CODE_ERROR")
_LITELLM = "litellm_request"
"""The span of LiteLLM's own exporter. Its request model is the deployment that the proxy called,
and its response model echoes the name that the client had asked for: the other way round."""

_REPLY = "gen_ai.output.messages"
_CALL_KEYS = frozenset(("gen_ai.request.model", "gen_ai.input.messages", _REPLY, "error.type"))


def is_otlp(row: dict[str, object]) -> bool:
    """Whether a JSON object is an export of spans."""
    return "resourceSpans" in row or "resource_spans" in row


def read_calls(row: dict[str, object], line: int) -> Iterator[tuple[Call, str | None]]:
    """The model calls among the spans of an export, each with its caller's User-Agent."""
    resource_key, resources = _listed_in(row, "resourceSpans", "resource_spans")
    for i, resource in enumerate(resources):
        scope_key, scopes = _listed_in(resource, "scopeSpans", "scope_spans")
        for j, scope in enumerate(scopes):
            for k, span in enumerate(_listed_in(scope, "spans", "spans")[1]):
                attributes = _attributes(span) if isinstance(span, dict) else {}
                if not _CALL_KEYS.isdisjoint(attributes):
                    path = (resource_key, i, scope_key, j, "spans", k)
                    yield (
                        _call(span, attributes, line, path),
                        text(attributes.get("user_agent.original")),
                    )


def _listed_in(parent: object, key: str, snake: str) -> tuple[str, list[Any]]:
    """The list that an object has under either spelling of a key; none is an empty one."""
    if isinstance(parent, dict):
        for spelling in (key, snake):
            if isinstance(listed := parent.get(spelling), list):
                return spelling, listed
    return key, []


def _attributes(span: dict[str, object]) -> dict[str, object]:
    """The attributes by key, without the wrapper that names a value's kind (the last, if it has
    several: it should have one)."""
    listed = span.get("attributes")
    if not isinstance(listed, list):
        return {}
    try:
        return {one["key"]: value for one in listed for value in one["value"].values()}
    except (TypeError, KeyError, AttributeError):
        return {key: value for one in listed for key, value in _attribute(one)}


def _attribute(one: object) -> Iterator[tuple[str, object]]:
    """One attribute of a list that may also contain other values."""
    if isinstance(one, dict) and isinstance(one.get("value"), dict):
        key = one.get("key")
        for value in one["value"].values():
            if isinstance(key, str):
                yield key, value


def _reply_path(span: dict[str, object], path: Path) -> Path:
    """Where the reply stands; looked for only in a span that has one."""
    listed = span["attributes"]
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, dict) and one.get("key") == _REPLY:
            return (*path, "attributes", index, "value", [*one["value"]][-1])
    return path


def _call(
    span: dict[str, object],
    attributes: dict[str, object],
    line: int,
    path: Path,
) -> Call:
    status = span.get("status")
    start, end = _time(span, "startTimeUnixNano"), _time(span, "endTimeUnixNano")
    if isinstance(status, dict) and status.get("code") in _ERROR:
        return FailedCall(
            error_type=text(attributes.get("error.type")) or "",
            message=text(attributes.get("error.message")) or text(status.get("message")) or "",
            model=text(attributes.get("gen_ai.request.model")),
            start=start,
            end=end,
            line=line,
            path=(*path, "status"),
        )
    messages = _listed(attributes.get(_REPLY))
    if not messages:
        return Unanswered(line, path)
    asked = text(attributes.get("gen_ai.request.model"))
    answered = text(attributes.get("gen_ai.response.model"))
    if span.get("name") == _LITELLM:
        asked, answered = answered, asked
    return Turn(
        text="".join(_text(message) for message in messages),
        tool_calls=tuple(call for one in messages for call in _tool_calls(one)),
        finish_reason=_finish(messages, attributes),
        model=answered or asked,
        requested_model=asked or answered,
        input_tokens=_tokens(attributes, "input", "prompt"),
        output_tokens=_tokens(attributes, "output", "completion"),
        cost=amount(attributes.get("gen_ai.cost.total_cost", attributes.get("gen_ai.usage.cost"))),
        start=start,
        end=end,
        response_id=text(attributes.get("gen_ai.response.id")),
        line=line,
        path=_reply_path(span, path),
        request=RecordedRequest(
            attributes.get("gen_ai.input.messages"),
            text_of(attributes.get("gen_ai.system_instructions")),
        ),
    )


def _listed(value: object) -> list[object]:
    """A list that is recorded as JSON text, as the conventions say; or as an OTLP array."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return []
    if isinstance(value, dict):
        values = value.get("values")
        value = [
            next(iter(one.values()), None)
            for one in (values if isinstance(values, list) else [])
            if isinstance(one, dict)
        ]
    return value if isinstance(value, list) else []


def _text(message: object) -> str:
    if not isinstance(message, dict):
        return ""
    parts = message.get("parts")
    if not isinstance(parts, list):
        return text_of(message.get("content"))
    said = "".join(
        text_of(part) for part in parts if isinstance(part, dict) and part.get("type") == "text"
    )
    return said or text_of(message.get("content"))


def _tool_calls(message: object) -> tuple[ToolCall, ...]:
    if not isinstance(message, dict):
        return ()
    if calls := chat_tool_calls(message.get("tool_calls")):
        return calls
    parts = message.get("parts")
    asked = [
        part
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and part.get("type") == "tool_call"
    ]
    return chat_tool_calls(asked)


def _finish(messages: list[object], attributes: dict[str, object]) -> str | None:
    for message in messages:
        if isinstance(message, dict) and (said := text(message.get("finish_reason"))):
            return said
    reasons = _listed(attributes.get("gen_ai.response.finish_reasons"))
    first = reasons[0] if reasons else attributes.get("gen_ai.response.finish_reason")
    return text(first)


def _tokens(attributes: dict[str, object], name: str, older: str) -> int | None:
    value = attributes.get(
        f"gen_ai.usage.{name}_tokens", attributes.get(f"gen_ai.usage.{older}_tokens")
    )
    return _integer(value)


def _time(span: dict[str, object], key: str) -> int | None:
    return _integer(span.get(key)) or None  # OTLP: 0 is "unknown"


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        try:
            return int(value) if len(value) <= 20 else None
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
