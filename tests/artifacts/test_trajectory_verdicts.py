"""Who recorded a run, and what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.samples.trajectories import failed_row, lines, litellm_row, otlp_row, span_of

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.trajectory import parse, span_at, verdicts
from evalpolicy.artifacts.trajectory.clients import agent_of_user_agent
from evalpolicy.artifacts.trajectory.endings import ending_of, is_refusal
from evalpolicy.artifacts.trajectory.verdicts import model_family

REFUSAL = "I'm sorry, but I cannot assist with that request."


def faults(*rows: dict[str, Any], path: str = "a-0-b.trajectory.jsonl") -> list[str]:
    return [one.fault for one in verdicts(parse(lines(*rows)).summary, path)]


def said(*texts: str, finish: str = "stop") -> list[dict[str, Any]]:
    return [
        litellm_row(
            response={
                "id": str(number),
                "choices": [{"finish_reason": finish, "message": {"content": text}}],
            }
        )
        for number, text in enumerate(texts)
    ]


def test_a_good_recording() -> None:
    assert faults(litellm_row()) == []
    assert faults(otlp_row(), path="a-0-b.traces.jsonl") == []
    assert faults(litellm_row(), path="another name") == []


def test_content_of_the_other_format_serves_nothing() -> None:
    assert faults(otlp_row()) == ["other-format", "no-turns"]
    assert faults(litellm_row(), path="x.traces.jsonl") == ["other-format", "no-turns"]


def test_no_turns() -> None:
    assert faults(failed_row()) == ["no-turns", "mostly-failed"]
    assert [one.fault for one in verdicts(parse(b"").summary, "a.traces.jsonl")] == ["no-turns"]


def test_most_calls_failed() -> None:
    assert faults(litellm_row(), failed_row()) == ["mostly-failed"]
    assert faults(*said("a", "b"), failed_row()) == []
    empty = litellm_row("", id="row-9")
    empty["response"]["id"] = "reply-9"
    assert faults(litellm_row(), empty, failed_row()) == []


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["work", REFUSAL], ["refusal"]),
        ([REFUSAL, "work"], ["refusal"]),
        ([REFUSAL, "work", "done"], []),
        (["def f(): pa" + REFUSAL], ["refusal"]),
        (["x", "x", "x"], ["loop"]),
        (["x", "x", "y"], []),
        (["x", "x", "x", "a", "b", "c"], []),
        (["x", "x", "x", "a", "b"], ["loop"]),
    ],
)
def test_refusals_and_loops(texts: list[str], expected: list[str]) -> None:
    assert faults(*said(*texts)) == expected


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("content_filter", ["content-filter"]),
        ("SAFETY", ["content-filter"]),
        ("length", ["token-limit"]),
        ("MAX_TOKENS", ["token-limit"]),
        ("refusal", ["refusal"]),
        ("tool_calls", []),
    ],
)
def test_finish_reasons(finish: str, expected: list[str]) -> None:
    assert faults(*said("text", finish=finish)) == expected


@pytest.mark.parametrize(
    "text",
    [
        REFUSAL,
        "I’m sorry, but I can’t help with that.",
        "I am sorry, I am unable to do this.",
        "I cannot assist with hacking.",
        "half an ans" + REFUSAL,
    ],
)
def test_texts_that_refuse(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The answer is 4.",
        "I'm sorry for the delay. The answer is 4.",
        "I cannot reproduce the error, so I looked at the log.",
        "The letter says: I'm sorry, but I cannot come.",
        "I'm sorry, but I can't open it. " + "Here is what I found instead. " * 20,
    ],
)
def test_texts_that_do_not(text: str) -> None:
    assert not is_refusal(text)
    assert ending_of(text, "stop") is None


def test_verdicts_point_at_the_place() -> None:
    (verdict,) = verdicts(parse(lines(*said("x", "x", "x"))).summary, "a.trajectory.jsonl")
    assert (verdict.line, verdict.json_path) == (2, "$.response.choices")
    rows = (failed_row(), litellm_row(), failed_row())
    (verdict,) = verdicts(parse(lines(*rows)).summary, "a.trajectory.jsonl")
    assert (verdict.line, verdict.message) == (1, "2 of 3 calls failed")


def test_refusals_are_shown_where_they_begin() -> None:
    rows = said("work", REFUSAL, REFUSAL.replace("I'm", "I am"), "42")
    (verdict,) = verdicts(parse(lines(*rows)).summary, "a.trajectory.jsonl")
    assert (verdict.line, verdict.message) == (2, "2 of 4 turns are refusals")


def test_a_reply_that_says_nothing_is_no_turn_in_either_format() -> None:
    silent = otlp_row([{"role": "assistant", "parts": [{"type": "text", "content": ""}]}])
    for row in (litellm_row(""), silent):
        summary = parse(lines(row)).summary
        assert (summary.turns, summary.unanswered, summary.calls) == (0, 1, 1)


def test_a_place_has_a_span_when_it_is_asked_for() -> None:
    content = lines({"ü": 1}, *said("x", "y"))
    second = parse(content).turns[1]
    span = span_at(content, second.line, second.path)
    text = content.decode().split("\n")[span.line - 1]
    assert json.loads(text[span.column - 1 : span.end_column - 1])[0]["message"]["content"] == "y"
    assert span_at(content, 9, second.path) == Span.at(9)
    assert span_at(b"{}\nno json", 2, ("a",)) == Span.at(2)
    assert span_at(b'\n{"a": 1}', 2, ("a", "gone")) == Span(2, 7, 2, 8)


def test_models() -> None:
    assert model_family("openai/azure/gpt-5.4") == model_family("gpt-5.4-2026-03-01") == "gpt-5.4"
    assert model_family("claude-haiku-4-5-20251001") == "claude-haiku-4-5"
    other = litellm_row(model="azure/gpt-x-2026-01-01", response=said("b")[0]["response"])
    assert faults(litellm_row(), other) == []
    assert faults(litellm_row(), other | {"model": "gpt-y"}) == ["models-mixed"]


def test_synthetic_times() -> None:
    row = otlp_row()
    span_of(row)["startTimeUnixNano"] = "1700000001000000000"
    assert faults(row, path="a.traces.jsonl") == ["synthetic-times"]


@pytest.mark.parametrize(
    ("user_agent", "agent"),
    [
        ("codex_exec/0.1 (Debian 13; x86_64) unknown", "codex"),
        ("claude-cli/2.1 (external, sdk-cli)", "claude-code"),
        ("OpenAI/Python 2.8.1", None),
        ("Python-urllib/3.12", None),
        ("", None),
    ],
)
def test_user_agents(user_agent: str, agent: str | None) -> None:
    assert agent_of_user_agent(user_agent) == agent


def test_a_user_agent_outweighs_a_prompt() -> None:
    prompt = [{"role": "system", "content": "You are OpenHands agent, a helpful"}]
    rows = [
        litellm_row(messages=prompt, user_agent=""),
        litellm_row(messages=prompt, response=said("b", "c")[1]["response"]),
    ]
    summary = parse(lines(*rows)).summary
    assert [(one.agent, one.by, one.calls) for one in summary.clients] == [
        ("codex", "user_agent", 1),
        ("openhands", "prompt", 2),
    ]
    assert summary.client == summary.clients[0]
    assert summary.user_agents == (("codex_exec/1.0 (Linux)", 1),)


def test_the_prompt_of_an_otlp_request() -> None:
    asked = '[{"role": "system", "content": "You are a coding agent running in the Codex CLI, a"}]'
    client = parse(lines(otlp_row(gen_ai__input__messages=asked))).summary.client
    assert client is not None
    assert (client.agent, client.by, client.line) == ("codex", "prompt", 1)


@pytest.mark.parametrize(
    ("name", "same"),
    [("codex", True), ("codex-x", True), ("codexes", False), ("mini-codex", False)],
)
def test_a_variant_of_an_agent(name: str, same: bool) -> None:
    client = parse(lines(litellm_row())).summary.client
    assert client is not None
    assert client.is_agent(name) is same


def test_only_the_opening_counts() -> None:
    asked = [{"role": "user", "content": "x" * 7000 + "You are OpenHands agent, "}]
    assert parse(lines(litellm_row(messages=asked, user_agent="x"))).summary.clients == ()


def test_the_user_agent_in_the_metadata() -> None:
    row = litellm_row(metadata={"user_agent": "claude-cli/1"}, user_agent=None)
    client = parse(lines(row)).summary.client
    assert client is not None
    assert client.agent == "claude-code"
