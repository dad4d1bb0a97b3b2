"""One trajectory as readable text: safe to print, without secrets, folded."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from evalpolicy.artifacts.trajectory import FailedCall, Message, Summary, Trajectory, Turn
from evalpolicy.facts.recordings.reading import Recording
from evalpolicy.reporters.safe import listed, shown
from evalpolicy.reporters.text import count
from evalpolicy.scanners.credentials import Scanner, redact_text

FOLDED = 6
"""Lines of a text that are shown without --full."""

_INDENT = "    "
# Characters of a failed call's message.
_MESSAGE = 300


class TrajectoryText:
    """Renders turns. `columns` is the width; with `full` nothing is folded.

    Every text of the recording goes through `clean`: credentials and internal hosts are taken
    out, then whatever could move a cursor is written out.
    """

    def __init__(self, scanner: Scanner, columns: int, *, full: bool) -> None:
        self._scanner = scanner
        self._columns = max(columns, 20)
        self._full = full

    def clean(self, text: str) -> str:
        """The text without its secrets; still several lines."""
        return redact_text(text, self._scanner)

    def whole(self, recording: Recording, trajectory: Trajectory, turn: int | None) -> str:
        """Head, turns (or the one of that number, from 1) and failed calls."""
        lines = list(self._head(recording))
        for number, one in enumerate(trajectory.turns, 1):
            if turn in (None, number):
                lines += ["", *self._turn(number, len(trajectory.turns), one)]
        if turn is None and trajectory.failed_calls:
            lines += ["", *self._failures(trajectory.failed_calls)]
        return listed(lines)

    def _head(self, recording: Recording) -> Iterator[str]:
        summary = recording.summary
        yield self._line(recording.path)
        yield from self._wrapped(
            f"{count(summary.turns, 'turn')}, {count(summary.failed, 'failed call')}, "
            f"{count(summary.lines, 'line')}, "
            f"{count(recording.size, 'byte')}{_models(summary)}"
        )
        if client := summary.client:
            how = "user agent" if client.by == "user_agent" else "system prompt"
            yield from self._wrapped(f"recorded by {client.agent} ({how}: {client.evidence})")
        for verdict in recording.verdicts:
            yield from self._wrapped(f"{verdict.fault}: {verdict.message}")
        for problem in summary.problems:
            yield from self._wrapped(f"line {problem.span.line}: {problem.message}")

    def _turn(self, number: int, count: int, turn: Turn) -> Iterator[str]:
        facts = [
            f"line {turn.line}",
            *([self.clean(turn.model)] if turn.model else []),
            *([self.clean(turn.finish_reason)] if turn.finish_reason else []),
            *([f"{turn.input_tokens:,} tokens in"] if turn.input_tokens is not None else []),
            *([f"{turn.output_tokens:,} out"] if turn.output_tokens is not None else []),
        ]
        yield from self._wrapped(f"── turn {number} of {count} ── {', '.join(facts)}")
        for message in turn.request.read():
            yield from self._message(message)
        yield self._line("  reply")
        if turn.text:
            yield from self._text(turn.text)
        for call in turn.tool_calls:
            yield self._line(f"  calls {self.clean(call.name) or '(no name)'}")
            yield from self._text(call.arguments)

    def _message(self, message: Message) -> Iterator[str]:
        tools = f" ({', '.join(map(self.clean, message.tools))})" if message.tools else ""
        yield self._line(f"  {self.clean(message.role)}{tools}")
        yield from self._text(message.text)

    def _failures(self, failed: tuple[FailedCall, ...]) -> Iterator[str]:
        yield self._line(f"── {count(len(failed), 'failed call')} ──")
        for call in failed if self._full else failed[:FOLDED]:
            yield from self._wrapped(
                f"line {call.line}: {self.clean(call.error_type or 'error')}: "
                f"{self.clean(call.message)[:_MESSAGE]}",
                "  ",
            )
        if not self._full and len(failed) > FOLDED:
            yield self._line(f"  … {len(failed) - FOLDED} more (--full)")

    def _text(self, text: str) -> Iterator[str]:
        """A text of the recording, folded: its first lines, and how many there are."""
        wide = self._columns - len(_INDENT)
        lines: list[str] = []
        hidden = 0
        for paragraph in self.clean(text).splitlines():
            pieces = _pieces(shown(paragraph), wide)
            room = len(pieces) if self._full else max(FOLDED - len(lines), 0)
            lines += pieces[:room]
            hidden += len(pieces[room:])
        yield from (f"{_INDENT}{line}".rstrip() for line in lines)
        if hidden:
            yield f"{_INDENT}… {hidden:,} more lines (--full)"

    def _wrapped(self, text: str, indent: str = "") -> list[str]:
        return textwrap.wrap(
            shown(text), self._columns, initial_indent=indent, subsequent_indent=indent + "  "
        )

    def _line(self, text: str) -> str:
        text = shown(text)
        return text if len(text) <= self._columns else text[: self._columns - 1] + "…"


def _pieces(line: str, wide: int) -> list[str]:
    return [line[at : at + wide] for at in range(0, len(line), wide)] or [""]


def _models(summary: Summary) -> str:
    return "".join(f", {name} ×{count}" for name, count in summary.models)
