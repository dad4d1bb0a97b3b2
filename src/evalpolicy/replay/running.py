"""Runs all replays of a plan, several at a time, with progress and cleanup."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from msgspec import Struct, field

from evalpolicy.errors import EXIT_NOT_CHECKED, NotCheckedError, UsageError
from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.facts.replays.verdict import Calls, Judgement, ReplayEvidence, Wanted, judge
from evalpolicy.fleet.fixture_names import stem_of
from evalpolicy.replay.containers.engines import Engine, EngineGoneError
from evalpolicy.replay.containers.lifecycle import StoppedError, agent_result, replay
from evalpolicy.replay.plan.model import Plan, Replay, Skipped
from evalpolicy.snapshot import writing

LOCK = ".lock"
IGNORE = ".gitignore"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN = 0.5


class Progress(Struct):
    """The progress of a run: what is running and what is done."""

    total: int
    running: list[str] = field(default_factory=list)
    done: list[Replayed] = field(default_factory=list)


Told = Callable[[Progress, Replayed | None], None]
"""Called for every change, with the replay that finished, if one did."""


def replay_all(
    engine: Engine,
    plan: Plan,
    *,
    jobs: int,
    not_run: Mapping[str, str],
    stop: threading.Event,
    told: Told = lambda progress, done: None,
) -> list[Replayed]:
    """Runs the replays of a plan, at most `jobs` at a time, and gives all in the plan's order.

    `not_run` says by name which cannot be run, and why. What was not run is part of the answer:
    also where the engine goes away in the middle, or `stop` is set.
    """
    gone: list[str] = []
    progress = Progress(len(plan.replays))
    lock = threading.Lock()

    def one(planned: Replay) -> Replayed:
        if planned.path in not_run:
            return _not_run(planned, not_run[planned.path])
        if gone:
            return _not_run(planned, gone[0])
        if stop.is_set():
            return _not_run(planned, "the run was interrupted")
        with lock:
            progress.running.append(planned.name)
            told(progress, None)
        try:
            return _replayed(engine, planned, stop)
        except StoppedError:
            return _not_run(planned, "the run was interrupted")
        except EngineGoneError as error:
            gone.append(str(error))
            return _not_run(planned, str(error))
        except OSError as error:
            return _not_run(planned, f"cannot write {planned.paths.folder}: {error.strerror}")
        finally:
            with lock:
                progress.running.remove(planned.name)

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(one, planned) for planned in plan.replays]
        for done in _as_they_end(futures):
            with lock:
                progress.done.append(done)
                told(progress, done)
    return [future.result() for future in futures]


def skipped(skip: Skipped) -> Replayed:
    """A fixture that the plan left out."""
    evidence = ReplayEvidence(Wanted("", 0, "", ""), not_run=skip.reason)
    return Replayed(stem_of(skip.path), skip.path, evidence, judge(evidence), broken=skip.broken)


def _as_they_end(futures: Sequence[Future[Replayed]]) -> Iterator[Replayed]:
    """Waits in short steps, because signals are only handled between two of them."""
    waiting = set(futures)
    while waiting:
        ended, waiting = wait(waiting, _AGAIN, FIRST_COMPLETED)
        for future in ended:
            yield future.result()


def _replayed(engine: Engine, planned: Replay, stop: threading.Event) -> Replayed:
    begun = time.monotonic()
    evidence = replay(engine, planned, stop)
    judgement = judge(evidence)
    return Replayed(
        planned.name, planned.path, evidence, judgement, planned.agent,
        _line(planned, evidence.calls, judgement), time.monotonic() - begun, planned.paths.folder,
        tuple(_logs(planned)),
    )  # fmt: skip


def _not_run(planned: Replay, reason: str) -> Replayed:
    wanted = Wanted(
        planned.sha256, planned.turns, planned.benchmark, planned.task, planned.reward,
        planned.control,
    )  # fmt: skip
    evidence = ReplayEvidence(wanted, not_run=reason)
    return Replayed(planned.name, planned.path, evidence, judge(evidence), planned.agent)


def _logs(planned: Replay) -> Iterator[str]:
    """The logs of a run that are not empty: the agent's first, then the containers'."""
    agent = agent_result(planned).parent
    for folder in (agent, Path(planned.paths.logs)):
        for file in sorted(folder.glob("*.log")):
            if file.is_file() and file.stat().st_size:
                yield str(file)


def _line(planned: Replay, calls: Calls, judgement: Judgement) -> int:
    """The fixture's line that the verdict is about."""
    if planned.control:
        return 1
    if judgement.verdict == "diverged" and calls.first_diverged is not None:
        return calls.first_diverged.line
    if judgement.verdict == "exhausted":
        return calls.last_line or 1
    if judgement.verdict == "unfinished":
        return _line_of_turn(planned, calls.turns - calls.turns_left)
    return 1


def _line_of_turn(planned: Replay, number: int) -> int:
    """The index of the first turn that was not requested; turns are requested in order."""
    from evalpolicy.artifacts.trajectory import parse

    turns = parse(Path(planned.fixture).read_bytes()).turns
    return turns[number].line if number < len(turns) else 1


@contextmanager
def folder(path: Path) -> Iterator[None]:
    """The output folder, for this run only; git ignores it.

    Raises `UsageError` if another run uses it, and `NotCheckedError` if it cannot be created.
    """
    import fcntl

    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    if path.is_symlink():
        raise UsageError(f"{path} is a symbolic link: choose another folder with --output")
    try:
        writing.make_folder(path)
        writing.write(IGNORE, b"*\n", root=path)
        lock = os.fdopen(os.open(path / LOCK, flags, 0o644), "w")
    except OSError as error:
        raise NotCheckedError(f"cannot write {path}: {error.strerror or error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                f"another run is writing to {path}: wait for it, or name another folder (--output)"
            ) from error
        yield


@contextmanager
def stopping(stop: threading.Event, said: Callable[[str], None]) -> Iterator[None]:
    """The first signal sets `stop`, so that everything is cleaned up; a second ends at once."""

    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            os._exit(EXIT_NOT_CHECKED)
        stop.set()
        name = signal.Signals(number).name
        said(f"{name}: removing containers; repeat to leave them to `evalpolicy replay clean`")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def results(replayed: Sequence[Replayed], plan: Plan) -> list[Replayed]:
    """What was replayed and what the plan left out, by path."""
    return sorted([*replayed, *map(skipped, plan.skipped)], key=lambda one: (one.path, one.name))
