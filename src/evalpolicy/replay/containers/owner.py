"""Identifies the process that created a container, to see later whether it still runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

_PROC = Path("/proc")


@cache
def owner() -> str:
    """This process: `HOST/PID/START`.

    HOST is the current boot of the machine and its process id namespace, START is when
    the process began, so that no other process of the same id is taken for it.
    """
    pid = os.getpid()
    return f"{_host()}/{pid}/{_start(pid)}"


def lives(label: str) -> bool | None:
    """Whether the process in a label still runs; None if that is unknown here."""
    host, _, rest = label.partition("/")
    number, _, start = rest.partition("/")
    if host != _host() or not number.isdigit():
        return None
    return _start(int(number)) == start != "gone"


def _start(pid: int) -> str:
    """When a process started, in kernel ticks; `gone` if it does not exist or is a zombie."""
    try:
        state, *fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return "gone" if _PROC.joinpath("self").exists() else _without_proc(pid)
    return "gone" if state in "ZX" else fields[18]


def _without_proc(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    return "lives"


@cache
def _host() -> str:
    known = (
        socket.gethostname(),
        _told(lambda: (_PROC / "sys/kernel/random/boot_id").read_text()),
        _told(lambda: os.readlink(_PROC / "self/ns/pid")),
    )
    return sha256("\0".join(known).encode()).hexdigest()[:12]


def _told(read: Callable[[], str]) -> str:
    try:
        return read()
    except OSError:
        return ""
