"""Internal host names: a pattern says which, the letters of host names say from where to where."""

from __future__ import annotations

from collections.abc import Iterator

import re2

from evalpolicy.matching.re2 import excess

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.log_errors = False

# A host name has at most 253 characters (RFC 1035, 2.3.4).
_LONGEST = 253
_NAME = re2.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", _OPTIONS)
_ADDRESS = re2.compile(rb"\[?[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\]?", _OPTIONS)
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-")
# What looks like the beginning of a name and ends an escape, or a colour of a terminal.
_ESCAPED = re2.compile(
    rb"\\[nrtbf]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}|\[[0-9]{0,3}m", _OPTIONS
)
# A number or a word of JSON, which stands without quotes: no host is called so.
_VALUE = re2.compile(rb"[0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?|true|false|null", _OPTIONS)
# What redaction puts in the place of a host ends so, and no such name is ever real (RFC 2606).
_RESERVED = b".invalid"


class HostPattern:
    """One of `internal_hosts`, in RE2's syntax. Raises `ValueError` for one that RE2 refuses."""

    def __init__(self, pattern: str) -> None:
        if (why := excess(pattern)) is not None:
            raise ValueError(f"a pattern of {len(pattern):,} characters was not tried: {why}")
        try:
            self._pattern = re2.compile(pattern.encode(), _OPTIONS)
        except re2.error as error:
            raise ValueError(f"not a regular expression of RE2: {pattern}: {error}") from None

    def spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        r"""Where the hosts begin and end: whole names, of letters, digits, dots and hyphens alone.

        A pattern may match less than a name (`corp\.example`) or more (`.*\.corp\.example`, which
        takes the line before it): what is redacted is neither a piece of a host nor what stands
        beside it. An IPv6 address is matched as a whole or not at all.
        """
        reached = 0
        for match in self._pattern.finditer(text):
            start, end = match.span()
            if start == end or end <= reached:
                continue
            if _ADDRESS.fullmatch(match[0]) is not None:
                spans = [(start, end)]
            else:
                spans = self._meant(text, list(_names(text, *_widened(text, start, end, reached))))
            for begin, stop in spans:
                if not text[begin:stop].endswith(_RESERVED):
                    yield begin, stop
                reached = stop

    def _meant(self, text: bytes, names: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Of the names in a match those that match alone, or else those with a dot, or one."""
        alone = [one for one in names if self._pattern.search(text[one[0] : one[1]]) is not None]
        dotted = [one for one in names if b"." in text[one[0] : one[1]]]
        return alone or dotted or sorted(names, key=lambda one: one[0] - one[1])[:1]


def _names(text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    r"""What may be a host's name there, without the letter of an escape before it (`\nllm`)."""
    for found in _NAME.finditer(text, start, end):
        begin, stop = found.span()
        if begin and (escape := _ESCAPED.match(text, begin - 1)) is not None:
            begin = escape.end()
            while begin < stop and text[begin] in b"-.":
                begin += 1
        if begin < stop and _VALUE.fullmatch(text[begin:stop]) is None:
            yield begin, stop


def _widened(text: bytes, start: int, end: int, reached: int) -> tuple[int, int]:
    """The match with the rest of the names that it begins and ends in, from `reached` on."""
    least, most = max(reached, start - _LONGEST), min(len(text), end + _LONGEST)
    start = max(start, reached)
    while start > least and text[start - 1] in _LETTERS:
        start -= 1
    while end < most and text[end] in _LETTERS:
        end += 1
    return start, end
