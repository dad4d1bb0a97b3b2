"""The example's model: what it says, and that it says it in the forms that clients read."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request

import pytest
from examples import abacus

from evalpolicy.replay.assembling import assemble

TASK = "What is 17 + 25? Write the number into answer.txt."
SH = {"type": "function", "function": {"name": "sh", "parameters": {}}}
EXEC = {"type": "function", "name": "exec_command", "parameters": {}}


@pytest.fixture(scope="module")
def ask():
    """`ask(path, body)` gives status, content type and content."""
    server = abacus.serve(0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{server.server_address[1]}"

    def asked(path, body=None):
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(base + path, data)) as answer:
                return answer.status, answer.headers["content-type"], answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["content-type"], error.read()

    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("stream", [False, True])
def test_chat_completions(ask, stream):
    messages = [{"role": "user", "content": [{"type": "text", "text": TASK}]}]
    said = []
    for _ in range(3):
        body = {"messages": messages, "tools": [SH], "stream": stream}
        status, kind, content = ask("/v1/chat/completions", body)
        assert status == 200
        message = assemble("chat", content, kind)["choices"][0]["message"]
        calls = message.get("tool_calls") or []
        said.append([json.loads(call["function"]["arguments"]) for call in calls])
        messages += [
            {"role": "assistant", **message},
            {"role": "tool", "tool_call_id": "x", "content": "42"},
        ]
    assert said == [
        [{"command": "echo $((17 + 25)) > answer.txt"}],
        [{"command": "cat answer.txt"}],
        [],
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_responses(ask, stream):
    items = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": TASK}]}]
    body = {"input": items, "tools": [EXEC], "stream": stream}
    status, kind, content = ask("/v1/responses", body)
    text, call = assemble("responses", content, kind)["output"]
    assert (status, text["content"][0]["text"]) == (200, "I solve it.")
    assert (call["name"], json.loads(call["arguments"])) == (
        "exec_command", {"cmd": "echo $((17 + 25)) > answer.txt"},
    )  # fmt: skip


def test_words_are_counted_by_the_shell():
    assert abacus.command("How many words has /task/text.txt?") == (
        "wc -w < /task/text.txt > answer.txt"
    )


@pytest.mark.parametrize("task", ["How many words has /task/x; rm -rf /?", "Who are you?"])
def test_what_it_does_not_know_it_does_not_run(task):
    assert abacus.reply(task, 0, ["sh"]) == ("I only add and count words, with a shell.", "", "")


def test_what_is_no_call(ask):
    assert ask("/v1/models")[0] == 200
    assert ask("/v1/nothing")[0] == 404
    assert ask("/v1/nothing", {})[0] == 404
    assert ask("/v1/responses", {"tools": []})[0] == 400
    assert ask("/v1/chat/completions", [])[0] == 400
