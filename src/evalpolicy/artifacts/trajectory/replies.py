"""A reply in the dialect of its API: chat completions, responses, messages, Gemini.

Sources: OpenAI's API reference (chat completions, responses), Anthropic's Messages API, Google's
`GenerateContentResponse`, each as LiteLLM 1.7x logs them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from evalpolicy.artifacts.trajectory.model import ToolCall
from evalpolicy.artifacts.trajectory.request import compact, text_of

Dialect: TypeAlias = Literal["chat", "responses", "messages", "gemini"]


class RecordedReply(Struct, frozen=True):
    """What a response says; `key` is where in the response the reply stands."""

    dialect: Dialect
    text: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str | None
    key: str

    @property
    def usable(self) -> bool:
        """Whether an agent would get anything from it."""
        return bool(self.text or self.tool_calls)


def read_reply(response: dict[str, object]) -> RecordedReply | None:
    """The reply in a response object; None where it is in no dialect that is known."""
    if isinstance(choices := response.get("choices"), list) and choices:
        return _chat(choices)
    if isinstance(output := response.get("output"), list) and output:
        return _responses(response, output)
    if isinstance(content := response.get("content"), list) and content:
        return _messages(response, content)
    if isinstance(candidates := response.get("candidates"), list) and candidates:
        return _gemini(candidates)
    return None


def chat_tool_calls(calls: object) -> tuple[ToolCall, ...]:
    """The `tool_calls` of a chat message, which OTLP's messages share."""
    if not isinstance(calls, list):
        return ()
    return tuple(_chat_call(call) for call in calls if isinstance(call, dict))


def _chat_call(call: dict[str, object]) -> ToolCall:
    function = call.get("function")
    body = function if isinstance(function, dict) else call
    return _call(body.get("name"), body.get("arguments"), call.get("id"))


def _call(name: object, arguments: object, call_id: object) -> ToolCall:
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else compact(arguments).decode("utf-8", "replace")
    return ToolCall(
        name if isinstance(name, str) else "",
        arguments,
        call_id if isinstance(call_id, str) else None,
    )


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _chat(choices: list[object]) -> RecordedReply | None:
    choice = choices[0]
    if not isinstance(choice, dict):
        return None
    message = choice.get("message")
    if not isinstance(message, dict):
        return None
    calls = chat_tool_calls(message.get("tool_calls"))
    if isinstance(legacy := message.get("function_call"), dict):
        calls += (_call(legacy.get("name"), legacy.get("arguments"), None),)
    text = text_of(message.get("content")) or text_of(message.get("refusal"))
    return RecordedReply("chat", text, calls, _string(choice.get("finish_reason")), "choices")


_ARGUMENTS = {"function_call": "arguments", "custom_tool_call": "input"}
"""What the kinds of call of the responses API name what they are called with."""


def _responses(response: dict[str, object], output: list[object]) -> RecordedReply:
    parts = [part for part in output if isinstance(part, dict)]
    calls = tuple(
        _call(part.get("name"), part.get(_ARGUMENTS[part["type"]]), part.get("call_id"))
        for part in parts
        if part.get("type") in tuple(_ARGUMENTS)  # its type may not be hashable
    )
    text = "".join(text_of(part.get("content")) for part in parts if part.get("type") == "message")
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    finish = _string(reason) or _string(response.get("status"))
    return RecordedReply("responses", text, calls, finish, "output")


def _messages(response: dict[str, object], content: list[object]) -> RecordedReply:
    parts = [part for part in content if isinstance(part, dict)]
    calls = tuple(
        _call(part.get("name"), part.get("input"), part.get("id"))
        for part in parts
        if part.get("type") == "tool_use"
    )
    text = "".join(text_of(part.get("text")) for part in parts if part.get("type") == "text")
    return RecordedReply("messages", text, calls, _string(response.get("stop_reason")), "content")


def _gemini(candidates: list[object]) -> RecordedReply | None:
    candidate = candidates[0]
    if not isinstance(candidate, dict):
        return None
    content = candidate.get("content")
    listed = content.get("parts") if isinstance(content, dict) else None
    parts = [part for part in listed if isinstance(part, dict)] if isinstance(listed, list) else []
    functions = [part["functionCall"] for part in parts if "functionCall" in part]
    calls = tuple(
        _call(one.get("name"), one.get("args"), one.get("id"))
        for one in functions
        if isinstance(one, dict)
    )
    text = "".join(text_of(part.get("text")) for part in parts)
    return RecordedReply(
        "gemini", text, calls, _string(candidate.get("finishReason")), "candidates"
    )
