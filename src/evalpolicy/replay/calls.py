"""Calls other programs, such as image builders, and stops them."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from msgspec import Struct

from evalpolicy.replay.plan.model import Command
from evalpolicy.snapshot.writing import open_to_append

_STEP = 0.05
_TO_END = 10
# The end of a program's output that is read (bytes).
_MOST_READ = 4 << 20


class Outcome(Struct, frozen=True):
    """How a call ended. `code` is negative for a signal; bytes that are not UTF-8 are replaced.

    `log` is the file that standard error went to as well.
    """

    command: Command
    code: int
    stdout: str
    stderr: str
    log: Path | None = None

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def last_line(self) -> str:
        """The last line that is not empty, from standard error if it has one."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines()]
        said = [line for line in lines if line]
        return said[-1] if said else f"it printed nothing and exited with code {self.code}"


class CannotCallError(Exception):
    """The program does not exist, or cannot be executed."""


class CallStoppedError(Exception):
    """The call was ended because `stop` was set."""


Call = Callable[[Command], Outcome]
"""Runs a command from the fleet's root to its end. Raises `CannotCallError`."""


def call(
    command: Command,
    *,
    cwd: str | None = None,
    log: Path | None = None,
    stop: threading.Event | None = None,
) -> Outcome:
    """Runs it to its end and records its output, also to `log` while it runs.

    The program has the caller's environment and a session of its own, so that Ctrl-C reaches the
    caller alone, who sets `stop`: it is asked to end then, and made to after 10 s. Raises
    `CannotCallError` and `CallStoppedError`.
    """
    with tempfile.TemporaryFile() as out, _log(log) as err:
        begin = err.tell()
        if log is not None:
            err.write(f"$ {command}\n".encode("utf-8", "backslashreplace"))
            err.flush()
            begin = err.tell()
        try:
            process = subprocess.Popen(
                command.argv,
                cwd=cwd,
                env=command.variables(os.environ),
                stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise CannotCallError(f"cannot run {command.argv[0]}: {reason}") from error
        try:
            _feed(process, command.stdin)
            _wait(process, stop)
        finally:
            _end(process)
        return Outcome(command, process.returncode, _read(out, 0), _read(err, begin), log)


def _log(log: Path | None) -> IO[bytes]:
    if log is None:
        return tempfile.TemporaryFile()
    file = os.fdopen(open_to_append(log, "keep"), "a+b")
    file.seek(0, os.SEEK_END)
    return file


def _feed(process: subprocess.Popen[bytes], text: str | None) -> None:
    """A program that does not read its input reports why with its exit code."""
    if process.stdin is not None:
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write((text or "").encode())


def _wait(process: subprocess.Popen[bytes], stop: threading.Event | None) -> None:
    while True:
        try:
            process.wait(_STEP if stop is not None else None)
            return
        except subprocess.TimeoutExpired:
            if stop is not None and stop.is_set():
                raise CallStoppedError from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program and what it started: a client has plug-ins, a script has children."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        try:
            process.wait(_TO_END)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _read(file: IO[bytes], begin: int) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(begin, size - _MOST_READ))
    return file.read().decode("utf-8", "replace")
