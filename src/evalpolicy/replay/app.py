"""The replay server as an ASGI application."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import orjson
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from evalpolicy.replay import catalogue
from evalpolicy.replay.conversation import Conversation
from evalpolicy.replay.intake import BodyLimits, RefusedError, asked_of, read_body
from evalpolicy.replay.journal import CallEntry, Journal, Outcome, Started
from evalpolicy.replay.playback import Draw, Playback
from evalpolicy.replay.routes import Route, caller, resolve
from evalpolicy.replay.wires import WIRES, BadRequestError, ModelCall, WireName

_NO_RETRY = {"x-should-retry": "false"}
"""OpenAI's and Anthropic's clients obey it; all retry 408, 409, 429 and 5xx otherwise. The errors
of a replay are 400, which no client tries again (measured: openai, anthropic, google-genai,
codex)."""

_WRITE = 32 * 1024
"""Bytes of a stream that are sent at once; the server waits for a slow reader."""


class EventStream:
    """A streamed answer, in pieces and without a known length, as from a model."""

    def __init__(self, events: Iterator[bytes], media_type: str) -> None:
        self._events = events
        self._media_type = media_type.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        headers = [(b"content-type", self._media_type), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        waiting: list[bytes] = []
        size = 0
        for event in self._events:
            waiting.append(event)
            size += len(event)
            if size >= _WRITE:
                body = b"".join(waiting)
                await send({"type": "http.response.body", "body": body, "more_body": True})
                waiting, size = [], 0
        await send({"type": "http.response.body", "body": b"".join(waiting)})


def as_json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(content), status, headers, "application/json")


def as_error(wire: WireName, status: int, code: str, message: str) -> Response:
    """An error in the caller's format, which its client does not retry."""
    headers = dict(_NO_RETRY)
    if status in (408, 413, 415):
        headers["connection"] = "close"  # the rest of the body is not read
    return as_json(WIRES[wire].error(status, code, message), status, headers)


class _ServedCall(Struct):
    """What is known of a call so far."""

    method: str
    path: str
    wire: WireName
    stream: bool = False


class ReplayApp:
    """Answers from a tape. `on_failure` is called when the journal can no longer be written."""

    def __init__(
        self,
        playback: Playback,
        journal: Journal,
        limits: BodyLimits | None = None,
        on_failure: Callable[[OSError], None] = lambda error: None,
    ) -> None:
        self._playback = playback
        self._journal = journal
        self._limits = limits or BodyLimits()
        self._on_failure = on_failure
        self._calls = 0
        self._failed = False
        self._models = playback.models
        journal.start(Started(playback.sha256, len(playback.turns), playback.on_exhausted))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's next message."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except ClientDisconnect:
            return
        except OSError as error:
            self._failed = True
            self._on_failure(error)
            answer = self._broken(request)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response | EventStream:
        path, method = request.scope["path"], request.method
        route = resolve(path, request.headers)
        if self._failed:
            return self._broken(request)
        if route is None or (route.action == "model" and method == "POST"):
            # A model's name may contain a colon, so `m:embedContent` looks like one.
            await self._drain(request)
            call = _ServedCall(method, path, caller(path, request.headers))
            message = f"unknown route {method} {path[:200]}"
            return self._refuse(call, "unknown-route", RefusedError(404, "not_found", message))
        call = _ServedCall(method, path, route.wire, route.action == "stream")
        if method != route.method and (method, route.method) != ("HEAD", "GET"):
            await self._drain(request)
            message = f"{path[:200]} needs {route.method}"
            return self._refuse(call, "unknown-route", RefusedError(405, "bad_method", message))
        if route.method == "GET":
            return self._catalogue(route)
        try:
            body = await read_body(request, self._limits)
            asked = asked_of(route, body, request.query_params.get("alt"))
            call.stream = asked.stream
            return self._generate(route, call, asked)
        except RefusedError as refused:
            return self._refuse(call, "bad-request", refused)
        except BadRequestError as refused:
            return self._refuse(call, "bad-request", RefusedError(400, "bad_request", str(refused)))

    async def _drain(self, request: Request) -> None:
        """Reads and drops a body, so that the client gets to read the response."""
        try:
            await read_body(request, self._limits)
        except RefusedError:
            return

    def _catalogue(self, route: Route) -> Response:
        if route.action == "health":
            left = {"status": "ok", "turns": len(self._playback.turns)}
            return as_json(left)
        if route.action == "models":
            return as_json(catalogue.models(self._models, route.wire))
        return as_json(catalogue.model(route.model, route.wire))

    def _generate(
        self, route: Route, call: _ServedCall, asked: ModelCall
    ) -> Response | EventStream:
        wire = WIRES[route.wire]
        body = asked.body
        if route.action == "count" and isinstance(
            inner := body.get("generateContentRequest"), dict
        ):
            body = inner
        said: Conversation = wire.read(body)
        if route.action == "count":
            return as_json(catalogue.count(said, route.wire))
        draw = self._playback.draw(said)
        if draw.reply is None:
            self._note(call, "exhausted", 400)
            turns = len(self._playback.turns)
            message = f"the recording is exhausted: all of its turns ({turns}) were served"
            return as_error(route.wire, 400, "replay_exhausted", message)
        self._note(call, draw.outcome, 200, draw)
        if not asked.stream:
            return as_json(wire.write(draw.reply, asked))
        whole = route.wire == "gemini" and not asked.sse
        kind = "application/json" if whole else "text/event-stream; charset=utf-8"
        return EventStream(wire.stream(draw.reply, asked), kind)

    def _refuse(self, call: _ServedCall, outcome: Outcome, why: RefusedError) -> Response:
        self._note(call, outcome, why.status, reason=str(why))
        return as_error(call.wire, why.status, why.code, str(why))

    def _broken(self, request: Request) -> Response:
        wire = caller(request.scope["path"], request.headers)
        return as_error(wire, 500, "journal_failed", "the journal cannot be written")

    def _note(
        self,
        call: _ServedCall,
        outcome: Outcome,
        status: int,
        draw: Draw | None = None,
        reason: str | None = None,
    ) -> None:
        self._calls += 1
        self._journal.call(
            CallEntry(
                call=self._calls,
                time=time.time_ns(),
                outcome=outcome,
                method=call.method[:20],
                path=call.path[:500],
                wire=None if outcome == "unknown-route" else call.wire,
                stream=call.stream,
                status=status,
                turn=draw.turn if draw else None,
                line=draw.line if draw else None,
                compared=draw.compared if draw else False,
                differences=draw.differences if draw else (),
                reason=reason,
            )
        )
