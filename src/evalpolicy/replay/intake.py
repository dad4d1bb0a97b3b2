"""Reads a call: its body within limits, as JSON, and in terms of its wire format."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from msgspec import Struct
from starlette.requests import Request

from evalpolicy.replay.routes import Route
from evalpolicy.replay.wires import ModelCall

MAX_BODY = 32 * 1024 * 1024
"""Bytes of the longest request; Anthropic's own limit (32 MB), and no API has a higher one."""

PATIENCE = 60.0
"""Seconds a body has to arrive."""


class RefusedError(Exception):
    """A call that is rejected: the status, the error's code and its message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class BodyLimits(Struct, frozen=True):
    """Limits of a call: bytes of its body, and seconds until it has arrived."""

    body: int = MAX_BODY
    patience: float = PATIENCE


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """The whole body. Raises `RefusedError` if it is too long, too slow or compressed."""
    headers = request.headers
    if headers.get("content-encoding", "identity") not in ("", "identity"):
        raise RefusedError(
            415, "unsupported_encoding", "the body is compressed, which is not supported"
        )
    length = headers.get("content-length", "")
    if length.isdigit() and int(length[:20]) > limits.body:
        raise _too_long(limits)
    try:
        return await asyncio.wait_for(_collect(request, limits), limits.patience)
    except asyncio.TimeoutError:
        seconds = f"{limits.patience:g} seconds"
        raise RefusedError(408, "too_slow", f"the body did not arrive in {seconds}") from None


async def _collect(request: Request, limits: BodyLimits) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limits.body:
            raise _too_long(limits)
        pieces.append(piece)
    return b"".join(pieces)


def _too_long(limits: BodyLimits) -> RefusedError:
    return RefusedError(413, "too_large", f"the body is longer than {limits.body:,} bytes")


def asked_of(route: Route, body: bytes, alt: str | None) -> ModelCall:
    """What a body asks for. Raises `RefusedError` if it is not a JSON object."""
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, "bad_request", f"the body is not JSON: {error.msg}") from None
    if not isinstance(value, dict):
        raise RefusedError(400, "bad_request", "the body is not a JSON object")
    model = route.model or value.get("model")
    stream = route.action == "stream" if route.wire == "gemini" else value.get("stream") is True
    return ModelCall(value, model if isinstance(model, str) else "", stream, alt == "sse")
