"""One process works through a range of inputs of one target, within bounds, and says what failed.

An input is made of the seed, the target's name and its number, so that a failure is repeated by
naming these three. Time is the processor's: a busy machine makes no input slow.
"""

from __future__ import annotations

import random
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, NamedTuple

SECONDS = 2.0
"""Processor time that one input may take."""

MEMORY = 300 << 20
"""Bytes by which one input may raise the most that the process ever held."""

# The address space above what a process has at its start: a guard for the machine, not a verdict.
_ADDRESSES = 2 << 30
_MINIMISING = 10.0


class Target(NamedTuple):
    """Something that reads: `make` draws an input, `read` must take any bytes.

    `read` may raise the exceptions `expected`: how the reader is documented to refuse.
    """

    name: str
    make: Callable[[random.Random], bytes]
    read: Callable[[bytes], object]
    expected: tuple[type[BaseException], ...] = ()


class Failure(NamedTuple):
    """What an input did that it must not; `kind` is the same for the same fault."""

    number: int
    kind: str
    trace: str
    content: bytes


class Worked(NamedTuple):
    """What came of a range of inputs; the slowest is processor seconds and the input's number."""

    done: int
    failures: list[Failure]
    slowest: tuple[float, int]
    memory: int


class _TooLong(BaseException):
    """Not an `Exception`: what catches everything must not catch this."""


def input_of(target: Target, seed: int, number: int) -> bytes:
    return target.make(random.Random(f"{seed} {target.name} {number}"))


def work(target: Target, seed: int, numbers: Iterable[int], until: float) -> Worked:
    """Reads inputs until the wall clock (`time.monotonic`) says `until`."""
    done, slowest, memory = 0, (0.0, -1), 0
    failures: dict[str, Failure] = {}
    for number in numbers:
        if time.monotonic() > until:
            break
        content = input_of(target, seed, number)
        before, begun = _peak(), time.process_time()
        failure = failed(target, content)
        spent, grown = time.process_time() - begun, _peak() - before
        if failure is None and grown > MEMORY:
            failure = ("memory", f"{grown >> 20} MB more than before")
        if failure is not None and failure[0] not in failures:
            small = content if failure[0] == "memory" else smaller(target, content, failure[0])
            failures[failure[0]] = Failure(number, *failure, small)
        done += 1
        slowest, memory = max(slowest, (spent, number)), max(memory, grown)
    return Worked(done, list(failures.values()), slowest, memory)


def work_in_process(
    target: Target, seed: int, numbers: Iterable[int], until: float, at: Any, results: Connection
) -> None:
    """As `work`, in a process of its own; `at` holds the number of the input it is at."""
    _bound_addresses()

    def shown() -> Iterator[int]:
        for number in numbers:
            at.value = number
            yield number

    results.send(work(target, seed, shown(), until))
    results.close()


def failed(target: Target, content: bytes) -> tuple[str, str] | None:
    """The kind of failure and its traceback; None if the input was read, or refused in order.

    What Python warns of fails too: a pattern of a repository must not talk on standard error.
    """
    try:
        with _limit(), warnings.catch_warnings():
            warnings.simplefilter("error")
            target.read(content)
    except target.expected:
        return None
    except _TooLong:
        return f"more than {SECONDS:g} s", traceback.format_exc()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - that nothing escapes is what is tried
        return _kind(error), "".join(traceback.format_exception(error)[-12:])
    return None


def smaller(target: Target, content: bytes, kind: str) -> bytes:
    """The input with everything left out without which it still fails so, as far as time allows."""
    until = time.process_time() + _MINIMISING
    piece = max(1, len(content) // 2)
    while piece and time.process_time() < until:
        at, changed = 0, False
        while at < len(content) and time.process_time() < until:
            less = content[:at] + content[at + piece :]
            found = failed(target, less)
            if found is not None and found[0] == kind:
                content, changed = less, True
            else:
                at += piece
        piece = piece if changed and piece > 1 else piece // 2
    return content


def _kind(error: BaseException) -> str:
    """Its type, and where in the package it came up."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame
        for frame in frames
        if "evalpolicy" in frame.filename and "bench" not in frame.filename
    ]
    last = (ours or frames)[-1]
    return f"{type(error).__name__} in {last.filename.rpartition('evalpolicy/')[2]}:{last.name}"


@contextmanager
def _limit() -> Iterator[None]:
    def stop(signal_number: int, frame: FrameType | None) -> None:
        raise _TooLong

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _peak() -> int:
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size << 10


def _bound_addresses() -> None:
    if not sys.platform.startswith("linux"):
        return
    with open("/proc/self/statm", encoding="ascii") as pages:
        size = int(pages.read().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (size + _ADDRESSES, hard))
