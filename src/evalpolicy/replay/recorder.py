"""The recorder as an ASGI application: the same routes, answered by a real model."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from threading import Lock

import httpx
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from evalpolicy.replay.app import as_error, as_json
from evalpolicy.replay.assembling import CutOffError, assemble
from evalpolicy.replay.conversation import Conversation
from evalpolicy.replay.intake import BodyLimits, RefusedError, asked_of, read_body
from evalpolicy.replay.recording import RecordingFile
from evalpolicy.replay.routes import Route, caller, resolve
from evalpolicy.replay.spans import RecordedCall
from evalpolicy.replay.wires import WIRES, BadRequestError

_HOP = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("trailer", "transfer-encoding", "upgrade", "host", "content-length", "accept-encoding"),
        *("content-encoding", "forwarded", "x-forwarded-for"),
    )
)
"""Headers of one connection only (RFC 9110, 7.6.1), and those that the next one sets itself."""

_TIMEOUT = httpx.Timeout(600, connect=10)
_MESSAGE = 500


class _ForwardedCall(Struct, frozen=True):
    """A running call: its request and its start time."""

    route: Route
    said: Conversation
    model: str
    start: int
    user_agent: str | None


class RecorderApp:
    """Forwards each call to `upstream` (a base URL such as `http://host/v1`) and records it.

    The caller's headers go upstream and nowhere else. `on_failure` is called when the recording
    can no longer be written.
    """

    def __init__(
        self,
        upstream: str,
        recording: RecordingFile,
        on_failure: Callable[[OSError], None] = lambda error: None,
    ) -> None:
        self._upstream = upstream.rstrip("/")
        self._recording = recording
        self._on_failure = on_failure
        # Ignore proxies from the environment: use exactly the named upstream.
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False)
        self._last = 0
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's next message."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            await self._answer(request, scope, receive, send)
        except ClientDisconnect:
            return

    async def _live(self, receive: Receive, send: Send) -> None:
        """From start to end, where the connections to the upstream are closed."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._client.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        route = resolve(path, request.headers)
        wire = route.wire if route else caller(path, request.headers)
        try:
            body = await read_body(request, BodyLimits())
            if route is None or request.method != route.method:
                raise RefusedError(404, "not_found", f"unknown route {request.method} {path[:200]}")
            if route.action == "health":
                await as_json({"status": "ok"})(scope, receive, send)
                return
            if route.action not in ("generate", "stream"):
                await self._pass_on(request, route, body, None, send)
                return
            asked = asked_of(route, body, request.query_params.get("alt"))
            said = WIRES[wire].read(asked.body)
            call = _ForwardedCall(
                route, said, asked.model, self._now(), request.headers.get("user-agent")
            )
            await self._pass_on(request, route, body, call, send)
        except RefusedError as refused:
            answer = as_error(wire, refused.status, refused.code, str(refused))
            await answer(scope, receive, send)
        except BadRequestError as refused:
            await as_error(wire, 400, "bad_request", str(refused))(scope, receive, send)
        except httpx.HTTPError as error:
            message = f"the upstream does not respond: {type(error).__name__}"
            broken = WIRES[wire].error(502, "upstream_failed", message)
            await as_json(broken, 502)(scope, receive, send)

    async def _pass_on(
        self, request: Request, route: Route, body: bytes, call: _ForwardedCall | None, send: Send
    ) -> None:
        headers = [(k, v) for k, v in request.headers.items() if k not in _HOP]
        query = request.scope["query_string"].decode("latin-1")
        url = f"{self._upstream}/{route.rest}" + (f"?{query}" if query else "")
        content: list[bytes] = []
        begun = False
        try:
            async with self._client.stream(
                request.method,
                url,
                headers=[*headers, ("accept-encoding", "identity")],
                content=body,
            ) as answer:
                await send(_start(answer))
                begun = True
                async for piece in _pieces(answer):
                    content.append(piece)
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except httpx.HTTPError as error:
            self._record(call, None, error=("upstream", type(error).__name__))
            if not begun:
                raise
            raise ConnectionAbortedError("the upstream closed the connection") from error
        self._record(call, answer, b"".join(content))
        await send({"type": "http.response.body", "body": b""})

    def _record(
        self,
        call: _ForwardedCall | None,
        answer: httpx.Response | None,
        content: bytes = b"",
        error: tuple[str, str] | None = None,
    ) -> None:
        if call is None:
            return
        response = None
        if answer is not None and answer.status_code >= 400:
            said = self._recording.without_secrets(content.decode("utf-8", "replace"), _MESSAGE)
            error = (str(answer.status_code), said)
        elif answer is not None:
            try:
                kind = answer.headers.get("content-type", "")
                response = assemble(call.route.wire, content, kind)
            except CutOffError as reason:
                error = ("cut-off", str(reason))
            except (KeyError, TypeError, AttributeError, ValueError) as reason:
                error = ("unreadable", f"{type(reason).__name__} in the response")
        recorded = RecordedCall(
            call.route.wire,
            call.said,
            call.model,
            call.start,
            max(time.time_ns(), call.start),
            call.user_agent or "",
            response,
            error,
        )
        try:
            self._recording.add(recorded)
        except OSError as reason:
            self._on_failure(reason)
            raise

    def _now(self) -> int:
        """The time in nanoseconds, never the same twice, so that turns are ordered by start."""
        with self._lock:
            self._last = max(time.time_ns(), self._last + 1)
            return self._last


def _start(answer: httpx.Response) -> dict[str, object]:
    headers = [(k.lower(), v) for k, v in answer.headers.raw if k.lower().decode() not in _HOP]
    return {"type": "http.response.start", "status": answer.status_code, "headers": headers}


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    async for piece in answer.aiter_bytes():
        if piece:
            yield piece
