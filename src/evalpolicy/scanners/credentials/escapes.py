r"""Text as a JSON reader or a URL's would see it, with the way back to the bytes as they stand.

A recorded run is JSON within JSON within JSON. Letters and digits survive that as they are, but a
serializer may write `-` as `\u002d` and `/` as `\/`, with more backslashes the deeper it stands;
a URL writes `%2D`, and Python's and C's literals `\x2d`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import re2
from msgspec import Struct

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1

_HEX = "(?:2[1-57-9a-fA-F]|3[0-9abdABD]|[46][0-9a-fA-F]|5[0-9a-fA-F]|7[0-9a-eA-E])"
_BACKSLASHED = rf"\\+(?:/|(?:u00|x){_HEX})"
ESCAPE = f"(?:{_BACKSLASHED}|%{_HEX})"
"""The escape of a printable ASCII character that a credential or its context may hold, or of a
backslash. `<`, `>` and `&` are none: Go escapes them in every text, and no credential has them."""

_ESCAPE = re2.compile(ESCAPE.encode(), _OPTIONS)
_IN_JSON = re2.compile(_BACKSLASHED.encode(), _OPTIONS)
_ROUNDS = 4

REACH = 4 << 10
"""Bytes around an escape that are read without it: more than a credential of one escape is long."""


class Unescaped(Struct, frozen=True):
    """`text` without its needless escapes.

    Each round of unescaping left two lists: where a character that was an escape stands in the
    result, and how many bytes longer the text before it was up to there.
    """

    text: bytes
    base: int
    rounds: tuple[tuple[list[int], list[int]], ...]

    def offset(self, at: int) -> int:
        """Where `text[at]` begins in the bytes as they stand; also for the end of the text."""
        for places, longer in reversed(self.rounds):
            index = bisect_left(places, at)
            at += longer[index - 1] if index else 0
        return at + self.base


def escaped_stretches(content: bytes, first: int = 0) -> Iterator[tuple[int, int]]:
    """The parts of `content` that hold escapes: `REACH` on both sides, no further than the line.

    There is no escape before `first`.
    """
    start = end = line_end = -1
    for match in _ESCAPE.finditer(content, first):
        at = match.start()
        if at > line_end:
            line_start = max(content.rfind(b"\n", max(line_end, 0), at), line_end) + 1
            line_end = content.find(b"\n", at)
            line_end = len(content) if line_end < 0 else line_end
        reached = max(at - REACH, line_start)
        if reached > end:
            if end >= 0:
                yield start, end
            start = reached
        end = min(match.end() + REACH, line_end)
    if end >= 0:
        yield start, end


def unescape(content: bytes, base: int = 0, *, in_json: bool = False) -> Unescaped:
    r"""Resolves the escapes of ASCII characters, at any depth, until none is left.

    `base` is added to every offset. An escaped backslash may make a new escape (`\u005cu002d`), so
    it takes up to four rounds. With `in_json` those of URLs stay.
    """
    text = content
    rounds: list[tuple[list[int], list[int]]] = []
    for _ in range(_ROUNDS):
        pieces: list[bytes] = []
        places: list[int] = []
        longer: list[int] = []
        last = extra = 0
        for match in (_IN_JSON if in_json else _ESCAPE).finditer(text):
            start, end = match.span()
            slash = text[end - 1 : end] == b"/"
            pieces += (text[last:start], b"/" if slash else bytes((int(text[end - 2 : end], 16),)))
            places.append(start - extra)
            extra += end - start - 1
            longer.append(extra)
            last = end
        if not last:
            break
        pieces.append(text[last:])
        text = b"".join(pieces)
        rounds.append((places, longer))
    return Unescaped(text, base, tuple(rounds))
