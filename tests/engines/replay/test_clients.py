"""Real clients of all four APIs receive what was recorded, and give up where it ends."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
from pathlib import Path

import pytest
from tests.replay.serving import running, two_turns

sys.path.insert(0, str(Path(__file__).parent))

from clients import PACKAGES, ask, interpreter

from evalpolicy.artifacts.trajectory import parse
from evalpolicy.replay.app import ReplayApp
from evalpolicy.replay.journal import Journal, read_journal
from evalpolicy.replay.playback import Playback

FIXTURES = Path(
    os.environ.get("EVALPOLICY_FIXTURES") or Path(__file__).parents[4] / "shared/facts/fixtures"
)
"""Recordings of the reference fleet, where somebody has put them beside the checkout."""

MODES = list(itertools.product((False, True), repeat=2))


class Shelf:
    """Many replays behind one server: the first step of the path chooses."""

    def __init__(self):
        self.apps = []

    def add(self, app):
        self.apps.append(app)
        return f"/{len(self.apps) - 1}"

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        _, number, rest = scope["path"].split("/", 2)
        await self.apps[int(number)]({**scope, "path": f"/{rest}"}, receive, send)


def canonical(text, calls, usage):
    """A turn with its arguments as values: the APIs differ in how they write them."""
    return text, [(name, value(arguments)) for name, arguments in calls], tuple(usage)


def value(arguments):
    try:
        parsed = json.loads(arguments) if arguments else {}
    except ValueError:
        parsed = arguments
    return parsed if isinstance(parsed, dict) else {"input": parsed}


def recorded(turn):
    calls = [(call.name, call.arguments) for call in turn.tool_calls]
    return canonical(turn.text, calls, (turn.input_tokens or 0, turn.output_tokens or 0))


def trajectories():
    yield "two-turns", two_turns()
    for file in sorted(FIXTURES.glob("*.jsonl")):
        yield file.name, parse(file.read_bytes())


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param("chat", marks=pytest.mark.engine("openai")),
        pytest.param("responses", marks=pytest.mark.engine("openai")),
        pytest.param("messages", marks=pytest.mark.engine("anthropic")),
        pytest.param("gemini", marks=pytest.mark.engine("google-genai")),
    ],
)
def test_every_fixture_is_served_whole(wire, need_engine, tmp_path):
    python = interpreter(PACKAGES[wire])
    if python is None:
        need_engine(f"{PACKAGES[wire]} is not installed: pip install 'evalpolicy[clients]'")
    shelf, jobs, expected = Shelf(), [], []
    for (name, trajectory), (stream, tools) in itertools.product(trajectories(), MODES):
        file = tmp_path / f"{len(jobs)}.jsonl"
        base = shelf.add(ReplayApp(Playback(trajectory), Journal(file)))
        jobs.append({"base": base, "stream": stream, "tools": tools})
        jobs[-1]["calls"] = len(trajectory.turns)
        expected.append((name, trajectory, file))
    with contextlib.ExitStack() as stack:
        base = stack.enter_context(running(shelf))
        results = ask(python, wire, [{**job, "base": base + job["base"]} for job in jobs])
    assert len(results) == len(jobs)
    for result, (name, trajectory, file) in zip(results, expected, strict=True):
        assert "failed" not in result, f"{name}: {result['failed']}"
        received = [canonical(one["text"], one["calls"], one["usage"]) for one in result["turns"]]
        assert received == [recorded(turn) for turn in trajectory.turns], name
        assert result["error"]["status"] == 400, name
        assert "exhausted" in result["error"]["text"]
        record = read_journal(file.read_bytes())
        assert record.count("exhausted") == 1, f"{name}: the client tried again"
        assert record.count("bad-request") == record.count("unknown-route") == 0
        assert record.turns_left == 0
    print(f"{wire}: {len(jobs)} replays, {sum(job['calls'] for job in jobs)} replies")
