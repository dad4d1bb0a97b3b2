"""Both formats come out as one model."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pytest
from tests.samples.trajectories import START, failed_row, lines, litellm_row, otlp_row, span_of

from evalpolicy.artifacts.trajectory import (
    Message,
    ToolCall,
    Turn,
    iter_turns,
    parse,
    parse_stream,
)
from evalpolicy.artifacts.trajectory.replies import read_reply

CALL = {"id": "c1", "function": {"name": "sh", "arguments": '{"cmd": "ls"}'}}


def only(content: bytes) -> Turn:
    (turn,) = parse(content).turns
    return turn


def test_a_litellm_turn() -> None:
    turn = only(lines(litellm_row()))
    assert (turn.text, turn.tool_calls, turn.finish_reason) == ("4", (), "stop")
    assert (turn.model, turn.requested_model) == ("openai/gpt-x", "default")
    assert (turn.input_tokens, turn.output_tokens, turn.cost) == (12, 3, 0.25)
    assert (turn.start, turn.end) == (START * 10**9 + 5 * 10**8, START * 10**9 + 125 * 10**7)
    assert (turn.response_id, turn.line, turn.json_path) == ("reply-1", 1, "$.response.choices")
    assert turn.request.read() == (Message("user", "2 + 2?"),)


def test_an_otlp_turn() -> None:
    turn = only(lines(otlp_row()))
    assert (turn.text, turn.tool_calls, turn.finish_reason) == ("4", (), "stop")
    assert (turn.model, turn.requested_model) == ("gpt-x", "openai/gpt-x")
    assert (turn.input_tokens, turn.output_tokens, turn.cost) == (12, 3, 0.25)
    assert (turn.start, turn.end) == (START * 10**9, (START + 1) * 10**9)
    place = "$.resourceSpans[0].scopeSpans[0].spans[0].attributes[8].value.stringValue"
    assert (turn.response_id, turn.line, turn.json_path) == ("reply-1", 1, place)
    assert turn.request.read() == (Message("user", "2 + 2?"),)


def test_litellms_own_exporter_names_the_models_the_other_way_round() -> None:
    row = otlp_row()
    span_of(row)["name"] = "litellm_request"
    turn = only(lines(row))
    assert (turn.model, turn.requested_model) == ("openai/gpt-x", "gpt-x")


RESPONSES = {
    "output": [
        {"type": "reasoning"},
        {"type": "message", "content": [{"type": "output_text", "text": "4"}]},
        {"type": "function_call", "name": "sh", "arguments": '{"cmd": "ls"}', "call_id": "c1"},
    ],
    "status": "incomplete",
    "incomplete_details": {"reason": "max_output_tokens"},
    "instructions": "Be brief.",
}
MESSAGES = {
    "content": [
        {"type": "text", "text": "4"},
        {"type": "tool_use", "id": "c1", "name": "sh", "input": {"cmd": "ls"}},
    ],
    "stop_reason": "tool_use",
}
GEMINI = {
    "candidates": [
        {
            "content": {
                "parts": [
                    {"text": "4"},
                    {"functionCall": {"id": "c1", "name": "sh", "args": {"cmd": "ls"}}},
                ]
            },
            "finishReason": "STOP",
        }
    ]
}
CHAT = {"choices": [{"finish_reason": "stop", "message": {"content": "4", "tool_calls": [CALL]}}]}


@pytest.mark.parametrize(
    ("response", "finish", "key"),
    [
        (CHAT, "stop", "choices"),
        (RESPONSES, "max_output_tokens", "output"),
        (MESSAGES, "tool_use", "content"),
        (GEMINI, "STOP", "candidates"),
    ],
    ids=["chat", "responses", "messages", "gemini"],
)
def test_dialects(response: dict[str, Any], finish: str, key: str) -> None:
    turn = only(lines(litellm_row(response=response)))
    assert (turn.text, turn.finish_reason) == ("4", finish)
    ((name, arguments, call_id),) = [(c.name, c.arguments, c.call_id) for c in turn.tool_calls]
    assert (name, json.loads(arguments), call_id) == ("sh", {"cmd": "ls"}, "c1")
    assert turn.json_path == f"$.response.{key}"
    embedded = only(lines(litellm_row(response=json.dumps(response))))
    assert (embedded.text, embedded.tool_calls) == (turn.text, turn.tool_calls)
    assert embedded.json_path == "$.response"


def test_instructions_are_part_of_the_request() -> None:
    turn = only(lines(litellm_row(response=RESPONSES)))
    assert turn.request.read()[0] == Message("system", "Be brief.")


@pytest.mark.parametrize(
    "reply",
    [
        [{"role": "assistant", "content": "4"}],
        [{"role": "assistant", "content": [{"type": "text", "text": "4"}]}],
        [{"role": "assistant", "parts": [{"type": "text", "content": "4"}]}],
        [{"parts": [{"type": "reasoning", "content": "no"}, {"type": "text", "content": "4"}]}],
        [{"content": ""}, {"content": "4"}],
    ],
)
def test_shapes_of_an_otlp_text(reply: object) -> None:
    assert only(lines(otlp_row(reply))).text == "4"


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "tool_calls": [CALL]},
        {"parts": [{"type": "tool_call", "name": "sh", "id": "c1", "arguments": {"cmd": "ls"}}]},
    ],
)
def test_shapes_of_an_otlp_tool_call(message: object) -> None:
    (call,) = only(lines(otlp_row([message]))).tool_calls
    assert (call.name, json.loads(call.arguments)) == ("sh", {"cmd": "ls"})


def test_a_custom_tool_is_called_with_its_input() -> None:
    output = [
        {"type": "custom_tool_call", "name": "patch", "input": "*** Begin", "call_id": "c1"},
        {"type": ["custom_tool_call"], "name": "none"},
    ]
    reply = read_reply({"output": output})
    assert reply is not None
    assert [(c.name, c.arguments, c.call_id) for c in reply.tool_calls] == [
        ("patch", "*** Begin", "c1")
    ]


def test_a_legacy_function_call() -> None:
    message = {"content": None, "function_call": {"name": "sh", "arguments": "{}"}}
    turn = only(lines(litellm_row(response={"choices": [{"message": message}]})))
    assert turn.tool_calls == (ToolCall("sh", "{}"),)


def test_finish_reason_in_an_array_value_or_in_the_message() -> None:
    row = otlp_row(gen_ai__response__finish_reasons=None)
    span_of(row)["attributes"].append(
        {
            "key": "gen_ai.response.finish_reasons",
            "value": {"arrayValue": {"values": [{"stringValue": "length"}]}},
        }
    )
    assert only(lines(row)).finish_reason == "length"
    assert only(lines(otlp_row([{"content": "4", "finish_reason": "x"}]))).finish_reason == "x"


@pytest.mark.parametrize("status", [{"code": 2}, {"code": "STATUS_CODE_ERROR"}, {"code": "2"}])
def test_failed_spans(status: object) -> None:
    row = otlp_row(error__type="BadRequestError", error__message="no")
    span_of(row)["status"] = status
    trajectory = parse(lines(row))
    assert trajectory.turns == ()
    (call,) = trajectory.failed_calls
    assert (call.error_type, call.message, call.model) == ("BadRequestError", "no", "openai/gpt-x")
    assert call.json_path == "$.resourceSpans[0].scopeSpans[0].spans[0].status"


def test_failed_rows() -> None:
    (call,) = parse(lines(failed_row())).failed_calls
    assert (call.error_type, call.message, call.line) == ("BadRequestError", "BadRequest: no", 1)
    assert call.json_path == "$.error_str"


@pytest.mark.parametrize("reply", ["", "[]", "no json", "{}", "null"])
def test_spans_without_a_reply(reply: str) -> None:
    summary = parse(lines(otlp_row(reply))).summary
    assert (summary.turns, summary.failed, summary.unanswered) == (0, 0, 1)


@pytest.mark.parametrize("response", [{}, None, "", "no json", [], {"choices": []}, 4])
def test_rows_without_a_reply(response: object) -> None:
    summary = parse(lines(litellm_row(response=response))).summary
    assert (summary.turns, summary.unanswered, summary.problems) == (0, 1, ())


def test_spans_that_are_no_model_calls() -> None:
    row = otlp_row()
    spans = row["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans += [{"name": "plugin"}, {"name": "x", "attributes": [{"key": "http.url"}, 3]}, 4]
    summary = parse(lines(row)).summary
    assert (summary.turns, summary.unanswered, summary.problems) == (1, 0, ())


def test_snake_case_is_otlp_too() -> None:
    text = lines(otlp_row()).replace(b"resourceSpans", b"resource_spans")
    assert parse(text.replace(b"scopeSpans", b"scope_spans")).summary.turns == 1


def test_turns_come_in_the_order_of_their_start() -> None:
    early = otlp_row([{"content": "a"}], gen_ai__response__id="a")
    late = otlp_row([{"content": "b"}], gen_ai__response__id="b")
    span_of(early)["startTimeUnixNano"] = str(START * 10**9)
    span_of(late)["startTimeUnixNano"] = START * 10**9 + 1
    content = lines(late, early)
    assert [turn.text for turn in parse(content).turns] == ["a", "b"]
    assert [turn.text for turn in iter_turns((content,))] == ["b", "a"]
    last = parse(content).summary.last
    assert last is not None
    assert last.line == 1


def test_a_reply_exported_twice_counts_once() -> None:
    assert parse(lines(otlp_row(), otlp_row())).summary.turns == 1
    assert parse(lines(otlp_row(), otlp_row(gen_ai__response__id="other"))).summary.turns == 2


def test_the_summary_adds_up() -> None:
    content = lines(litellm_row(), failed_row(), failed_row())
    summary = parse(content).summary
    assert (summary.format, summary.lines, summary.size) == ("litellm", 3, len(content))
    assert summary.sha256 == hashlib.sha256(content).hexdigest()
    assert summary.longest == max(map(len, content.split(b"\n")))
    assert (summary.turns, summary.failed) == (1, 2)
    assert summary.models == (("openai/gpt-x", 1),)
    assert summary.error_types == (("BadRequestError", 2),)
    assert (summary.input_tokens, summary.output_tokens, summary.cost) == (12, 3, 0.25)
    assert summary.started == START * 10**9 + 5 * 10**8
    assert summary.first_failed is not None
    assert summary.first_failed.line == 2


@pytest.mark.parametrize("size", [1, 5, 64, 10_000])
def test_a_stream_gives_the_same_summary(size: int) -> None:
    content = lines(litellm_row(), failed_row(), litellm_row("5", id="2")) + b'{"cut": '
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    assert parse_stream(chunks) == parse(content).summary
    assert parse_stream(io.BytesIO(content)) == parse(content).summary


def test_digests_tell_the_same_run_under_another_name() -> None:
    one = lines(otlp_row(), otlp_row([{"content": "b"}], gen_ai__response__id="2"))
    other = lines(*(json.loads(line) for line in reversed(one.splitlines())))
    asked = one.replace(b"2 + 2?", b"3 + 1?")
    first, second, third = (parse(content).summary for content in (one, other, asked))
    assert first.turns_digest == second.turns_digest
    assert first.replies_digest == second.replies_digest == third.replies_digest
    assert first.turns_digest != third.turns_digest
    twice = lines(otlp_row(), otlp_row(gen_ai__response__id="2"))
    assert parse(twice).summary.replies_digest != parse(lines(otlp_row())).summary.replies_digest
    assert parse(lines(failed_row())).summary.turns_digest is None


@pytest.mark.parametrize("make", [litellm_row, otlp_row])
def test_the_task_in_the_middle_of_a_request_counts(make: Any) -> None:
    def run(task: str) -> str | None:
        asked = [{"content": "be brief" * 1000}, {"content": task}, {"content": "now" * 4000}]
        if make is litellm_row:
            return parse(lines(make(messages=asked))).summary.turns_digest
        row = make(gen_ai__input__messages=json.dumps(asked))
        return parse(lines(row)).summary.turns_digest

    assert run("2 + 2?") == run("2 + 2?") != run("3 + 1?")


def test_two_formats_in_one_file() -> None:
    summary = parse(lines(litellm_row(), otlp_row(), otlp_row())).summary
    assert summary.format == "otlp"
    (problem,) = summary.problems
    assert "two formats" in problem.message
