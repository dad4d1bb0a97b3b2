"""Which requests are the recorded ones."""

from __future__ import annotations

import json

import pytest
from tests.replay.serving import ANSWERED, CALL, QUESTION, chat_row, two_turns
from tests.samples.trajectories import lines, litellm_row, otlp_row

from evalpolicy.artifacts.trajectory import parse
from evalpolicy.replay.conversation import ConversationItem, conversation
from evalpolicy.replay.matching import Expected
from evalpolicy.replay.playback import Playback
from evalpolicy.replay.wires import WIRES

SYSTEM = "You are an agent."
TOOLS = {
    "chat": {"messages": [{"role": "system", "content": SYSTEM}, *ANSWERED]},
    "responses": {
        "instructions": SYSTEM,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "What is here?"}]},
            {"type": "reasoning", "encrypted_content": "x"},
            {"type": "message", "role": "assistant",
             "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "call_1", "name": "shell",
             "arguments": '{"command":"ls"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "a.txt"},
        ],
    },
    "messages": {
        "system": [{"type": "text", "text": SYSTEM}],
        "messages": [
            {"role": "user", "content": "What is here?"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "x"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "call_1", "name": "shell", "input": {"command": "ls"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "call_1",
                 "content": [{"type": "text", "text": "a.txt"}]},
            ]},
        ],
    },
    "gemini": {
        "systemInstruction": {"parts": [{"text": SYSTEM}]},
        "contents": [
            {"role": "user", "parts": [{"text": "What is here?"}]},
            {"role": "model", "parts": [
                {"text": "hm", "thought": True},
                {"text": "I look."},
                {"functionCall": {"id": "call_1", "name": "shell", "args": {"command": "ls"}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "call_1", "name": "shell",
                                      "response": {"output": "a.txt"}}},
            ]},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("wire", TOOLS)
def test_one_conversation_in_every_format(wire):
    items = WIRES[wire].read(TOOLS[wire])
    assert [(item.kind, item.text.replace(" ", ""), item.name) for item in items] == [
        ("system", "Youareanagent.", ""),
        ("user", "Whatishere?", ""),
        ("assistant", "Ilook.", ""),
        ("call", '{"command":"ls"}', "shell"),
        ("result", "a.txt", ""),
    ]


@pytest.mark.parametrize("recorded", TOOLS)
@pytest.mark.parametrize("asked", TOOLS)
def test_every_format_is_compared_with_every_other(recorded, asked):
    expected = Expected(WIRES[recorded].read(TOOLS[recorded]))
    assert expected.differences(WIRES[asked].read(TOOLS[asked])) == ()


def differences(recorded, asked):
    return Expected(conversation(recorded)).differences(conversation(asked))


def changed(text):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("It is 2026-04-15 21:41:00, Wed.", "It is 2026-11-21 04:00:59, Wed."),
        ("Today's date is 2026/04/15", "Today's date is 2026/11/21"),
        ("on Wed Apr 15 2026", "on Sat Nov 21 2026"),
        ("at 1776291787.94", "at 1795235136.6"),
        ("Chunk ID: 09718f\nWall time: 0.2501 seconds", "Chunk ID: ab\nWall time: 1.5 seconds"),
        ("id 1b4e28ba-2fa1-11d2-883f-0016d3cca427", "id 6fa459ea-ee8a-3ca4-894e-db77e160355e"),
        ("see call_H5XFcWreNZGCGvrsi3yVTS31", "see toolu_01A09q90qw90lq917835lq9"),
        ("in /tmp/tmpab12/x", "in /tmp/tmpzz98/x"),
        ("a  b\nc", "a b c"),
        ("hf_REDACTED is here", "hf_" + "abCD12efGH34ijKL56mnOP78qrST90uvWX is here"),
    ],
)
def test_times_ids_and_space_may_differ(then, now):
    assert differences(changed(then), changed(now)) == ()


@pytest.mark.parametrize(
    ("now", "where"),
    [
        (changed("What is there?"), ["user", "assistant", "call 1", "result 1"]),
        ([*ANSWERED[:2], {**ANSWERED[2], "content": "b.txt"}], ["result 1"]),
        (ANSWERED[:2], ["result 1"]),
        (ANSWERED[:1], ["assistant", "call 1", "result 1"]),
        ([*ANSWERED, {"role": "user", "content": "And?"}], ["user"]),
        ([*ANSWERED, ANSWERED[2]], ["result 2"]),
        ([ANSWERED[0], {**ANSWERED[1], "content": "No."}, ANSWERED[2]], ["assistant"]),
        (
            [
                ANSWERED[0],
                {**ANSWERED[1], "tool_calls": [{**CALL, "function": {"name": "rm"}}]},
                ANSWERED[2],
            ],
            ["call 1"],
        ),
    ],
)
def test_what_differs_is_named(now, where):
    assert [one.where for one in differences(ANSWERED, now)] == where


def test_a_difference_shows_where_the_texts_part():
    then = "word " * 100 + "left" + " tail" * 100
    now = "word " * 100 + "right" + " tail" * 100
    (found,) = differences(changed(then), changed(now))
    assert "left" in found.recorded
    assert "right" in found.asked
    assert max(len(found.recorded), len(found.asked)) < 70


def test_a_difference_shows_no_credential():
    key = "hf_" + "abCD12efGH34ijKL56mnOP78qrST90uvWX"
    (found,) = differences(changed("no key"), changed(f"the key {key}"))
    assert "hf_REDACTED" in found.asked
    assert key[3:10] not in found.asked


def test_a_system_prompt_may_have_more_than_was_recorded_and_not_less():
    system = {"role": "developer", "content": "Be brief."}
    assert differences([system, *QUESTION], [{"role": "system", "content": "x"}, *QUESTION])
    more = {"role": "system", "content": "Rules. Be  brief. Today: 2026-01-01"}
    assert differences([system, *QUESTION], [more, *QUESTION]) == ()
    assert differences(QUESTION, [system, *QUESTION]) == ()


def test_nothing_recorded_is_nothing_to_compare_with():
    playback = Playback(parse(lines(litellm_row(messages=None))))
    draw = playback.draw(conversation(QUESTION))
    assert (draw.outcome, draw.compared) == ("served", False)


def test_what_the_recorder_lost_is_not_compared():
    user = [{"role": "user", "parts": [{"type": "text", "content": "What is here?"}]}]
    blank = [*user, *[{"role": "user", "parts": [{"type": "text", "content": ""}]}] * 2]
    first = otlp_row(
        [{"role": "assistant", "parts": [], "tool_calls": [CALL]}],
        gen_ai__input__messages=json.dumps(user),
    )
    second = otlp_row(gen_ai__input__messages=json.dumps(blank), gen_ai__response__id="reply-2")
    playback = Playback(parse(lines(first, second)))
    assert playback.draw(conversation(QUESTION)).outcome == "served"
    assert (
        playback.draw(conversation(ANSWERED)).outcome == "diverged"
    )  # an assistant text is too much
    silent = [ANSWERED[0], {**ANSWERED[1], "content": None}, ANSWERED[2]]
    assert Playback(parse(lines(first, second))).draw(conversation(silent)).outcome == "diverged"
    again = Playback(parse(lines(first, second)))
    again.draw(conversation(QUESTION))
    assert again.draw(conversation(silent)).outcome == "served"


def test_a_diverged_call_takes_its_turn():
    rows = [chat_row(n, QUESTION, {"content": str(n)}) for n in range(2)]
    playback = Playback(parse(lines(*rows)))
    assert playback.draw((ConversationItem("user", "something else"),)).outcome == "diverged"
    draw = playback.draw(conversation(QUESTION))
    assert (draw.outcome, draw.reply.text) == ("served", "1")


def test_what_the_recorder_kept_is_compared():
    playback = Playback(two_turns())
    assert playback.draw(conversation(QUESTION)).outcome == "served"
    draw = playback.draw(conversation([*ANSWERED[:2], {**ANSWERED[2], "content": "b.txt"}]))
    assert [one.where for one in draw.differences] == ["result 1"]


def test_another_tool_with_the_same_arguments_is_another_call():
    other = {**CALL, "function": {**CALL["function"], "name": "bash"}}
    now = [ANSWERED[0], {**ANSWERED[1], "tool_calls": [other]}, ANSWERED[2]]
    assert [one.where for one in differences(ANSWERED, now)] == ["call 1"]
