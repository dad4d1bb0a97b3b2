"""What the recorder writes reads back as the turns that the upstream served."""

from __future__ import annotations

import contextlib
import json

import httpx
import orjson
import pytest
from tests.replay.serving import ANSWERED, LONG, QUESTION, running, two_turns

from evalpolicy.artifacts.trajectory import parse
from evalpolicy.replay.app import ReplayApp
from evalpolicy.replay.journal import Journal
from evalpolicy.replay.playback import Playback
from evalpolicy.replay.recorder import RecorderApp
from evalpolicy.replay.recording import RecordingFile
from evalpolicy.replay.wires import WIRES

KEY = "hf_" + "abCD12efGH34ijKL56mnOP78qrST90uvWX"
ASKS = {
    "chat": ("/openai/v1/chat/completions", lambda m: {"messages": m}),
    "responses": ("/v1/responses", lambda m: {"input": [one for x in m for one in items(x)]}),
    "messages": ("/anthropic/v1/messages", lambda m: {"messages": [block(one) for one in m]}),
    "gemini": ("/genai/v1beta/models/m:generateContent", lambda m: {"contents": [*map(part, m)]}),
}


def items(message):
    if message["role"] == "tool":
        yield {"type": "function_call_output", "call_id": "call_1", "output": message["content"]}
        return
    yield {"role": message["role"], "content": message["content"]}
    for call in message.get("tool_calls", ()):
        yield {"type": "function_call", "call_id": call["id"], **call["function"]}


def block(message):
    if message["role"] == "tool":
        result = {"type": "tool_result", "tool_use_id": "call_1", "content": message["content"]}
        return {"role": "user", "content": [result]}
    calls = [
        {"type": "tool_use", "id": call["id"], "name": call["function"]["name"],
         "input": json.loads(call["function"]["arguments"])}
        for call in message.get("tool_calls", ())
    ]  # fmt: skip
    text = {"type": "text", "text": message["content"]}
    return {"role": message["role"], "content": [text, *calls]}


def part(message):
    if message["role"] == "tool":
        said = {"name": "shell", "response": {"output": message["content"]}}
        return {"role": "user", "parts": [{"functionResponse": said}]}
    calls = [
        {"functionCall": {"name": call["function"]["name"],
                          "args": json.loads(call["function"]["arguments"])}}
        for call in message.get("tool_calls", ())
    ]  # fmt: skip
    role = {"assistant": "model"}.get(message["role"], message["role"])
    return {"role": role, "parts": [{"text": message["content"]}, *calls]}


@contextlib.contextmanager
def recording(upstream, file, base="/v1"):
    recorded = RecordingFile(file)
    try:
        with (
            running(upstream) as behind,
            running(RecorderApp(behind + base, recorded)) as front,
            httpx.Client(base_url=front, trust_env=False, timeout=600) as client,
        ):
            yield client
    finally:
        recorded.close()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wire", ASKS)
def test_a_recording_reads_back_and_replays(wire, stream, tmp_path):
    path, body = ASKS[wire]
    if stream:
        path = path.replace(":generateContent", ":streamGenerateContent?alt=sse")
    extra = {"stream": stream, "stream_options": {"include_usage": True}, "model": "asked"}
    asks = [{**extra, **body(messages)} for messages in (QUESTION, ANSWERED)]
    file = tmp_path / "new.traces.jsonl"
    upstream = ReplayApp(Playback(two_turns()), Journal(None))
    with recording(upstream, file, "/v1beta" if wire == "gemini" else "/v1") as client:
        answers = [client.post(path, json=ask) for ask in asks]
    assert [one.status_code for one in answers] == [200, 200]
    trajectory = parse(file.read_bytes())
    assert not trajectory.summary.problems
    assert [said(turn) for turn in trajectory.turns] == [said(turn) for turn in two_turns().turns]
    assert [turn.model for turn in trajectory.turns] == ["openai/gpt-x"] * 2
    playback = Playback(trajectory)
    draws = [playback.draw(WIRES[wire].read(ask)) for ask in asks]
    assert [(one.outcome, one.compared, one.differences) for one in draws] == [
        ("served", True, ())
    ] * 2
    assert [one.reply.finish for one in draws] == ["tool_calls", "stop"]


def said(turn):
    calls = [(call.name, json.loads(call.arguments), call.call_id) for call in turn.tool_calls]
    return turn.text, calls, turn.input_tokens, turn.output_tokens


class Scripted:
    """An upstream that answers with what it was given, and remembers what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.headers = []

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        self.headers.append(dict(scope["headers"]))
        status, kind, pieces = self.answers.pop(0)
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for piece in pieces:
            if piece is None:
                raise ConnectionAbortedError
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def chat_body(text):
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return orjson.dumps({"id": "1", "model": "gpt", "choices": [choice]})


def test_credentials_reach_the_upstream_and_never_the_fixture(tmp_path):
    file = tmp_path / "new.traces.jsonl"
    upstream = Scripted((200, "application/json", [chat_body(f"your key is {KEY}")]))
    with recording(upstream, file) as client:
        headers = {"authorization": f"Bearer {KEY}", "x-api-key": KEY, "user-agent": "codex_exec/1"}
        ask = {"messages": [{"role": "user", "content": f"my key is {KEY}"}]}
        answer = client.post("/v1/chat/completions", json=ask, headers=headers)
    assert KEY in answer.text
    assert upstream.headers[0][b"authorization"].decode() == f"Bearer {KEY}"
    content = file.read_bytes()
    assert KEY.encode() not in content
    assert b"Bearer" not in content
    (turn,) = parse(content).turns
    assert turn.text == "your key is hf_REDACTED"
    assert parse(content).summary.client.agent == "codex"
    assert Playback(parse(content)).draw(WIRES["chat"].read(ask)).outcome == "served"


@pytest.mark.parametrize("room", range(440, 505, 5))
def test_a_key_where_an_error_is_cut_is_not_recorded(tmp_path, room):
    file = tmp_path / "new.traces.jsonl"
    refusal = b'"' + b"x" * room + f" {KEY}".encode() + b'"'
    with recording(Scripted((401, "application/json", [refusal])), file) as client:
        client.post("/v1/chat/completions", json={"messages": QUESTION})
    assert KEY[3:7].encode() not in file.read_bytes()


SSE = "text/event-stream"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((429, "application/json", [b'{"error": "slow"}']), "429"),
        ((200, "application/json", [b"<html>"]), "cut-off"),
        ((200, "application/json", [b"[]"]), "cut-off"),
        ((200, SSE, [b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n']), "cut-off"),
        ((200, SSE, [b'data: {"choices": [{"del']), "cut-off"),
        ((200, SSE, [b'data: {"choices": [3]}\n\n']), "unreadable"),
    ],
)
def test_what_fails_is_recorded_as_failed(answer, kind, tmp_path):
    file = tmp_path / "new.traces.jsonl"
    with recording(Scripted(answer), file) as client:
        got = client.post("/v1/chat/completions", json={"messages": QUESTION})
    assert (got.status_code, got.content) == (answer[0], answer[2][0])
    (failed,) = parse(file.read_bytes()).failed_calls
    assert failed.error_type == kind


def test_an_upstream_that_breaks_off_breaks_the_caller_off(tmp_path):
    file = tmp_path / "new.traces.jsonl"
    upstream = Scripted((200, SSE, [b"data: {}\n\n", None]))
    with recording(upstream, file) as client, pytest.raises(httpx.HTTPError):
        client.post("/v1/chat/completions", json={"messages": QUESTION})
    (failed,) = parse(file.read_bytes()).failed_calls
    assert failed.error_type == "upstream"


def test_an_upstream_that_is_not_there_is_502(tmp_path):
    recorded = RecordingFile(tmp_path / "new.traces.jsonl")
    with (
        running(RecorderApp("http://127.0.0.1:9/v1", recorded)) as front,
        httpx.Client(base_url=front, trust_env=False, timeout=600) as client,
    ):
        answer = client.post("/v1/messages", json={"messages": QUESTION})
    recorded.close()
    assert (answer.status_code, answer.json()["type"]) == (502, "error")
    assert recorded.failed == 1


def test_model_lists_pass_and_are_not_recorded(tmp_path):
    file = tmp_path / "new.traces.jsonl"
    with recording(Scripted((200, "application/json", [b'{"data": []}'])), file) as client:
        assert client.get("/openai/v1/models").json() == {"data": []}
        assert client.post("/v1/embeddings", json={}).status_code == 404
        assert client.post("/v1/chat/completions", content=b"{").status_code == 400
    assert not file.exists()


def test_free_text_of_custom_tools_is_kept(tmp_path):
    file = tmp_path / "new.traces.jsonl"
    call = {"type": "custom_tool_call", "name": "patch", "input": "*** Begin", "call_id": "call_9"}
    body = orjson.dumps({"id": "1", "model": "m", "status": "completed", "output": [call]})
    with recording(Scripted((200, "application/json", [body])), file) as client:
        client.post("/v1/responses", json={"input": "x"})
    trajectory = parse(file.read_bytes())
    assert trajectory.turns[0].tool_calls[0].arguments == "*** Begin"
    with running(ReplayApp(Playback(trajectory), Journal(None))) as base:
        tools = [{"type": "custom", "name": "patch"}]
        ask = {"input": "x", "tools": tools}
        answer = httpx.post(f"{base}/v1/responses", json=ask, trust_env=False, timeout=600).json()
    (item,) = answer["output"]
    assert {**item, **call} == item


def test_two_runs_are_never_mixed_in_one_fixture(tmp_path):
    file = tmp_path / "new.traces.jsonl"
    file.write_bytes(b"")
    with pytest.raises(FileExistsError):
        RecordingFile(file)


def test_the_long_answer_comes_in_pieces():
    assert len(LONG) > 64
