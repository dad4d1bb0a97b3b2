"""What a turn was asked, as far as it was recorded; read only when somebody looks."""

from __future__ import annotations

import marshal
from typing import Any

import orjson
from msgspec import Struct


class Message(Struct, frozen=True):
    """One message of a request; `tools` names the tools called or answered in it."""

    role: str
    text: str
    tools: tuple[str, ...] = ()


class RecordedRequest(Struct, frozen=True):
    """A request as recorded: `messages` is a list, or the JSON text of one (OTLP).

    `instructions` is the system prompt where the dialect keeps it apart (responses, messages).
    """

    messages: object
    instructions: str = ""

    def opening(self, characters: int = 6000) -> str:
        """The first characters of the instructions and of the first messages.

        Of a JSON text it is the text itself, escapes and all: enough to search for plain words.
        Each text ends with a whole word: a piece of a credential would not be recognized.
        """
        texts = [self.instructions]
        if isinstance(self.messages, str):
            texts.append(self.messages)
        else:
            texts += (one.text for one in _read(self.messages, first=3))
        return "\n".join(_beginning(text, characters) for text in texts)

    def read(self) -> tuple[Message, ...]:
        """The messages, the instructions first; what is not a message is left out."""
        recorded = self.messages
        if isinstance(recorded, str):
            try:
                recorded = orjson.loads(recorded)
            except orjson.JSONDecodeError:
                recorded = [{"role": "unknown", "content": self.messages}]
        system = (Message("system", self.instructions),) if self.instructions else ()
        return system + _read(recorded)

    def canonical(self) -> bytes:
        """Bytes that are equal for equal requests of one format.

        The whole of it: agents put the same words first and last, and the task in between.
        """
        messages = self.messages
        body = messages.encode("utf-8") if isinstance(messages, str) else compact(messages)
        return b"\0".join((self.instructions.encode("utf-8"), body))


def _beginning(text: str, characters: int) -> str:
    if len(text) <= characters or text[characters].isspace():
        return text[:characters]
    words = text[:characters].rsplit(None, 1)
    return words[0] if len(words) > 1 else ""


def compact(value: Any) -> bytes:
    """A parsed JSON value as JSON; one nested deeper than orjson writes (254 levels) as marshal."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return marshal.dumps(value, 2)


def _read(messages: object, first: int | None = None) -> tuple[Message, ...]:
    if isinstance(messages, str):
        return (Message("user", messages),)
    if isinstance(messages, dict):
        messages = [messages]
    if not isinstance(messages, list):
        return ()
    return tuple(_message(one) for one in messages[:first] if isinstance(one, dict))


def _message(one: dict[str, object]) -> Message:
    kind = one.get("type")
    role = one.get("role")
    if isinstance(kind, str) and not isinstance(role, str):
        role = {"function_call": "assistant", "function_call_output": "tool"}.get(kind, kind)
    text = one.get("content", one.get("parts", one.get("output", one.get("arguments"))))
    return Message(str(role or "unknown"), text_of(text), tuple(_tools(one)))


def _tools(one: dict[str, object]) -> list[str]:
    names: list[str] = []
    calls = one.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        names += [name] if isinstance(name, str) else []
    if isinstance(name := one.get("name"), str):
        names.append(name)
    return names


def text_of(content: object, depth: int = 4) -> str:
    """The text of a message's content: a string, a part, or a list of parts.

    The dialects nest no deeper than four levels; what lies deeper is not text.
    """
    if isinstance(content, str):
        return content
    if depth and isinstance(content, list):
        return "".join(text_of(part, depth - 1) for part in content)
    if depth and isinstance(content, dict):
        for key in ("text", "content", "refusal"):
            if isinstance(content.get(key), (str, list)):
                return text_of(content[key], depth - 1)
    return ""
