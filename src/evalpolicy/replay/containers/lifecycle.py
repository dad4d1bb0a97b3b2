"""One replay from its first container to the last one's removal."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from evalpolicy.facts.replays.evidence import TaskResult
from evalpolicy.facts.replays.verdict import Cut, Ended, ReplayEvidence, Wanted
from evalpolicy.replay.containers.creating import HOSTS, hosts
from evalpolicy.replay.containers.engines import (
    CallFailedError,
    ContainerState,
    Engine,
    EngineGoneError,
)
from evalpolicy.replay.containers.output import Tee, copy_out, take_out
from evalpolicy.replay.journal import calls_of, read_journal
from evalpolicy.replay.plan.model import Command, Container, Mount, Replay
from evalpolicy.replay.result import read_agent_result, read_task_result
from evalpolicy.scanners.shortening import shortened

READY = 60
"""Seconds the server has to start."""
LOOK = 3.0
"""Seconds between two checks of the server and of what a run has written."""
_STEP = 0.1
_POLL = 0.01
_FIRST_LOG_LINE = 300


class StoppedError(Exception):
    """The run was stopped; everything that this replay created is removed."""


class _Watched(Struct, frozen=True):
    """How the runner ended and what stopped it, and the server's state at that time."""

    runner: ContainerState | None
    server: ContainerState | None
    cut: Cut | None


def replay(engine: Engine, planned: Replay, stop: threading.Event) -> ReplayEvidence:
    """Runs one replay and returns its evidence; removes its containers and volumes.

    Raises `EngineGoneError`, and `StoppedError` where `stop` was set.
    """
    _folders(planned)
    with _removed(engine, planned):
        try:
            return _replayed(engine, planned, stop)
        except CallFailedError as error:
            return ReplayEvidence(_wanted(planned), not_run=str(error))


def _replayed(engine: Engine, planned: Replay, stop: threading.Event) -> ReplayEvidence:
    server, runner = planned.server, planned.runner
    _create(engine, server, stop)
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(_ready, engine, planned, stop)
        _create(engine, runner, stop)
        problem = waiting.result()
    if problem is not None:
        return ReplayEvidence(
            _wanted(planned), not_run=f"the replay server did not start: {problem}"
        )
    watched = _watch(engine, planned, stop)
    left_out = _output(engine, planned)
    calls = calls_of(read_journal(_journal(planned)))
    state, served, cut = watched.runner, watched.server, watched.cut
    if served is None or not served.running:
        cut = cut or "server"
        Path(planned.paths.logs, "server.log").write_text(engine.logs(server.name), "utf-8")
    if cut is None and state is not None and state.exit_code and _out_of_memory(planned, state):
        cut = "memory"
    return ReplayEvidence(
        wanted=_wanted(planned),
        not_run=None if state else "its container was removed by another program",
        calls=calls,
        runner=Ended(state.exit_code if state and cut is None else None, cut),
        result=read_one(written(planned.paths.output, planned.paths.result)),
        agent=read_agent_result(agent_result(planned)),
        images={
            role: found.image
            for role, found in (("eval", state), ("server", served))
            if found is not None
        },
        left_out=tuple(left_out),
    )


def _out_of_memory(planned: Replay, runner: ContainerState) -> bool:
    """Whether the engine says so: docker in the state, podman (4.3) by a file that `start` left."""
    return runner.out_of_memory or Path(planned.paths.logs, "oom").exists()


def written(output: str, wanted: str) -> list[Path]:
    """Where a result of this name was written: in the folder of benchmark and task, or, by an image
    that takes its output for that of one task (the reference fleet's do), without these two."""
    whole = Path(wanted)
    short = Path(output, *whole.parts[-2:])
    return [place for place in dict.fromkeys((whole, short)) if place.exists()] or [whole]


def agent_result(planned: Replay) -> Path:
    """The agent's own result, which is next to its logs."""
    return written(planned.paths.output, planned.paths.agent_result)[0]


def read_one(places: list[Path]) -> TaskResult | str:
    """The task's result. There must be only one, because an agent could write another."""
    if len(places) > 1:
        return f"it was written twice, {' and '.join(map(str, places))}"
    return read_task_result(places[0])


def _wanted(planned: Replay) -> Wanted:
    return Wanted(
        planned.sha256, planned.turns, planned.benchmark, planned.task, planned.reward,
        planned.control,
    )  # fmt: skip


def _folders(planned: Replay) -> None:
    """Removes what an earlier run left, so that it is not mistaken for this run's output.

    The server runs as nobody: its journal's folder is open, below one that is not, and it is given
    a copy of the fixture that everybody may read.
    """
    if Path(planned.paths.folder).is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link", planned.paths.folder)
    for part in (planned.paths.journal, planned.paths.output, planned.paths.logs):
        folder = Path(part).parent if part == planned.paths.journal else Path(part)
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
    Path(planned.paths.folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    Path(planned.paths.logs).mkdir(parents=True, exist_ok=True)
    journal = Path(planned.paths.journal)
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.parent.chmod(0o777)
    for mount in planned.server.mounts:
        if mount.kind == "bind" and mount.read_only:
            served = b"" if planned.control else Path(planned.fixture).read_bytes()
            _write(Path(mount.source), served)
    for mount in planned.runner.mounts:
        if mount.target == HOSTS:
            _write(Path(mount.source), hosts(planned.server.hosts).encode())


def _write(file: Path, content: bytes) -> None:
    """Writes a world-readable file, replacing what was there, even a link."""
    file.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(file, flags, 0o644), "wb") as out:
        out.write(content)
    file.chmod(0o644)


def _create(engine: Engine, container: Container, stop: threading.Event) -> None:
    for command in (*container.before, container.create):
        if stop.is_set():
            raise StoppedError
        engine.run(command)


def _ready(engine: Engine, planned: Replay, stop: threading.Event) -> str | None:
    """Starts the server and waits for its journal; returns the reason if that fails."""
    if stop.is_set():
        raise StoppedError
    engine.start(planned.server.name, planned.paths.folder)
    journal = Path(planned.paths.journal)
    now = time.monotonic()
    deadline, look = now + READY, now + 1
    while not (journal.exists() and b"\n" in journal.read_bytes()[:1000]):
        if stop.wait(_POLL):
            raise StoppedError
        now = time.monotonic()
        if now > look:
            state = engine.state(planned.server.name)
            if state is None or not state.running:
                said = engine.logs(planned.server.name).strip().splitlines()
                return shortened(said[-1] if said else "it printed nothing", _FIRST_LOG_LINE)
            look = now + 1
        if now > deadline:
            return f"it was not ready within {READY} s"
    return None


def _watch(engine: Engine, planned: Replay, stop: threading.Event) -> _Watched:
    """Starts the runner and waits until it ends or exceeds a limit."""
    runner, logs = planned.runner, Path(planned.paths.logs)
    now = time.monotonic()
    deadline, look = now + runner.limits.seconds, now + LOOK
    cut: Cut | None = None
    with subprocess.Popen(
        engine.attached(runner.name).argv,
        cwd=logs,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        tees = [
            Tee(process.stdout, logs / "runner.stdout.log"),
            Tee(process.stderr, logs / "runner.stderr.log"),
        ]
        for tee in tees:
            tee.start()
        try:
            while not _ended(process):
                if stop.is_set():
                    raise StoppedError
                now = time.monotonic()
                if now > deadline:
                    cut = cut or "time"
                elif cut is None and now > look:
                    cut = _over(engine, planned)
                    look = time.monotonic() + LOOK
                if cut is not None:
                    engine.kill(runner.name)
                    _give_up(process)
        finally:
            if process.poll() is None:
                process.kill()
            for tee in tees:
                tee.join()
    state, server = _both(engine, planned)
    if state is not None and (state.running or not state.started):
        # That output comes from the client: the container never started.
        raise engine.refusal((logs / "runner.stderr.log").read_text("utf-8", "replace"))
    return _Watched(state, server, cut)


def _both(engine: Engine, planned: Replay) -> tuple[ContainerState | None, ContainerState | None]:
    """The current states of runner and server: one call, unless one of them is gone."""
    try:
        runner, server = engine.states(planned.runner.name, planned.server.name)
    except CallFailedError:
        return engine.state(planned.runner.name), engine.state(planned.server.name)
    return runner, server


def _ended(process: subprocess.Popen[bytes]) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STEP)
    return process.returncode is not None


def _give_up(process: subprocess.Popen[bytes]) -> None:
    """The runner has ended; its client has a few seconds to notice."""
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def _over(engine: Engine, planned: Replay) -> Cut | None:
    """Whether the run has to stop now."""
    runner = engine.state(planned.runner.name, size=True)
    if runner is not None and (runner.written or 0) > planned.runner.limits.disk:
        return "disk"
    server = engine.state(planned.server.name)
    return "server" if server is None or not server.running else None


def _output(engine: Engine, planned: Replay) -> list[str]:
    """Copies the output out through the server, which keeps its volume alive."""
    mount = _volume(planned)
    if mount is None:
        return []
    target = Path(planned.paths.output)
    try:
        return take_out(engine, planned.server.name, mount.target, target, mount.size or 0)
    except CallFailedError as error:
        return [str(error)]


def _volume(planned: Replay) -> Mount | None:
    return next((mount for mount in planned.server.mounts if mount.kind == "volume"), None)


def _journal(planned: Replay) -> bytes:
    """The journal's content; the file becomes the caller's own."""
    file = Path(planned.paths.journal)
    try:
        content = file.read_bytes()
        if file.stat().st_uid != os.geteuid():
            file.unlink()
            file.write_bytes(content)
        file.parent.chmod(0o755)
    except OSError as error:
        raise CallFailedError(f"cannot read {file}: {error.strerror}") from error
    return content


def calls(engine: Engine, planned: Replay) -> list[Command]:
    """The calls of a successful replay, without its queries for states."""
    server, runner = planned.server, planned.runner
    mount = _volume(planned)
    taken = [] if mount is None else [copy_out(engine, server.name, mount.target)]
    return [
        *server.before, server.create, engine.start_command(server.name),
        *runner.before, runner.create, engine.attached(runner.name),
        *taken, *_removals(engine, planned),
    ]  # fmt: skip


def _removals(engine: Engine, planned: Replay) -> list[Command]:
    """The runner is removed first, because it uses the server's network."""
    mounts = (*planned.runner.mounts, *planned.server.mounts)
    volumes = dict.fromkeys(mount.source for mount in mounts if mount.kind == "volume")
    return [
        engine.remove(planned.runner.name),
        engine.remove(planned.server.name),
        *map(engine.remove_volume, volumes),
    ]


@contextmanager
def _removed(engine: Engine, planned: Replay) -> Iterator[None]:
    """Removes everything that the replay created, however it ends."""
    try:
        yield
    finally:
        for command in _removals(engine, planned):
            # `replay clean` removes what cannot be removed here.
            with suppress(CallFailedError, EngineGoneError):
                engine.run(command)
