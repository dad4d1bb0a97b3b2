"""Order, exhaustion, refusals and routes of the server, over HTTP."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.replay.serving import ANSWERED, LONG, QUESTION, events, many_turns, serving, two_turns

from evalpolicy.artifacts.trajectory import parse
from evalpolicy.replay.app import ReplayApp
from evalpolicy.replay.intake import BodyLimits
from evalpolicy.replay.journal import Journal, read_journal
from evalpolicy.replay.playback import Playback

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
GEMINI = "/v1beta/models/m:generateContent"
ASK = {
    CHAT: {"messages": QUESTION},
    RESPONSES: {"input": "What is here?"},
    MESSAGES: {"messages": QUESTION},
    GEMINI: {"contents": [{"role": "user", "parts": [{"text": "What is here?"}]}]},
}


def said(answer):
    return answer.json()["choices"][0]["message"]["content"]


def journal_of(file):
    return read_journal(file.read_bytes())


def test_turns_come_in_recorded_order_and_are_compared(tmp_path):
    file = tmp_path / "journal.jsonl"
    with serving(two_turns(), file) as client:
        first = client.post(CHAT, json={"model": "m", "messages": QUESTION}).json()
        second = client.post(CHAT, json={"model": "m", "messages": ANSWERED})
    assert first["choices"][0]["finish_reason"] == "tool_calls"
    assert first["choices"][0]["message"]["tool_calls"][0]["id"] == "call_1"
    assert first["usage"]["prompt_tokens"] == 12
    assert said(second) == LONG
    record = journal_of(file)
    assert [(one.outcome, one.turn, one.line, one.compared) for one in record.calls] == [
        ("served", 1, 1, True),
        ("served", 2, 2, True),
    ]
    assert record.turns_left == 0
    assert not record.problems


def test_fifty_threads_get_every_turn_exactly_once(tmp_path):
    file = tmp_path / "journal.jsonl"
    with serving(many_turns(200), file) as client, ThreadPoolExecutor(50) as pool:
        ask = {"messages": QUESTION}
        answers = list(pool.map(lambda _: client.post(CHAT, json=ask, timeout=600), range(250)))
    served = [said(one) for one in answers if one.status_code == 200]
    assert sorted(map(int, served)) == list(range(200))
    record = journal_of(file)
    assert (record.count("served"), record.count("exhausted")) == (200, 50)
    assert [one.call for one in record.calls] == list(range(1, 251))
    assert record.turns_left == 0


def test_a_tape_is_safe_under_threads():
    playback = Playback(many_turns(500))
    with ThreadPoolExecutor(50) as pool:
        draws = list(pool.map(lambda _: playback.draw(()), range(500)))
    assert sorted(one.turn for one in draws) == list(range(1, 501))


class TestExhausted:
    @pytest.mark.parametrize(
        ("path", "code"),
        [
            (CHAT, lambda body: body["error"]["code"]),
            (RESPONSES, lambda body: body["error"]["code"]),
            (MESSAGES, lambda body: body["error"]["message"].split(":")[0]),
            (GEMINI, lambda body: body["error"]["details"][0]["reason"].lower()),
        ],
    )
    @pytest.mark.parametrize("stream", [False, True])
    def test_is_an_error_in_the_callers_format(self, path, code, stream, tmp_path):
        file = tmp_path / "journal.jsonl"
        with serving(many_turns(1), file) as client:
            client.post(path, json=ASK[path])
            answer = client.post(path, json={**ASK[path], "stream": stream})
        assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false")
        assert code(answer.json()) == "replay_exhausted"
        last = journal_of(file).calls[-1]
        assert (last.outcome, last.turn, last.status) == ("exhausted", None, 400)

    def test_may_be_a_reply_that_says_so(self, tmp_path):
        file = tmp_path / "journal.jsonl"
        with serving(many_turns(1), file, "sentinel") as client:
            texts = [said(client.post(CHAT, json=ASK[CHAT])) for _ in "123"]
        assert texts == ["0", "REPLAY_EXHAUSTED", "REPLAY_EXHAUSTED"]
        assert journal_of(file).count("exhausted") == 2

    def test_may_be_the_last_turn_again(self, tmp_path):
        file = tmp_path / "journal.jsonl"
        with serving(many_turns(2), file, "repeat") as client:
            answers = [client.post(CHAT, json=ASK[CHAT]) for _ in "1234"]
        assert [said(one) for one in answers] == ["0", "1", "1", "1"]
        assert len({one.json()["id"] for one in answers}) == 4
        record = journal_of(file)
        assert [one.turn for one in record.calls] == [1, 2, 2, 2]
        assert (record.count("served"), record.count("exhausted")) == (2, 2)

    @pytest.mark.parametrize("mode", ["error", "repeat"])
    def test_of_an_empty_fixture_it_is_an_error_in_any_case(self, mode):
        with serving(parse(b""), None, mode) as client:
            assert client.post(CHAT, json=ASK[CHAT]).status_code == 400


class TestRefusals:
    @pytest.mark.parametrize("path", ASK)
    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b"{}", b"\xff", b"[" * 100_000])
    def test_a_bad_body_is_400_and_takes_no_turn(self, path, body, tmp_path):
        file = tmp_path / "journal.jsonl"
        with serving(many_turns(1), file) as client:
            answer = client.post(path, content=body)
            assert client.post(path, json=ASK[path]).status_code == 200
        assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false")
        assert answer.json()["error"]["message"]
        assert [one.outcome for one in journal_of(file).calls] == ["bad-request", "served"]
        assert journal_of(file).calls[0].reason

    def test_a_body_beyond_the_limit_is_413(self, tmp_path):
        file = tmp_path / "journal.jsonl"
        with serving(many_turns(1), file, limits=BodyLimits(body=1000)) as client:
            whole = client.post(CHAT, content=b"x" * 1001)
            chunked = client.post(CHAT, content=iter([b"x" * 600] * 3))
            assert client.post(CHAT, json=ASK[CHAT]).status_code == 200
        assert (whole.status_code, chunked.status_code) == (413, 413)
        assert journal_of(file).count("bad-request") == 2

    def test_a_body_that_does_not_come_holds_nobody_up(self, tmp_path):
        file = tmp_path / "journal.jsonl"
        with serving(many_turns(1), file, limits=BodyLimits(patience=0.5)) as client:
            url = client.base_url
            with socket.create_connection((url.host, url.port)) as slow:
                slow.sendall(
                    b"POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{"
                )
                assert client.post(CHAT, json=ASK[CHAT]).status_code == 200
                slow.settimeout(600)
                assert slow.recv(100).startswith(b"HTTP/1.1 408")
        assert [one.outcome for one in journal_of(file).calls] == ["served", "bad-request"]

    def test_a_client_that_leaves_takes_no_turn(self):
        with serving(many_turns(1)) as client:
            url = client.base_url
            for sent in (b"", b"content-length: 9\r\n\r\n{"):
                with socket.create_connection((url.host, url.port)) as gone:
                    gone.sendall(b"POST /v1/responses HTTP/1.1\r\nhost: x\r\n" + sent)
            assert client.post(CHAT, json=ASK[CHAT]).status_code == 200

    def test_compressed_bodies_are_refused(self):
        with serving(many_turns(1)) as client:
            answer = client.post(CHAT, content=b"x", headers={"content-encoding": "gzip"})
        assert answer.status_code == 415


class TestRoutes:
    PREFIXES = ("", "/openai", "/anthropic", "/genai")

    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_every_api_is_under_every_prefix(self, prefix):
        with serving(many_turns(9)) as client:
            for path, body in ASK.items():
                assert client.post(f"{prefix}{path}?beta=true", json=body).status_code == 200
            other = f"{prefix}/v1/models/a/b:generateContent"
            assert client.post(other, json=ASK[GEMINI]).json()["candidates"]
            assert client.get(f"{prefix}/v1/models").status_code == 200

    def test_openai_clients_may_leave_the_version_out(self):
        with serving(many_turns(2)) as client:
            assert said(client.post("/openai/chat/completions", json=ASK[CHAT])) == "0"
            assert said(client.post("/chat/completions", json=ASK[CHAT])) == "1"

    def test_health_and_models(self):
        with serving(many_turns(1)) as client:
            assert client.get("/health").json() == {"status": "ok", "turns": 1}
            assert client.head("/health").status_code == 200
            listed = client.get("/openai/v1/models").json()
            assert [one["id"] for one in listed["data"]] == ["default", "openai/gpt-x"]
            assert client.get("/v1/models/openai/gpt-x").json()["object"] == "model"
            headers = {"anthropic-version": "2023-06-01"}
            one = client.get("/v1/models/claude", headers=headers).json()
            assert (one["type"], one["id"]) == ("model", "claude")
            assert client.get("/anthropic/v1/models").json()["first_id"] == "default"
            assert client.get("/v1beta/models").json()["models"][0]["name"] == "models/default"
            assert client.get("/genai/v1beta/models/g").json()["displayName"] == "g"

    def test_counting_takes_no_turn(self):
        with serving(many_turns(1)) as client:
            counted = client.post("/v1/messages/count_tokens?beta=true", json=ASK[MESSAGES]).json()
            assert counted == {"input_tokens": 4}
            path = "/genai/v1beta/models/m:countTokens"
            inner = {"generateContentRequest": ASK[GEMINI]}
            assert client.post(path, json=ASK[GEMINI]).json() == {"totalTokens": 4}
            assert client.post(path, json=inner).json() == {"totalTokens": 4}
            answer = client.post("/v1/responses/input_tokens", json=ASK[RESPONSES]).json()
            assert answer["input_tokens"] == 4
            assert client.post(CHAT, json=ASK[CHAT]).status_code == 200

    @pytest.mark.parametrize(
        ("path", "shape"),
        [
            ("/v1/embeddings", "code"),
            ("/openai/v1/embeddings", "code"),
            ("/anthropic/v1/complete", "type"),
            ("/genai/v1beta/models/m:embedContent", "status"),
            ("/v1beta/x", "status"),
            ("/", "code"),
            ("//v1/responses", "code"),
            ("/v1/../v1/responses", "code"),
            ("/v1/responses/", "code"),
            ("/v1/%2e%2e/health", "code"),
            ("/openai/openai/v1/responses", "code"),
            ("/v1/models/../../etc/passwd", "code"),
            ("/v1/responses%00", "code"),
            ("/V1/responses", "code"),
        ],
    )
    def test_what_is_not_here_is_404_in_the_callers_format(self, path, shape, tmp_path):
        file = tmp_path / "journal.jsonl"
        app = ReplayApp(Playback(many_turns(1)), Journal(file))
        status, body = asyncio.run(call(app, path.replace("%2e", ".").replace("%00", "\0"), b"{}"))
        assert status == 404
        assert shape in body["error"]
        assert [one.outcome for one in journal_of(file).calls] == ["unknown-route"]

    def test_another_method_is_405(self):
        with serving(many_turns(1)) as client:
            assert client.get(CHAT).status_code == 405
            assert client.post("/health").status_code == 405


async def call(app, path, body, query=b"", headers=(), method="POST"):
    """One call of the application itself: status and JSON (None of a stream)."""
    import orjson

    sent = []
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query,
             "headers": list(headers), "http_version": "1.1"}  # fmt: skip
    await app(scope, receive, send)
    text = b"".join(one.get("body", b"") for one in sent[1:])
    if text.startswith((b"data:", b"event:")):
        events(text.decode())
        return sent[0]["status"], None
    return sent[0]["status"], orjson.loads(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["role", "content", "type", "parts", "text", "tool_calls", "function", "name", "id",
             "arguments", "output", "input", "functionCall", "functionResponse", "response"]
        ) | st.text(max_size=4), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
KEYS = st.sampled_from(
    ["messages", "input", "contents", "system", "instructions", "systemInstruction", "tools",
     "stream", "stream_options", "model", "generateContentRequest"]
)  # fmt: skip
PATHS = st.sampled_from([*ASK, GEMINI.replace(":generate", ":streamGenerate"),
    "/v1/messages/count_tokens", GEMINI.replace("generateContent", "countTokens")])  # fmt: skip


@settings(max_examples=300)
@given(PATHS | st.text(max_size=30), st.binary(max_size=60) | st.dictionaries(KEYS, JSON))
def test_no_body_is_a_server_error(path, body):
    import orjson

    content = body if isinstance(body, bytes) else orjson.dumps(body)
    app = ReplayApp(Playback(two_turns()), Journal(None))
    for _ in range(3):
        status, _ = asyncio.run(call(app, path, content))
        assert status < 500
