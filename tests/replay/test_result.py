"""What benchmark and agent wrote, as something that anybody may have written."""

from __future__ import annotations

import json

import pytest

from evalpolicy.facts.replays.evidence import AgentResult, TaskResult
from evalpolicy.replay.containers.lifecycle import read_one, written
from evalpolicy.replay.result import read_agent_result, read_task_result

GOOD = {"task_id": "0", "benchmark": "arc", "reward": 1, "passed": True}


@pytest.fixture
def put(tmp_path):
    def write(content, path="result.json"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return file

    return write


def test_a_result_with_and_without_the_graders_exit_code(put):
    assert read_task_result(put(GOOD)) == TaskResult("0", "arc", 1, True)
    found = read_task_result(put({**GOOD, "exit_code": 2, "more": []}))
    assert found == TaskResult("0", "arc", 1, True, 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "is not of type 'object'"),
        (b" " * ((1 << 20) + 1), "more than 1,048,576 bytes"),
        ({**GOOD, "reward": 2}, "reward: "),
        ({**GOOD, "reward": "1"}, "reward: "),
        ({**GOOD, "reward": None}, "reward: "),
        ({**GOOD, "passed": 1}, "passed: "),
        ({**GOOD, "task_id": 0}, "task_id: "),
        ({"task_id": "0"}, "benchmark"),
    ],
)
def test_what_is_none_says_why(put, content, said):
    found = read_task_result(put(content))
    assert isinstance(found, str)
    assert said in found


def test_a_result_that_is_missing_or_a_folder(tmp_path):
    assert read_task_result(tmp_path / "none") == "it was not written"
    assert read_task_result(tmp_path) == "it cannot be read: Is a directory"


def test_the_agents_own_may_be_missing(put, tmp_path):
    assert read_agent_result(tmp_path / "none") is None
    assert read_agent_result(put({"agent": "codex"})) == AgentResult(None)
    assert read_agent_result(put({"exit_code": 3})) == AgentResult(3)
    assert "exit_code" in str(read_agent_result(put({"exit_code": "3"})))


def test_a_result_lies_below_benchmark_and_task_or_not(put, tmp_path):
    wanted = f"{tmp_path}/arc/0/task/result.json"
    assert read_one(written(str(tmp_path), wanted)) == "it was not written"
    put(GOOD, "task/result.json")
    assert isinstance(read_one(written(str(tmp_path), wanted)), TaskResult)
    put(GOOD, "arc/0/task/result.json")
    found = read_one(written(str(tmp_path), wanted))
    assert isinstance(found, str)
    assert found.startswith("it was written twice")
    (tmp_path / "task/result.json").unlink()
    assert isinstance(read_one(written(str(tmp_path), wanted)), TaskResult)
