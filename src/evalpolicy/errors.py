"""The two ways in which a run ends without a verdict, their exit codes, and what is kept of bugs.

A reader or a rule that raises must not end the run. It becomes one problem of the file that it was
at work on, and the traceback is kept until the run ends, for the issue that should be filed.
"""

from __future__ import annotations

import os
from itertools import count
from typing import NamedTuple

from evalpolicy import __version__

EXIT_CLEAN = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_NOT_CHECKED = 3


class UsageError(Exception):
    """Wrong usage or configuration (exit 2). The message states what is wrong and what to do."""


class NotCheckedError(Exception):
    """Nothing was checked, or not what was requested (exit 3): never a pass."""


PASSED = (UsageError, NotCheckedError, BrokenPipeError)
"""Exceptions that end a run on purpose: code that isolates others has to let these pass."""

# So many tracebacks are kept; a fault that shows in a thousand files is one.
_MOST = 5

_traces: dict[str, str] = {}
_times = count()


class Mark(NamedTuple):
    """A moment of the run: how often something was noted before, and what is kept of it."""

    time: int
    lines: frozenset[str]


def noted(error: BaseException) -> str:
    """What happened, on one line; the traceback is kept for `block`."""
    import traceback  # expensive, and of no use to a run in which nothing fails

    line = described(error)
    next(_times)
    if len(_traces) < _MOST:
        _traces.setdefault(line, "".join(traceback.format_exception(error)).rstrip())
    return f"internal error: {line}"


def mark() -> Mark:
    """This moment, for `any_since` and `forget_since`."""
    return Mark(next(_times), frozenset(_traces))


def any_since(before: Mark) -> bool:
    """Whether anything was noted since."""
    return next(_times) > before.time + 1


def forget_since(before: Mark) -> None:
    """Drops what was noted since: it turned out to be no fault of the tool."""
    for line in _traces.keys() - before.lines:
        del _traces[line]


def block() -> str | None:
    """Everything noted since the last call, as lines to paste into an issue; None if nothing."""
    if not _traces:
        return None
    traces = list(_traces.values())
    _traces.clear()
    return pasted(traces)


def pasted(traces: list[str]) -> str:
    """Tracebacks as a block that can be pasted into an issue."""
    import platform

    return "\n".join(
        [
            "Please report it with the lines below.",
            "```",
            f"evalpolicy {__version__}, Python {platform.python_version()}, {platform.platform()}",
            *traces,
            "```",
        ]
    )


def described(error: BaseException) -> str:
    """An exception on one line, with the file and the line that raised it."""
    import traceback

    where = ""
    if frames := traceback.extract_tb(error.__traceback__):
        parts = frames[-1].filename.replace(os.sep, "/").split("/")
        where = f" at {'/'.join(parts[-2:])}:{frames[-1].lineno}"
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}{where}" if words else f"{type(error).__name__}{where}"
