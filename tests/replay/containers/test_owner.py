"""Whether whoever made a container still lives."""

from __future__ import annotations

import subprocess
import sys

from tests.waiting import wait_until

from evalpolicy.replay.containers import owner


def told_by_a_child(code):
    return subprocess.Popen(
        [sys.executable, "-c", f"from evalpolicy.replay.containers import owner; {code}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_process_lives_until_it_has_ended():
    assert owner.lives(owner.owner()) is True
    with told_by_a_child("print(owner.owner(), flush=True); input()") as child:
        assert child.stdout is not None
        label = child.stdout.readline().strip()
        assert owner.lives(label) is True
        child.kill()
        # Not waited for yet: a process that has ended and one that nobody has asked about.
        wait_until(lambda: owner.lives(label) is False)
    assert owner.lives(label) is False


def test_another_process_of_the_same_id_is_another_one():
    host, pid, start = owner.owner().split("/")
    assert owner.lives(f"{host}/{pid}/{int(start) + 1}") is False


def test_of_another_machine_nothing_is_known():
    _, pid, start = owner.owner().split("/")
    assert owner.lives(f"elsewhere/{pid}/{start}") is None
    assert owner.lives("") is None
    assert owner.lives(owner.owner().split("/")[0] + "/x/y") is None
