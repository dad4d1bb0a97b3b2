"""Replays of the example fleet on a real Docker Engine and on podman: every verdict, end to end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from replaying import ENTRYPOINT, FIXTURES, GRADER, SHELL, copied

pytestmark = pytest.mark.engine("docker", "podman")

QUESTION = "What is 17 + 25?"
ALL = [
    "arithmetic-0-shell",
    "arithmetic-1-shell",
    "arithmetic-2-codex",
    "word-count-fox-shell",
    "word-count-hamlet-shell",
]


@pytest.fixture
def fleet(store, tmp_path):
    """A copy of the example fleet for one test; images that it does not change are built once."""
    yield (made := copied(store, tmp_path / "fleet"))
    assert made.remains() == []


def test_every_recorded_run_is_reproduced(fleet):
    ran = fleet.run("--jobs", "2")
    assert (ran.code, ran.verdicts) == (0, dict.fromkeys(ALL, "reproduced")), ran.out + ran.err
    assert ran.rules == []
    assert fleet.store.version in ran.report["engine"]
    for one in ran.report["replays"]:
        evidence = one["evidence"]
        assert evidence["result"]["reward"] == evidence["reward_recorded"] == 1
        assert (evidence["agent_exit_code"], evidence["grader_exit_code"]) == (0, 0)
        calls = evidence["calls"]
        assert (calls["served"], calls["compared"], calls["turns_left"]) == (3, 3, 0)
        assert calls["sha256"] == evidence["fixture_sha256"]
    # It was the real agent that asked, and it was told what the shell gave.
    codex = fleet.root / "evalpolicy-replay/arithmetic-2-codex/output/arithmetic/2"
    events = [json.loads(line) for line in (codex / "agent/stdout.log").read_text().splitlines()]
    ended = [one["item"] for one in events if one["type"] == "item.completed"]
    assert [one["aggregated_output"] for one in ended if one["type"] == "command_execution"] == [
        "",
        "101\n",
    ]


def exhausted(fleet):
    lines = fleet.fixture().read_text().splitlines(keepends=True)
    fleet.fixture().write_text("".join(lines[:-1]))


def diverged(fleet):
    fleet.edit(fleet.fixture(), (QUESTION, "What is 18 + 24?"))


def unfinished(fleet):
    *_, last = fleet.fixture().read_text().splitlines(keepends=True)
    span = json.loads(last)
    [inner] = span["resourceSpans"][0]["scopeSpans"][0]["spans"]
    inner["startTimeUnixNano"] = str(int(inner["startTimeUnixNano"]) + 10**9)
    inner["attributes"] = [
        {"key": one["key"], "value": {"stringValue": "chatcmpl-more"}}
        if one["key"] == "gen_ai.response.id"
        else one
        for one in inner["attributes"]
    ]
    fleet.fixture().write_text(fleet.fixture().read_text() + json.dumps(span) + "\n")


def failed(fleet):
    """The recorded agent wrote another number, which the grader does not take."""
    fleet.edit(
        fleet.fixture(), ("$((17 + 25))", "$((17 + 26))"), ("42\\\\nexit code", "43\\\\nexit code")
    )


RECORDING = f"{FIXTURES}/{SHELL}.traces.jsonl"
CASES = {
    "exhausted": (exhausted, "RPL002", RECORDING, {"served": 2, "exhausted": 1}),
    "diverged": (diverged, "RPL001", RECORDING, {"served": 0, "diverged": 3}),
    "unfinished": (unfinished, "RPL003", RECORDING, {"served": 3, "turns_left": 1}),
    "failed": (failed, "RPL005", f"{FIXTURES}/provenance.json", {"served": 3, "diverged": 0}),
}


@pytest.mark.parametrize("verdict", CASES)
def test_a_recording_that_does_not_fit(fleet, verdict):
    change, rule, path, calls = CASES[verdict]
    change(fleet)
    ran = fleet.run(SHELL)
    assert (ran.code, ran.verdicts, ran.rules) == (1, {SHELL: verdict}, [rule]), ran.out + ran.err
    assert ran.only["evidence"]["calls"].items() >= calls.items()
    assert ran.report["findings"][0]["path"] == path
    assert verdict in ran.out
    assert Path(ran.only["logs"][0]).exists()


def test_an_agent_that_fails_is_not_hidden_by_a_good_result(fleet):
    """The recorded answer is right, and yet the agent did not end well."""
    fleet.agent("python3 /opt/agent/agent.py; exit 3")
    ran = fleet.run(SHELL)
    assert (ran.code, ran.verdicts) == (1, {SHELL: "failed"}), ran.out + ran.err
    evidence = ran.only["evidence"]
    assert (evidence["result"]["reward"], evidence["agent_exit_code"]) == (1, 3)


def test_a_stale_image_is_rebuilt_and_never_used_in_silence(fleet):
    before = fleet.run(SHELL)
    assert before.verdicts == {SHELL: "reproduced"}, before.out + before.err
    fleet.edit(ENTRYPOINT, ('echo "agent:', 'echo "rebuilt"; echo "agent:'))
    kept = fleet.run(SHELL, "--no-build")
    assert (kept.code, kept.verdicts) == (3, {SHELL: "not run"}), kept.out + kept.err
    assert "stale" in kept.only["reasons"][0]

    after = fleet.run(SHELL)
    assert after.verdicts == {SHELL: "reproduced"}, after.out + after.err
    assert "stale" in after.err
    assert _image(after) != _image(before)
    log = fleet.root / f"evalpolicy-replay/{SHELL}/logs/runner.stdout.log"
    assert log.read_text().startswith("rebuilt\n")
    again = fleet.run(SHELL, "--no-build")
    assert _image(again) == _image(after)


def _image(ran):
    return ran.only["evidence"]["images"]["eval"]


def test_a_grader_that_rewards_nothing_done_is_found_by_the_control(fleet):
    ran = fleet.run(SHELL, "--control")
    assert (ran.code, ran.verdicts) == (0, {SHELL: "reproduced"}), ran.out + ran.err
    assert ran.only["evidence"]["result"]["reward"] == 0

    (fleet.root / GRADER).write_text("#!/bin/sh\necho 1\n")
    ran = fleet.run(SHELL, "--control")
    assert (ran.code, ran.verdicts) == (1, {SHELL: "failed"}), ran.out + ran.err
    assert ran.only["evidence"]["result"]["reward"] == 1


def test_twenty_replays_four_at_a_time(fleet):
    """Each with its own task, its own recording and its own answer."""
    data = next((fleet.root / "containers/benchmarks/arithmetic/data").glob("*/sums.tsv"))
    sums = [line.split("\t") for line in data.read_text().splitlines()][:20]
    recorded = fleet.fixture().read_text()
    for file in (fleet.root / FIXTURES).glob("*.traces.jsonl"):
        file.unlink()
    for task, (terms, total) in enumerate(sums):
        made = recorded.replace("17 + 25", terms).replace("42\\\\nexit", f"{total}\\\\nexit")
        fleet.fixture(f"arithmetic-{task}-shell").write_text(made)
    (fleet.root / FIXTURES / "provenance.json").unlink()
    ran = fleet.run("--jobs", "4")
    names = [f"arithmetic-{task}-shell" for task in range(20)]
    assert (ran.code, ran.verdicts) == (0, dict.fromkeys(names, "reproduced")), ran.out + ran.err
    results = [one["evidence"]["result"] for one in ran.report["replays"]]
    assert sorted(int(one["task_id"]) for one in results) == list(range(20))
    assert {one["passed"] for one in results} == {True}
