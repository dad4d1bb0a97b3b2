"""All replays of a plan; what each does in its containers, tests/engines/replay looks at."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from tests.replays import evidence

from evalpolicy.replay import running
from evalpolicy.replay.containers.engines import Engine, EngineGoneError
from evalpolicy.replay.containers.lifecycle import StoppedError
from evalpolicy.replay.plan.model import Container, ContainerLimits, Paths, Plan, Replay, Skipped

LIMITS = ContainerLimits(1, 1, 1, 1, 1, 1)


def planned(tmp_path, number):
    name = f"arc-{number}-codex"
    folder = str(tmp_path / name)
    box = Container(name, "image", "none", LIMITS)
    paths = Paths(folder, f"{folder}/j/j", f"{folder}/o", f"{folder}/o/r", f"{folder}/o/a", folder)
    return Replay(
        name, f"{name}.traces.jsonl", "/none", "0" * 64, "arc", str(number), "codex", "m", 1, None,
        "image", paths, box, box,
    )  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run(act, …)`: `act(planned, stop)` stands for the containers' life."""

    def all_of(act, count=4, jobs=1, not_run=None, stop=None):
        monkeypatch.setattr(running, "replay", lambda engine, one, stop: act(one, stop))
        plan = Plan("r", "docker", "/", (), tuple(planned(tmp_path, n) for n in range(count)))
        return running.replay_all(
            Engine("docker"), plan, jobs=jobs, not_run=not_run or {},
            stop=stop or threading.Event(),
        )  # fmt: skip

    return all_of


def served(one, stop):
    return evidence(turns=1, served=1)


def test_the_answer_is_in_the_plans_order(run):
    def late(one, stop):
        time.sleep(0.05 * (4 - int(one.task)))
        return served(one, stop)

    found = run(late, jobs=4)
    assert [one.name for one in found] == [f"arc-{n}-codex" for n in range(4)]
    assert {one.verdict for one in found} == {"reproduced"}


def test_no_more_run_at_a_time_than_asked(run):
    now, most, lock = [0], [0], threading.Lock()
    three = threading.Barrier(3)

    def counted(one, stop):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)  # a fourth would come
        three.wait(600)
        with lock:
            now[0] -= 1
        return served(one, stop)

    run(counted, count=12, jobs=3)
    assert most[0] == 3


def test_what_has_no_image_is_not_run_and_the_rest_is(run):
    found = run(served, not_run={"arc-1-codex.traces.jsonl": "building it: no"})
    assert [one.verdict for one in found].count("not run") == 1
    assert found[1].judgement.reasons == ("building it: no",)


def test_an_engine_that_is_gone_is_asked_for_nothing_more(run):
    asked = []

    def gone(one, stop):
        asked.append(one.name)
        if one.task == "1":
            raise EngineGoneError("docker does not answer any more")
        return served(one, stop)

    found = run(gone)
    assert [one.verdict for one in found] == ["reproduced", "not run", "not run", "not run"]
    assert asked == ["arc-0-codex", "arc-1-codex"]


def test_a_disk_that_is_full_is_told_of(run):
    def full(one, stop):
        raise OSError(28, "No space left on device")

    assert "No space left on device" in run(full)[0].judgement.reasons[0]


def test_once_stopped_nothing_more_begins(run):
    stop = threading.Event()

    def stopped(one, stop):
        stop.set()
        raise StoppedError

    found = run(stopped, stop=stop)
    assert {one.judgement.reasons for one in found} == {("the run was interrupted",)}


def test_a_signal_stops_and_handlers_are_put_back():
    stop, said = threading.Event(), []
    before = signal.getsignal(signal.SIGTERM)
    with running.stopping(stop, said.append):
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
    assert signal.getsignal(signal.SIGTERM) is before
    assert said == [
        "SIGTERM: removing containers; repeat to leave them to `evalpolicy replay clean`"
    ]


def test_what_the_plan_left_out_is_part_of_the_answer(tmp_path, run):
    plan = Plan("r", "docker", "/", (), (), (Skipped("a/b-0.5-c.traces.jsonl", "why", True),))
    (found,) = running.results([], plan)
    assert (found.name, found.verdict, found.broken) == ("b-0.5-c", "not run", True)
