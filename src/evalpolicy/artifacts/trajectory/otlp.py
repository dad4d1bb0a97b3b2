"""A line of a `*.traces.jsonl`: one OTLP/JSON `ExportTraceServiceRequest`.

The encoding is that of the OpenTelemetry protocol 1.x: 64-bit integers come as strings, keys in
lowerCamelCase (protobuf's JSON mapping lets a reader meet snake_case as well), the status code as
a number or as its name. The attributes are the semantic conventions for generative AI.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from evalpolicy.artifacts.json_spans import Path
from evalpolicy.artifacts.trajectory.litellm import amount, text
from evalpolicy.artifacts.trajectory.model import Call, FailedCall, ToolCall, Turn, Unanswered
from evalpolicy.artifacts.trajectory.replies import chat_tool_calls
from evalpolicy.artifacts.trajectory.request import Request, text_of

_ERROR = (2, "2", "STATUS_CODE_ERROR")
_CALL_KEYS = frozenset(
    ("gen_ai.request.model", "gen_ai.input.messages", "gen_ai.output.messages", "error.type")
)


def is_otlp(row: dict[str, object]) -> bool:
    """Whether a JSON object is an export of spans."""
    return "resourceSpans" in row or "resource_spans" in row


def read_calls(row: dict[str, object], line: int) -> Iterator[tuple[Call, dict[str, object]]]:
    """The model calls among the spans of an export, each with its span's attributes."""
    for resource, resource_path in _children(row, ("resourceSpans", "resource_spans"), ()):
        for scope, scope_path in _children(resource, ("scopeSpans", "scope_spans"), resource_path):
            for span, path in _children(scope, ("spans",), scope_path):
                attributes, places = _attributes(span)
                if not _CALL_KEYS.isdisjoint(attributes):
                    yield _call(span, attributes, places, line, path), attributes


def _children(
    parent: dict[str, object], keys: tuple[str, ...], path: Path
) -> Iterator[tuple[dict[str, object], Path]]:
    for key in keys:
        listed = parent.get(key)
        if isinstance(listed, list):
            for index, child in enumerate(listed):
                if isinstance(child, dict):
                    yield child, (*path, key, index)


def _attributes(span: dict[str, object]) -> tuple[dict[str, object], dict[str, tuple[int, str]]]:
    """The attributes by key, and where each stands: its index and the kind of its value."""
    values: dict[str, object] = {}
    places: dict[str, tuple[int, str]] = {}
    listed = span.get("attributes")
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        try:
            key = one["key"]
            ((kind, value),) = one["value"].items()
            values[key] = value
            places[key] = (index, kind)
        except (TypeError, KeyError, ValueError, AttributeError):
            continue  # not an attribute: nothing that a turn could be read from
    return values, places


def _call(
    span: dict[str, object],
    attributes: dict[str, object],
    places: dict[str, tuple[int, str]],
    line: int,
    path: Path,
) -> Call:
    status = span.get("status")
    start, end = _time(span.get("startTimeUnixNano")), _time(span.get("endTimeUnixNano"))
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
    messages = _listed(attributes.get("gen_ai.output.messages"))
    if not messages:
        return Unanswered(line, path)
    index, kind = places["gen_ai.output.messages"]
    return Turn(
        text="".join(_text(message) for message in messages),
        tool_calls=tuple(call for one in messages for call in _tool_calls(one)),
        finish_reason=_finish(messages, attributes),
        model=text(attributes.get("gen_ai.response.model"))
        or text(attributes.get("gen_ai.request.model")),
        requested_model=text(attributes.get("gen_ai.request.model")),
        input_tokens=_tokens(attributes, "input", "prompt"),
        output_tokens=_tokens(attributes, "output", "completion"),
        cost=amount(attributes.get("gen_ai.cost.total_cost", attributes.get("gen_ai.usage.cost"))),
        start=start,
        end=end,
        response_id=text(attributes.get("gen_ai.response.id")),
        line=line,
        path=(*path, "attributes", index, "value", kind),
        request=Request(
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


def _time(value: object) -> int | None:
    return _integer(value) or None  # OTLP: 0 is "unknown"


def _integer(value: object) -> int | None:
    if isinstance(value, str) and len(value) <= 20 and value.isascii():
        try:
            return int(value)
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
