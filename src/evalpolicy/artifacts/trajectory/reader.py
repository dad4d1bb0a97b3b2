"""Reads a fixture: whole, or as a stream in memory that does not grow with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import orjson

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.trajectory import litellm, otlp
from evalpolicy.artifacts.trajectory.lfs import is_lfs_pointer
from evalpolicy.artifacts.trajectory.lines import CHUNK, MAX_LINE, Line, split_lines
from evalpolicy.artifacts.trajectory.model import (
    Call,
    FailedCall,
    Summary,
    Trajectory,
    Turn,
    Unanswered,
)
from evalpolicy.artifacts.trajectory.tally import Tally


def parse(content: bytes) -> Trajectory:
    """Reads a whole fixture. What cannot be read is a problem in its summary, never an exception.

    The turns come in the order of their start, as a replay serves them; replies that were exported
    twice (same response id) count once.
    """
    reading = _Reading()
    turns: list[Turn] = []
    failed: list[FailedCall] = []
    for call in reading.calls((content,)):
        if isinstance(call, Turn):
            turns.append(call)
        elif isinstance(call, FailedCall):
            failed.append(call)
    turns.sort(key=lambda turn: turn.start or 0)
    return Trajectory(reading.summary(), tuple(turns), tuple(failed))


def parse_stream(source: Iterable[bytes] | BinaryIO) -> Summary:
    """The summary of a fixture of any size, from chunks of bytes or an open binary file."""
    reading = _Reading()
    for _ in reading.calls(_chunks(source)):
        pass
    return reading.summary()


def iter_turns(source: Iterable[bytes] | BinaryIO) -> Iterator[Turn]:
    """The turns of a fixture of any size, in the order of the file."""
    return (call for call in _Reading().calls(_chunks(source)) if isinstance(call, Turn))


def _chunks(source: Iterable[bytes] | BinaryIO) -> Iterable[bytes]:
    if isinstance(source, bytes):
        return (source,)
    read = getattr(source, "read", None)
    return iter(lambda: read(CHUNK), b"") if read is not None else source


class _Reading:
    """One pass over a fixture."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._kinds = {"litellm": 0, "otlp": 0}
        self._readable = True

    def summary(self) -> Summary:
        return self._tally.summary(self._sha256.hexdigest(), self._size)

    def calls(self, chunks: Iterable[bytes]) -> Iterator[Call]:
        """Every call, once it is counted."""
        tally = self._tally
        for line in split_lines(self._hashed(chunks)):
            if line.number == 1:
                self._readable = self._is_text(line)
            if self._readable:
                for read, user_agent in self._read(line):
                    call = _judged(read)
                    if not tally.is_duplicate(call):
                        tally.add(call, user_agent)
                        yield call
        if self._size == 0:
            tally.problem("the file is empty: no run is recorded in it", Span.at(1))
        elif self._readable and tally.lines == 0:
            tally.problem("nothing but blank lines: no run is recorded here", Span.at(1))
        if all(self._kinds.values()):
            tally.problem(
                f"two formats in one file: {self._kinds['litellm']} lines are LiteLLM logging "
                f"objects, {self._kinds['otlp']} are OTLP exports",
                Span.at(1),
            )
        if any(self._kinds.values()):
            tally.format = "litellm" if self._kinds["litellm"] > self._kinds["otlp"] else "otlp"

    def _hashed(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._sha256.update(chunk)
            self._size += len(chunk)
            yield chunk

    def _is_text(self, first: Line) -> bool:
        """Whether the file is worth reading line by line; reports it if it is not."""
        head = first.content or b""
        if is_lfs_pointer(head):
            why = "a Git LFS pointer, not the recording: fetch it with `git lfs pull`"
        elif head.startswith(b"\x1f\x8b"):
            why = "compressed with gzip: a fixture is plain JSON lines"
        elif head.startswith((b"\xff\xfe", b"\xfe\xff")):
            why = "UTF-16: a fixture is UTF-8"
        else:
            return True
        self._tally.problem(why, Span.at(1))
        return False

    def _read(self, line: Line) -> Iterator[tuple[Call, str | None]]:
        tally = self._tally
        if line.content is None:
            tally.lines += 1
            tally.longest = max(tally.longest, line.size)
            tally.problem(
                f"the line is {line.size:,} bytes long and was not read: the limit is {MAX_LINE:,}",
                Span.at(line.number),
            )
            return
        if not line.content or line.content.isspace():
            return
        tally.lines += 1
        tally.longest = max(tally.longest, line.size)
        try:
            row = orjson.loads(line.content)
        except orjson.JSONDecodeError as error:
            tally.problem(*_why(line, line.content, error))
            return
        if isinstance(row, dict) and otlp.is_otlp(row):
            self._kinds["otlp"] += 1
            yield from otlp.read_calls(row, line.number)
        elif isinstance(row, dict) and litellm.is_litellm(row):
            self._kinds["litellm"] += 1
            yield litellm.read_call(row, line.number), litellm.user_agent(row)
        else:
            tally.problem(
                "the line is neither a LiteLLM logging object nor an OTLP export",
                Span.at(line.number),
            )


def _judged(call: Call) -> Call:
    """The call, whichever format recorded it: a reply that says nothing is not a turn."""
    if isinstance(call, Turn) and not call.usable:
        return Unanswered(call.line, call.path)
    return call


def _why(line: Line, content: bytes, error: orjson.JSONDecodeError) -> tuple[str, Span]:
    """What is wrong with a line that is not JSON."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as broken:
        column = len(content[: broken.start].decode("utf-8", "replace")) + 1
        return "the line is not UTF-8", Span.at(line.number, column)
    where = Span.at(line.number, max(1, error.colno))
    if not line.ended and error.pos >= len(error.doc.rstrip()) - 1:
        return "the last line is cut off in the middle of its JSON", where
    return "the line is not JSON", where
