"""Progress: a bar at the bottom of a terminal, or a line per finished replay."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.replay.reports.text import told
from evalpolicy.replay.running import Progress
from evalpolicy.reporters.safe import shown, width
from evalpolicy.reporters.text import styles

_BAR = 20
_CLEAR = "\r\x1b[K"


class ProgressLines:
    """Writes to a stream (standard error). `columns` gives the terminal's width when asked."""

    def __init__(self, stream: TextIO, columns: Callable[[], int], *, colour: bool) -> None:
        self._stream = stream
        self._columns = columns
        self._style = styles(colour)
        self._bar = stream.isatty()

    def say(self, line: str) -> None:
        """A line that stays."""
        self._write(f"{_CLEAR if self._bar else ''}{shown(line)}\n")

    def told(self, progress: Progress, done: Replayed | None) -> None:
        """Prints a finished replay and redraws the bar below it."""
        if done is not None and not self._bar:
            number = f"[{len(progress.done)}/{progress.total}] "
            for line in told(done, self._columns() - len(number), self._style):
                self._write(f"{number}{line}\n")
                number = " " * len(number)
        if self._bar:
            over = len(progress.done) == progress.total
            self._write(_CLEAR + ("" if over else bar(progress, self._columns())))

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            return  # the terminal is gone, and the run goes on


def bar(progress: Progress, columns: int) -> str:
    """`[####------] 4/10 arc-0-codex, arc-1-codex`, in less than `columns` cells."""
    filled = _BAR * len(progress.done) // max(progress.total, 1)
    failed = sum(one.verdict != "reproduced" for one in progress.done)
    text = f"[{'#' * filled}{'-' * (_BAR - filled)}] {len(progress.done)}/{progress.total}"
    text += f" ({failed} not reproduced)" if failed else ""
    names = shown(", ".join(progress.running))
    room = columns - width(text) - 2
    if room > 0 and width(names) > room:
        while names and width(names) >= room:
            names = names[:-1]
        names += "…"
    return f"{text} {names}" if room > 8 else text[: columns - 1]
