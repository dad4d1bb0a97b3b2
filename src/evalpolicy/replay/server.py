"""Runs an ASGI application until it is stopped: SIGTERM and SIGINT end it in good order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from evalpolicy.errors import NotCheckedError, UsageError

_GRACE = 5
"""Seconds that running calls have to finish when the server stops."""


class _Server(uvicorn.Server):
    """uvicorn's server; it reports when it listens, and a signal does not kill the process."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Stops after the running calls."""
        self.should_exit = True


class Running:
    """Lets an application stop the server that runs it, with the reason."""

    def __init__(self) -> None:
        self.server: _Server | None = None
        self.failure: str | None = None

    def fail(self, reason: str) -> None:
        """Stops the server; `serve` raises `NotCheckedError` with the reason then."""
        self.failure = self.failure or reason
        if self.server is not None:
            self.server.stop()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises `UsageError` if that fails."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot listen on {host} port {port}: {reason}") from error


def address(listening: socket.socket) -> str:
    """The base address of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: Any, on: socket.socket, running: Running, listening: Callable[[], None]) -> None:
    """Serves until a signal or `running.fail` ends it."""
    config = uvicorn.Config(
        app,
        lifespan="auto",
        access_log=False,
        log_level="error",
        server_header=False,
        date_header=False,
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE,
        backlog=1024,
    )
    running.server = _Server(config, listening)
    running.server.run(sockets=[on])
    if running.failure is not None:
        raise NotCheckedError(running.failure)
