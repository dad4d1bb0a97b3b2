"""The journal survives a crash, and says what it does not understand."""

from __future__ import annotations

import os

import pytest
from tests.replay.serving import QUESTION, many_turns, serving

from evalpolicy.facts.replays.evidence import Difference
from evalpolicy.replay.journal import CallEntry, Journal, Started, read_journal

ENTRY = CallEntry(
    1, 5, "diverged", "POST", "/v1/messages", "messages", True, 200, 1, 7, True,
    (Difference("user", "then", "now"),),
)  # fmt: skip


def test_what_is_written_reads_back(tmp_path):
    file = tmp_path / "journal.jsonl"
    journal = Journal(file)
    journal.start(Started("ab", 3, "error"))
    journal.call(ENTRY)
    content = file.read_bytes()  # before it is closed: nothing waits in a buffer
    journal.close()
    record = read_journal(content)
    assert record.started == Started("ab", 3, "error")
    assert record.calls == (ENTRY,)
    assert (record.count("diverged"), record.count("served"), record.turns_left) == (1, 0, 2)


def test_a_new_run_is_a_new_journal(tmp_path):
    file = tmp_path / "journal.jsonl"
    for turns in (1, 2):
        journal = Journal(file)
        journal.start(Started("ab", turns, "error"))
        journal.close()
    assert read_journal(file.read_bytes()).started.turns == 2
    assert file.read_bytes().count(b"\n") == 1


def test_a_turn_that_was_repeated_is_one_turn(tmp_path):
    file = tmp_path / "journal.jsonl"
    with serving(many_turns(2), file, "repeat") as client:
        client.post("/v1/embeddings", json={})
        for _ in "123":
            client.post("/v1/chat/completions", json={"messages": QUESTION})
    record = read_journal(file.read_bytes())
    assert [one.turn for one in record.calls] == [None, 1, 2, 2]
    assert record.turns_left == 0
    with serving(many_turns(3), file) as client:
        client.post("/v1/embeddings", json={})
        client.post("/v1/chat/completions", json={"messages": QUESTION})
    assert read_journal(file.read_bytes()).turns_left == 2


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b"3", b'{"kind": "other"}', b'{"kind": "call", "outcome": "fine"}',
     b'{"kind": "start"}', b"\xff", b""],
)  # fmt: skip
def test_a_line_that_is_no_entry_is_a_problem(line):
    record = read_journal(line + b"\n")
    assert record.problems == ("line 1 of the journal is not an entry",)
    assert record.turns_left is None


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_call_that_cannot_be_recorded_is_not_answered(tmp_path):
    failures = []
    file = tmp_path / "journal.jsonl"
    with serving(many_turns(2), file, on_failure=failures.append) as client:
        ask = {"messages": QUESTION}
        assert client.post("/v1/chat/completions", json=ask).status_code == 200
        handle = os.open("/dev/full", os.O_WRONLY)
        # The journal's own handle now leads to a full disk.
        target = next(
            int(one) for one in os.listdir("/proc/self/fd")
            if os.path.realpath(f"/proc/self/fd/{one}") == str(file)
        )  # fmt: skip
        os.dup2(handle, target)
        os.close(handle)
        first = client.post("/v1/chat/completions", json=ask)
        second = client.post("/v1/messages", json=ask)
    assert (first.status_code, first.json()["error"]["code"]) == (500, "journal_failed")
    assert (second.status_code, first.headers["x-should-retry"]) == (500, "false")
    assert len(failures) == 1
