"""Maps a path to a call, and to the format of its errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from evalpolicy.replay.wires import WireName

Action: TypeAlias = Literal["generate", "stream", "count", "models", "model", "health"]


class Route(Struct, frozen=True):
    """A call of an API; `model` is what the path names. `rest` is the path behind the version."""

    action: Action
    wire: WireName
    rest: str
    model: str = ""

    @property
    def method(self) -> str:
        """The one method that the call takes."""
        return "POST" if self.action in ("generate", "stream", "count") else "GET"


_PATH = re.compile(r"(?:/(openai|anthropic|genai))?(?:/(v1|v1beta|v1alpha|v1beta1))?/(.+)", re.A)
_FIXED: dict[str, tuple[Action, WireName]] = {
    "chat/completions": ("generate", "chat"),
    "responses": ("generate", "responses"),
    "responses/input_tokens": ("count", "responses"),
    "messages": ("generate", "messages"),
    "messages/count_tokens": ("count", "messages"),
}
_GEMINI: dict[str, Action] = {
    "generateContent": "generate",
    "streamGenerateContent": "stream",
    "countTokens": "count",
}
_VERTEX = r"(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/google/)?"
_METHOD = re.compile(rf"{_VERTEX}(?:models|tunedModels)/([^:]+(?::[^:]+)*):(\w+)")
_MODEL = re.compile(rf"{_VERTEX}models/(.+)")
_OWNER: dict[str, WireName] = {"openai": "chat", "anthropic": "messages", "genai": "gemini"}


def resolve(path: str, headers: Mapping[str, str]) -> Route | None:
    """The call of a path (without its query); None if no API has it.

    Every API is under every prefix, as behind the fleet's gateway; OpenAI's clients are also
    configured without a version. A path is taken as it is: no `..`, no double slash is resolved.
    """
    if path == "/health":
        return Route("health", "chat", "health")
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    version, rest = match[2], match[3]
    if rest in _FIXED:
        action, wire = _FIXED[rest]
        return Route(action, wire, rest)
    method = _METHOD.fullmatch(rest) if version else None
    if method and method[2] in _GEMINI and not _is_strange(method[1]):
        return Route(_GEMINI[method[2]], "gemini", rest, method[1])
    wire = caller(path, headers)
    if rest == "models":
        return Route("models", wire, rest)
    if (model := _MODEL.fullmatch(rest)) and not _is_strange(model[1]):
        return Route("model", wire, rest, model[1])
    return None


def caller(path: str, headers: Mapping[str, str]) -> WireName:
    """The API of the client: OpenAI's unless something indicates another."""
    match = _PATH.fullmatch(path)
    prefix, version = (match[1], match[2]) if match else (None, None)
    if prefix:
        return _OWNER[prefix]
    if "anthropic-version" in headers:
        return "messages"
    if (version or "v1") != "v1" or "x-goog-api-key" in headers:
        return "gemini"
    return "chat"


def _is_strange(model: str) -> bool:
    """Whether a model's name is a path traversal: slashes are fine, empty or dot parts are not."""
    return any(step in ("", ".", "..") for step in model.split("/"))
