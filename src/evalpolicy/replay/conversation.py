"""The content of a request, whichever API it was written for or recorded from.

Chat completions, responses, messages, Gemini and the messages of OpenTelemetry's conventions all
nest the same few things differently; here they are a flat sequence of items.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

from evalpolicy.artifacts.trajectory.request import compact, text_of

Kind: TypeAlias = Literal["system", "user", "assistant", "call", "result"]


class ConversationItem(NamedTuple):
    """A text of one side, a tool that was called (`text` is its arguments), or a tool's result."""

    kind: Kind
    text: str
    name: str = ""
    call_id: str = ""


Conversation: TypeAlias = tuple[ConversationItem, ...]

_ROLES: dict[str, Kind] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "model": "assistant",
    "tool": "result",
    "function": "result",
}
_CALLS = ("function_call", "custom_tool_call", "tool_use", "tool_call", "server_tool_use")
_RESULTS = (
    *("function_call_output", "custom_tool_call_output"),
    *("tool_result", "tool_call_response"),
)
_DEPTH = 6


def conversation(messages: object, instructions: object = None) -> Conversation:
    """The items of a request; adjacent texts of one side are one item, empty texts are dropped."""
    found = [ConversationItem("system", text) for text in (_text(instructions),) if text]
    for message in [messages] if isinstance(messages, (str, dict)) else _list(messages):
        for item in _items(message):
            if item.kind in ("call", "result"):
                found.append(item)
            elif item.text and found and found[-1].kind == item.kind:
                found[-1] = ConversationItem(item.kind, found[-1].text + "\n" + item.text)
            elif item.text:
                found.append(item)
    return tuple(found)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _items(message: object) -> Iterator[ConversationItem]:
    if isinstance(message, str):
        yield ConversationItem("user", message)
    if not isinstance(message, dict):
        return
    role, kind = message.get("role"), message.get("type")
    if not isinstance(role, str):
        if "parts" not in message and kind not in (*_CALLS, *_RESULTS, "message"):
            return  # reasoning, references to earlier items: nothing that was said
        role = "user"
    side = _ROLES.get(role, "user")
    if kind in (*_CALLS, *_RESULTS):
        yield from _part(message, side)
    elif side == "result":
        call_id = message.get("tool_call_id")
        yield ConversationItem("result", _text(_content(message)), call_id=_string(call_id))
    else:
        content = _content(message)
        for part in content if isinstance(content, list) else [content]:
            yield from _part(part, side)
    for call in _list(message.get("tool_calls")):
        if isinstance(call, dict):
            function = call.get("function")
            yield _call(function if isinstance(function, dict) else call, call.get("id"))


def _content(message: dict[str, Any]) -> object:
    return next((message[key] for key in ("content", "parts") if key in message), None)


def _part(part: object, side: Kind) -> Iterator[ConversationItem]:
    if not isinstance(part, dict):
        yield ConversationItem(side, _text(part))
        return
    kind = part.get("type")
    if kind in _CALLS:
        yield _call(part, part.get("call_id") or part.get("id"))
    elif kind in _RESULTS:
        said = next((part[key] for key in ("output", "content", "response") if key in part), None)
        call_id = part.get("call_id") or part.get("tool_use_id") or part.get("id")
        yield ConversationItem("result", _said(said), call_id=_string(call_id))
    elif isinstance(function := part.get("functionCall", part.get("function_call")), dict):
        yield _call(function, function.get("id"))
    elif isinstance(function := part.get("functionResponse", part.get("function_response")), dict):
        yield ConversationItem(
            "result", _said(function.get("response")), call_id=_string(function.get("id"))
        )
    elif not part.get("thought"):
        yield ConversationItem(side, _text(part))


def _call(call: dict[str, Any], call_id: object) -> ConversationItem:
    arguments = next(
        (call[key] for key in ("arguments", "args", "input", "parameters") if key in call), ""
    )
    if not isinstance(arguments, str):
        arguments = compact(arguments).decode("utf-8", "replace")
    return ConversationItem("call", arguments, _string(call.get("name")), _string(call_id))


def _said(result: object) -> str:
    """A tool's result as text; Gemini's come as an object, mostly with one key."""
    if isinstance(result, dict) and len(result) == 1:
        (only,) = result.values()
        if isinstance(only, str):
            return only
    text = _text(result)
    if text or not isinstance(result, dict):
        return text
    return compact(result).decode("utf-8", "replace")


def _text(content: object) -> str:
    if isinstance(content, dict) and isinstance(content.get("parts"), list):
        content = content["parts"]
    return text_of(content, _DEPTH)


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
