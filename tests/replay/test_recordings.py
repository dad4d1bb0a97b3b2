"""Whole recordings, asked again in every format: served. Asked with a word more: diverged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.replay.rendering import BODIES
from tests.replay.serving import two_turns

from evalpolicy.artifacts.trajectory import parse
from evalpolicy.replay.conversation import ConversationItem
from evalpolicy.replay.matching import recorded_conversation
from evalpolicy.replay.playback import Playback
from evalpolicy.replay.wires import WIRES

FIXTURES = Path(
    os.environ.get("EVALPOLICY_FIXTURES") or Path(__file__).parents[3] / "shared/facts/fixtures"
)
"""Recordings of the reference fleet, where somebody has put them beside the checkout."""

RECORDINGS = {"two-turns": two_turns()} | {
    file.name: parse(file.read_bytes()) for file in sorted(FIXTURES.glob("*.jsonl"))
}


@pytest.mark.parametrize("wire", BODIES)
@pytest.mark.parametrize("name", RECORDINGS)
def test_the_recorded_requests_are_served(name, wire):
    playback = Playback(RECORDINGS[name])
    for turn in playback.turns:
        said = recorded_conversation(turn.request)
        draw = playback.draw(WIRES[wire].read(BODIES[wire](said)))
        assert (draw.outcome, draw.differences) == ("served", ()), turn.line
        assert draw.compared


@pytest.mark.parametrize("wire", BODIES)
@pytest.mark.parametrize("name", RECORDINGS)
def test_other_requests_are_not(name, wire):
    playback = Playback(RECORDINGS[name])
    for turn in playback.turns:
        said = (
            *recorded_conversation(turn.request),
            ConversationItem("user", "Do something else!"),
        )
        draw = playback.draw(WIRES[wire].read(BODIES[wire](said)))
        assert draw.outcome == "diverged", turn.line
        assert any("something else" in one.asked for one in draw.differences)
