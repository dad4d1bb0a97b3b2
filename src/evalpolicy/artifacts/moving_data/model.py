"""A program that an image runs, and a fetch of what moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.model import Script, ShellWord
from evalpolicy.artifacts.syntax.source import Span

Language = Literal["shell", "python", "text"]

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^{}]*))?\})")


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
    values: Mapping[str, str]
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


def expanded(text: str, values: Mapping[str, str]) -> str:
    """A text with the variables that are known; what is not stays as written."""
    return _VARIABLE.sub(
        lambda found: values.get(found[1] or found[2], found[0] if found[3] is None else found[3]),
        text,
    )


def within_word(text: str, word: ShellWord, part: str, at: int) -> tuple[int, int]:
    """The range in a script of a part of a word's text, which has it `at` an offset.

    Quotes and escapes within the word shift it: the part is found as far as it has none.
    """
    plain = re.match(r"[^\s\\'\"$]*", part)
    start = plain[0] if plain else ""
    if not start:
        return word.start, word.end
    found = word.start
    for _ in range(word.text.count(start, 0, at + len(start))):
        following = text.find(start, found, word.end)
        if following < 0:
            return word.start, word.end
        found = following + 1
    begin = max(found - 1, word.start)
    whole = text.startswith(part, begin)
    return begin, begin + len(part if whole else start)
