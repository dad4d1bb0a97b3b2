"""A program that an image runs, and a fetch of what moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.model import Script, ShellWord
from evalpolicy.artifacts.syntax.source import Span

Language = Literal["shell", "python", "text"]

Lookup: TypeAlias = Callable[[str], str | None]
"""What a variable holds, as far as it is known."""

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^{}]*))?\})")


def _nothing(name: str) -> str | None:
    """What is set around a script that nothing is known of."""
    return None


class Program(Struct, frozen=True):
    """What an image runs: a script, a Python program, or what another one reads.

    - `span`: the place of a range of `text`; `path`: its file, "" for the Dockerfile.
    - `values` of the variables that are set for it.
    - `group`: the programs of one number run one after another in one file system.
    - `read`: a shell script as it was read.
    """

    language: Language
    text: str
    span: Callable[[int, int], Span]
    path: str
    values: Lookup
    group: int
    read: Script | None = None


class Fetch(Struct, frozen=True):
    """One fetch of what moves: `shown` is what it fetches, `when` it changes.

    `source` identifies where from; `pinned` is how to fetch one revision of it, which stands
    there as `{revision}`.
    """

    path: str
    span: Span
    shown: str
    when: str
    source: str
    pinned: str

    @property
    def moves(self) -> str:
        return f"{self.shown}, which changes {self.when}"

    def at(self, revision: str) -> str:
        """How to fetch this revision."""
        return self.pinned.replace("{revision}", revision)


class Values:
    """What variables hold: those of one script, then those that are set around it."""

    def __init__(self, own: Mapping[str, str], outer: Lookup = _nothing) -> None:
        self._own = own
        self._outer = outer

    def __call__(self, name: str) -> str | None:
        value = self._own.get(name)
        return self._outer(name) if value is None else value


def expanded(text: str, values: Lookup) -> str:
    """A text with the variables that are known; what is not stays as written."""
    if "$" not in text:
        return text

    def known(found: re.Match[str]) -> str:
        value = values(found[1] or found[2])
        return value if value is not None else found[0] if found[3] is None else found[3]

    return _VARIABLE.sub(known, text)


class WrittenWord:
    """Where the characters of a word's text stand in its script, with quotes and escapes.

    Each is the next equal one of what is written: exact but for an escape that becomes
    another character.
    """

    def __init__(self, script: str, word: ShellWord) -> None:
        self._offsets: list[int] = []
        at = word.start
        for letter in word.text:
            following = script.find(letter, at, word.end)
            at = following + 1 if following >= 0 else at
            self._offsets.append(max(at - 1, word.start))
        self._end = word.end

    def range(self, start: int, end: int) -> tuple[int, int]:
        """The range in the script of a range of the word's text."""
        if start >= len(self._offsets) or end <= start:
            return self._end, self._end
        return self._offsets[start], self._offsets[min(end, len(self._offsets)) - 1] + 1
