"""The progress of a run, on a terminal and in a log."""

from __future__ import annotations

import io

import pytest
from tests.replays import replayed

from evalpolicy.replay.progress import ProgressLines, bar
from evalpolicy.replay.running import Progress
from evalpolicy.reporters.safe import width


class Terminal(io.StringIO):
    def isatty(self):
        return True


DONE = replayed(turns=1, served=1)
BAD = replayed(fixture="arc-1-codex", turns=1, turns_left=1)


def test_a_log_gets_a_line_for_what_is_done():
    stream = io.StringIO()
    shown = ProgressLines(stream, lambda: 60, colour=False)
    progress = Progress(2, running=["arc-1-codex"])
    shown.told(progress, None)
    assert stream.getvalue() == ""
    progress.done.append(BAD)
    shown.told(progress, BAD)
    first, second = stream.getvalue().splitlines()
    assert first == "[1/2] unfinished  arc-1-codex  1.5 s"
    assert second.strip() == "1 of 1 turn were not requested"
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_a_bar_that_goes_in_the_end():
    stream = Terminal()
    shown = ProgressLines(stream, lambda: 60, colour=False)
    progress = Progress(1, running=["arc-0-codex"])
    shown.told(progress, None)
    assert stream.getvalue().endswith("[--------------------] 0/1 arc-0-codex")
    progress.done.append(DONE)
    shown.told(progress, DONE)
    assert stream.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize("columns", [20, 40, 60, 100])
@pytest.mark.parametrize("name", ["arc-0-codex", "長い名前" * 9, "\x1b[31m", "a" * 300])
def test_the_bar_keeps_to_the_terminal(columns, name):
    progress = Progress(4, running=[name, name], done=[DONE, BAD])
    said = bar(progress, columns)
    assert width(said) < columns
    assert "\x1b" not in said


def test_nobody_looking_is_no_reason_to_stop():
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    ProgressLines(Closed(), lambda: 60, colour=False).say("x")
