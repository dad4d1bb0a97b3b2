"""A list of regular expressions and how a gitleaks version tries it on a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

from msgspec import Struct

from evalpolicy.scanners.gitleaks.goregex import GoRegex, RefusedPattern, compile_go, join_or

Test = Callable[[str], bool]

_PLAIN = re.compile(r"\^?(?:[\w/ -]|\\[./-]|\.)*[\w/ -](?:[\w/ -]|\\[./-]|\.)*\$?", re.ASCII)
"""A pattern without groups, flags, repetition or alternatives that never matches nothing."""

_PIECE = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]"
    r"|(?P<flags>\(\?[imsU]*-?[imsU]*\))|(?P<bracket>[()])|[^\\\[()]+|.",
    re.DOTALL,
)
"""A pattern in pieces: a quotation, an escape, a class, a flag, a bracket, anything else."""

_CHUNK = 200
_CHUNK_LENGTH = 10_000


class Patterns(Struct, frozen=True, dict=True):
    """The patterns of one criterion.

    `joined` (8.28.0 and after): as one `(?:a|b)`, which may match the empty string; otherwise each
    alone, where a leftmost match that is empty does not count (config/utils.go).
    """

    sources: tuple[str, ...] = ()
    joined: bool = False

    def allow(self, text: str) -> bool:
        """Whether the list lets a path or a secret pass; "" never passes through a list."""
        return bool(text) and any(test(text) for test in self._tests)

    @cached_property
    def _tests(self) -> list[Test]:
        return _tests(self.sources, self.joined) if self.sources else []


def _tests(sources: Sequence[str], joined: bool) -> list[Test]:
    # Thousands of plain patterns mean the same joined or not, and joined they take milliseconds.
    plain = [source for source in sources if _PLAIN.fullmatch(source)]
    if len(plain) == len(sources) or (joined and not any(map(reaches_out, sources))):
        return [_any(chunk) for chunk in _chunks(sources)]
    if joined:
        return [_compiled(join_or(sources)).finds]
    others = [source for source in sources if not _PLAIN.fullmatch(source)]
    return [
        *(_any(chunk) for chunk in _chunks(plain)),
        *(_each(chunk) for chunk in _chunks(others)),
    ]


def _any(sources: Sequence[str]) -> Test:
    """Whether any of them matches; one by one where all together are too much for RE2."""
    whole = compile_go(join_or(sources))
    if isinstance(whole, GoRegex):
        return whole.finds
    alone = [_compiled(source).finds for source in sources]
    return lambda text: any(test(text) for test in alone)


def _each(sources: Sequence[str]) -> Test:
    """Each pattern alone, behind one regex of all that says quickly that none matches."""
    alone = [_compiled(source).finds_something for source in sources]
    whole = compile_go(join_or(f"(?:{source})" for source in sources))
    if len(sources) < 2 or isinstance(whole, RefusedPattern):
        return lambda text: any(test(text) for test in alone)
    return lambda text: whole.finds(text) and any(test(text) for test in alone)


def flags_left_on(source: str, before: str = "") -> str:
    """The letters of the flags, such as `(?i)`, that still hold where a valid pattern ends.

    A flag without a colon holds to the end of its group, so for the patterns that are joined
    behind it, too. `before` holds where the pattern begins.
    """
    if "(?" not in source:
        return before
    on = set(before)
    depth = 0
    for piece in _PIECE.finditer(source):
        if piece["bracket"]:
            depth += 1 if piece["bracket"] == "(" else -1
        elif piece["flags"] and not depth:
            added, _, removed = piece["flags"].strip("(?)").partition("-")
            on = (on | set(added)) - set(removed)
    return "".join(sorted(on))


def as_joined(sources: Iterable[str]) -> Iterator[str]:
    """Each pattern with the flags that those before it leave on when all are joined."""
    flags = ""
    for source in sources:
        yield f"(?{flags}){source}" if flags else source
        flags = flags_left_on(source, flags)


def reaches_out(source: str) -> bool:
    """Whether a pattern may affect the ones next to it: a flag, a name, an open quotation."""
    return "(?" in source.replace("(?:", "") or "\\Q" in source


def _chunks(sources: Sequence[str]) -> Iterator[Sequence[str]]:
    """Pieces that fit in RE2's memory."""
    chunk: list[str] = []
    length = 0
    for source in sources:
        if chunk and (len(chunk) == _CHUNK or length + len(source) > _CHUNK_LENGTH):
            yield chunk
            chunk, length = [], 0
        chunk.append(source)
        length += len(source)
    if chunk:
        yield chunk


def _compiled(source: str) -> GoRegex:
    found = compile_go(source)
    if isinstance(found, RefusedPattern):
        raise ValueError(f"not checked before use: {found.message}")
    return found
