"""The verdict, as a function of the evidence."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.replays import evidence

from evalpolicy.facts.replays.evidence import Difference
from evalpolicy.facts.replays.verdict import Calls, ReplayEvidence, judge
from evalpolicy.replay.journal import CallEntry, Record, Started, calls_of

FIRST = {
    "turn": 1,
    "line": 1,
    "differences": [{"where": "user", "recorded": "task 0", "asked": "task 1"}],
}


@pytest.mark.parametrize(
    ("row", "verdict", "said"),
    [
        ({"turns": 2, "served": 2}, "reproduced", ""),
        ({"turns": 2, "served": 2, "recorded": 1}, "reproduced", ""),
        ({"turns": 2, "served": 2, "agent": {"exit_code": 0}}, "reproduced", ""),
        (
            {"turns": 1, "diverged": 1, "first_diverged": FIRST},
            "diverged",
            "turn 1 of 1 was requested with a different request: user: recorded “task 0”, asked "
            "“task 1”",
        ),
        (
            {"turns": 1, "served": 1, "exhausted": 2},
            "exhausted",
            "the agent asked twice for more than the 1 recorded turn",
        ),
        (
            {"turns": 3, "served": 1, "turns_left": 2},
            "unfinished",
            "2 of 3 turns were not requested",
        ),
        ({"exit_code": 3}, "failed", "the runner ended with exit code 3"),
        ({"exit_code": 137}, "failed", "exit code 137 (killed,"),
        ({"agent": {"exit_code": 2}}, "failed", "the agent ended with exit code 2"),
        ({"agent": "it is not JSON: x"}, "failed", "the agent's result.json is not valid"),
        ({"result": {"exit_code": 2}}, "failed", "the grader ended with exit code 2"),
        ({"result": "it was not written"}, "failed", "not valid: it was not written"),
        ({"result": {"benchmark": "gpqa"}}, "failed", "benchmark gpqa, not arc"),
        ({"result": {"task_id": "7"}}, "failed", "task 7, not 0"),
        ({"result": {"passed": False}}, "failed", "passed: false, but a reward of 1"),
        ({"result": {"reward": 0.5}}, "failed", "passed: true, but a reward of 0.5"),
        (
            {"recorded": 1, "result": {"reward": 0, "passed": False}},
            "failed",
            "the grader gave 0, but 1 was recorded",
        ),
        ({"exit_code": None, "cut": "time"}, "failed", "exceeded its time limit"),
        ({"exit_code": None, "cut": "disk"}, "failed", "exceeded its output limit"),
        ({"exit_code": None, "cut": "memory"}, "failed", "exceeded its memory limit"),
        ({"exit_code": None, "cut": "server"}, "failed", "the replay server died"),
        ({"sha256": "1" * 64}, "failed", "a recording other than the planned one"),
        ({"problems": ["line 3 of the journal is no entry"]}, "failed", "journal is damaged"),
        ({"not_run": "docker: no such image"}, "not run", "docker: no such image"),
    ],
)
def test_each_verdict(row, verdict, said):
    found = judge(evidence(**row))
    assert found.verdict == verdict
    assert said in "; ".join(found.reasons)
    assert bool(found.reasons) == (verdict != "reproduced")


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({"exhausted": 1, "diverged": 1, "turns_left": 1, "exit_code": 1}, "exhausted"),
        ({"diverged": 1, "turns_left": 1, "exit_code": 1, "turns": 2}, "diverged"),
        ({"turns_left": 1, "turns": 1, "exit_code": 1}, "failed"),
    ],
)
def test_what_explains_the_rest_counts_and_all_is_told(row, verdict):
    found = judge(evidence(**row, result="it was not written"))
    assert found.verdict == verdict
    assert found.reasons[-1] != found.reasons[0]
    assert any("result.json" in reason for reason in found.reasons)


def test_without_a_server_or_a_runner_nothing_was_run():
    whole = evidence()
    assert judge(replace(whole, runner=None)).verdict == "not run"
    assert judge(replace(whole, calls=Calls())).verdict == "not run"
    assert judge(ReplayEvidence(whole.wanted)).verdict == "not run"


class TestControl:
    """Without replies there is nothing to reward."""

    def test_a_reward_of_nothing_is_what_it_takes(self):
        row = {"control": True, "exhausted": 3, "exit_code": 1, "agent": {"exit_code": 1}}
        nothing = {"reward": 0, "passed": False}
        assert judge(evidence(**row, result=nothing)).verdict == "reproduced"

    @pytest.mark.parametrize(
        "result",
        [{"reward": 1, "passed": True}, {"reward": 0.5, "passed": False}, "it was not written"],
    )
    def test_a_reward_or_no_result_fails(self, result):
        assert judge(evidence(control=True, exhausted=3, result=result)).verdict == "failed"

    def test_a_run_that_was_cut_off_proves_nothing(self):
        row = {"control": True, "cut": "time", "result": {"reward": 0, "passed": False}}
        assert judge(evidence(**row)).verdict == "failed"


def test_calls_are_counted_from_the_journal():
    def call(number, outcome, turn=None):
        differs = (Difference("user", "a", "b"),) if outcome == "diverged" else ()
        line = None if turn is None else turn * 10
        return CallEntry(
            number, 0, outcome, "POST", "/", "chat", False, 200, turn, line, True, differs
        )

    calls = (
        call(1, "served", 1), call(2, "diverged", 2), call(3, "exhausted"),
        call(4, "bad-request"), call(5, "unknown-route"),
    )  # fmt: skip
    found = calls_of(Record(Started("aa", 4, "error"), calls, ("line 9 is no entry",)))
    counted = (found.served, found.diverged, found.exhausted, found.bad_requests)
    assert counted == (1, 1, 1, 1)
    assert (found.unknown_routes, found.turns_left, found.last_line) == (1, 2, 20)
    assert found.first_diverged is not None
    assert (found.first_diverged.turn, found.first_diverged.line) == (2, 20)
    assert calls_of(Record(None, (), ("x",))).sha256 is None
