"""The interface of a wire format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from evalpolicy.replay.conversation import Conversation
from evalpolicy.replay.reply import Reply

WireName: TypeAlias = Literal["chat", "responses", "messages", "gemini"]

PIECE = 64
"""Characters per delta: a text comes in several deltas, as from a model."""


class BadRequestError(Exception):
    """A body that the real API would reject; the message says why."""


class ModelCall(Struct, frozen=True):
    """A request: its body, the model and the streaming that it asks for.

    `sse` is false where a stream is to be a JSON array (Gemini without `alt=sse`).
    """

    body: dict[str, Any]
    model: str
    stream: bool
    sse: bool = True


class Wire(Struct, frozen=True):
    """One API.

    `read` gives what a body says and raises `BadRequestError`; `write` the answer's body; `stream`
    its pieces as they go over the wire; `error` the body of an error from status, code and message.
    """

    name: WireName
    read: Callable[[dict[str, Any]], Conversation]
    write: Callable[[Reply, ModelCall], dict[str, Any]]
    stream: Callable[[Reply, ModelCall], Iterator[bytes]]
    error: Callable[[int, str, str], dict[str, Any]]


def pieces(text: str) -> list[str]:
    """The text in deltas; an empty text has none."""
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def listed(body: dict[str, Any], key: str) -> list[Any]:
    """A list that the API requires."""
    value = body.get(key)
    if not isinstance(value, list):
        raise BadRequestError(f"{key} is missing or not a list")
    return value
