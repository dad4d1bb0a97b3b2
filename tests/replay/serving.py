"""A replay server in a thread of this process, and small trajectories to serve."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import uvicorn
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.artifacts.trajectory import Trajectory, parse
from evalpolicy.replay.app import ReplayApp
from evalpolicy.replay.journal import Journal
from evalpolicy.replay.playback import Playback
from evalpolicy.replay.server import address, listen


def chat_row(number: int, asked: Any, message: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A recorded chat completion that starts `number` seconds into the run."""
    choice = {"finish_reason": "stop", "message": {"role": "assistant", **message}}
    return litellm_row(
        id=f"row-{number}",
        startTime=1_760_000_000 + number,
        messages=asked,
        response={"id": f"reply-{number}", "choices": [choice]},
        **changes,
    )


CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "shell", "arguments": '{"command": "ls"}'},
}
QUESTION = [{"role": "user", "content": "What is here?"}]
ANSWERED = [
    *QUESTION,
    {"role": "assistant", "content": "I look.", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "a.txt"},
]


LONG = "One file: a.txt. It says “grüß dich” 🙂, and more than fits into one delta of a stream."


def two_turns() -> Trajectory:
    """A tool call, and the answer to what the tool said."""
    return parse(
        lines(
            chat_row(1, QUESTION, {"content": "I look.", "tool_calls": [CALL]}),
            chat_row(2, ANSWERED, {"content": LONG}),
        )
    )


def many_turns(count: int) -> Trajectory:
    """Turns whose texts are their numbers from 0."""
    return parse(lines(*(chat_row(n, QUESTION, {"content": f"{n}"}) for n in range(count))))


@contextlib.contextmanager
def running(app: Any) -> Iterator[str]:
    """The base address of a server that runs the application."""
    config = uvicorn.Config(app, lifespan="auto", log_level="critical", ws="none")
    server = uvicorn.Server(config)
    with listen("127.0.0.1", 0) as on:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [on]})
        thread.start()
        try:
            yield address(on)
        finally:
            server.should_exit = True
            thread.join(600)
            assert not thread.is_alive()


@contextlib.contextmanager
def serving(trajectory: Trajectory, journal=None, on_exhausted="error", **options) -> Iterator[Any]:
    """An HTTP client of a replay server."""
    book = Journal(journal)
    app = ReplayApp(Playback(trajectory, on_exhausted), book, **options)
    try:
        with (
            running(app) as base,
            httpx.Client(base_url=base, trust_env=False, timeout=600) as client,
        ):
            yield client
    finally:
        book.close()


def events(text: str) -> list[dict[str, Any]]:
    """The JSON of server-sent events; `[DONE]` is left out."""
    found = []
    for block in text.replace("\r\n", "\n").strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        if fields["data"] != "[DONE]":
            event = json.loads(fields["data"])
            assert fields.get("event", event.get("type")) == event.get("type")
            found.append(event)
    return found
