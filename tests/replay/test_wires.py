"""The body and the stream of each wire format, against golden files of our own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.replay.serving import events, serving, two_turns

GOLDEN = Path(__file__).parent / "golden"
BODIES = {
    "chat": ("/v1/chat/completions", {"messages": [], "stream_options": {"include_usage": True}}),
    "responses": ("/v1/responses", {"input": "x", "tools": [{"type": "custom", "name": "patch"}]}),
    "messages": ("/v1/messages", {"messages": [], "max_tokens": 9}),
    "gemini": ("/v1beta/models/m:generateContent", {"contents": []}),
}


def golden(name: str, text: str) -> None:
    """Compares; EVALPOLICY_GOLDEN=write writes the file anew, to be read before it is committed."""
    file = GOLDEN / name
    if os.environ.get("EVALPOLICY_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
    assert file.read_bytes().decode() == text


@pytest.mark.parametrize("wire", BODIES)
def test_whole_answers(wire):
    path, body = BODIES[wire]
    with serving(two_turns()) as client:
        answers = [client.post(path, json=body).json() for _ in "12"]
    golden(f"{wire}.json", json.dumps(answers, indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("wire", BODIES)
def test_streamed_answers(wire):
    path, body = BODIES[wire]
    path = path.replace(":generateContent", ":streamGenerateContent?alt=sse")
    with serving(two_turns()) as client:
        answers = [client.post(path, json={**body, "stream": True}) for _ in "12"]
    assert {one.headers["content-type"].split(";")[0] for one in answers} == {"text/event-stream"}
    text = "".join(one.text for one in answers)
    events(text)
    golden(f"{wire}.sse", text)


def test_gemini_streams_an_array_without_sse():
    with serving(two_turns()) as client:
        answer = client.post("/v1beta/models/m:streamGenerateContent", json={"contents": []})
    parts = [part for one in answer.json() for part in one["candidates"][0]["content"]["parts"]]
    assert [next(iter(part)) for part in parts] == ["text", "functionCall"]


def test_chat_streams_usage_only_where_it_is_asked_for():
    with serving(two_turns()) as client:
        body = {"messages": [], "stream": True}
        text = client.post("/v1/chat/completions", json=body).text
    assert text.endswith("data: [DONE]\n\n")
    assert "usage" not in text
