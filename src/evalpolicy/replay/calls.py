"""The one way in which replay calls another program."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from evalpolicy.replay.plan.model import Command


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended. `code` is negative for a signal; `stdout` and `stderr` are text."""

    command: Command
    code: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.code == 0


class CannotCallError(Exception):
    """The program is not there, or cannot be executed."""


def call(command: Command, *, cwd: str | None = None, timeout: float | None = None) -> Outcome:
    """Runs it to its end, taking down what it prints; bytes that are no UTF-8 are replaced.

    Raises `CannotCallError`, and `subprocess.TimeoutExpired` after `timeout` seconds.
    """
    try:
        done = subprocess.run(
            command.argv,
            cwd=cwd,
            env={**os.environ, **command.environment},
            input=None if command.stdin is None else command.stdin.encode(),
            stdin=subprocess.DEVNULL if command.stdin is None else None,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except OSError as error:
        raise CannotCallError(f"cannot run {command.argv[0]}: {error.strerror}") from error
    return Outcome(
        command,
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )
