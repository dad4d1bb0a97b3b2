"""Finds credentials in bytes: one RE2 pass for all shapes, and only its hits are judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import Literal, TypeAlias

import re2
from msgspec import Struct

from evalpolicy.credentials.escapes import ESCAPE, has_escapes, unescape
from evalpolicy.credentials.hosts import HostPattern
from evalpolicy.credentials.plausible import (
    is_key_block,
    is_placeholder,
    rest_behind_mark,
)
from evalpolicy.credentials.providers import SHAPES
from evalpolicy.credentials.shapes import Shape

Kind: TypeAlias = Literal["credential", "half-redacted", "host"]

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.log_errors = False
_PROBE_OPTIONS = re2.Options()
_PROBE_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_PROBE_OPTIONS.never_capture = True
_PROBE_OPTIONS.max_mem = 64 << 20


class Hit(Struct, frozen=True):
    """A credential in some bytes: `content[start:end]`, on `line` (from 1).

    `masked` is all that may be shown of it: its prefix, its length, and the first eight digits of
    its SHA-256, which tell two of them apart. `replacement` is what redaction puts in its place.
    """

    shape: str
    what: str
    kind: Kind
    start: int
    end: int
    line: int
    masked: str
    replacement: bytes


class Scanner:
    """All shapes, and the patterns of internal host names that a fleet configures.

    `hosts` are RE2 patterns of host names. Raises `ValueError` for one that RE2 refuses.
    """

    def __init__(self, hosts: Sequence[str] = ()) -> None:
        self._shapes = [_half_redacted(), *SHAPES]
        self._prefixes = [shape.prefix.encode() for shape in self._shapes]
        # A probe that counts and may begin anywhere (`[MNO][A-Za-z0-9]{22,27}`) takes an automaton
        # of thousands of states, each built when it is first met: `lead` is for these.
        self._probes = [
            shape.probe or shape.before + shape.secret + shape.after for shape in self._shapes
        ]
        self._hosts = [HostPattern(pattern) for pattern in hosts]

    @cached_property
    def _probe(self) -> re2._Regexp:
        return _any_of(self._probes)

    @cached_property
    def _probe_or_escape(self) -> re2._Regexp:
        return _any_of([*self._probes, ESCAPE])

    def scan(self, content: bytes) -> tuple[Hit, ...]:
        """The credentials in `content`, in order; none overlaps another."""
        found = [*self._find(content), *self._find_hosts(content)]
        found.sort(key=lambda one: (one[0], -one[1]))
        hits: list[Hit] = []
        line, counted, reached = 1, 0, 0
        for start, end, shape, kind, replacement in found:
            if start < reached:
                continue
            line += content.count(b"\n", counted, start)
            counted, reached = start, end
            secret = content[start:end]
            hits.append(
                Hit(
                    shape.id,
                    shape.what,
                    kind,
                    start,
                    end,
                    line,
                    _mask(secret, shape),
                    replacement,
                )
            )
        return tuple(hits)

    def _find(self, text: bytes) -> Iterator[_Found]:
        """Credentials as they stand, and from the first escape on those behind escapes too."""
        probe, at = self._probe_or_escape, 0
        while (match := probe.search(text, at)) is not None:
            start = match.start()
            if text[start] == _BACKSLASH:  # no shape begins with one
                yield from self._find_escaped(text)
                probe, at = self._probe, start
                continue
            found = self._judge(text, start)
            if found is None:
                at = start + 1
                continue
            yield found
            at = max(found[1], start + 1)

    def _find_escaped(self, content: bytes) -> Iterator[_Found]:
        base = 0
        for line in content.split(b"\n"):
            if has_escapes(line):
                plain = unescape(line, base)
                found = (*self._find(plain.text), *self._find_hosts(plain.text))
                for begin, end, shape, kind, replacement in found:
                    yield plain.offset(begin), plain.offset(end), shape, kind, replacement
            base += len(line) + 1

    def _find_hosts(self, text: bytes) -> Iterator[_Found]:
        for pattern in self._hosts:
            for start, end in pattern.spans(text):
                yield start, end, _HOST, "host", b"host.internal.invalid"

    def _judge(self, text: bytes, start: int) -> _Found | None:
        """The shape that fits the text at `start`, once everything about it is checked."""
        for shape, prefix in zip(self._shapes, self._prefixes, strict=True):
            if prefix and not shape.before and not text.startswith(prefix, start):
                continue
            least, most = shape.lead
            for lead in range(min(most, start), least - 1, -1):
                found = _fitting(shape, text, start - lead, len(prefix))
                if found is not None:
                    return found
        return None


_Found: TypeAlias = tuple[int, int, Shape, Kind, bytes]
_BACKSLASH = ord("\\")
_HOST = Shape("internal-host", "internal host name", "")


def _fitting(shape: Shape, text: bytes, start: int, prefix: int) -> _Found | None:
    """The credential of this shape at `start`; `prefix` is the length of its prefix."""
    match = _exact(shape).match(text, start)
    if match is None:
        return None
    begin, end = match.span(1)
    if shape.alphabet and _one_of(shape.alphabet).match(text, end) is not None:
        return None
    if not shape.before and not _begins(text, begin):
        return None
    kind = _kind(shape, match[1], prefix)
    if kind is None:
        return None
    return begin, end, shape, kind, _prefix(shape, match[1]).encode() + b"REDACTED"


@cache
def _exact(shape: Shape) -> re2._Regexp:
    return re2.compile(f"(?:{shape.before})({shape.secret})(?:{shape.after})".encode(), _OPTIONS)


@cache
def _one_of(alphabet: str) -> re2._Regexp:
    return re2.compile(f"[{alphabet}]".encode(), _OPTIONS)


_PREFIXES = tuple(sorted({shape.prefix for shape in SHAPES if shape.prefix}, key=len, reverse=True))


def _half_redacted() -> Shape:
    """A known prefix, a mark, and at least eight more characters of the token."""
    prefixes = "|".join(prefix.replace(".", r"\.") for prefix in _PREFIXES)
    token = "[A-Za-z0-9._-]"
    mark = rf"(?:{prefixes}){token}{{0,40}}(?:(?i:redacted)|\*{{3,}})"
    return Shape(
        "half-redacted",
        "token that is redacted only in part",
        f"{mark}{token}{{8,200}}",
        probe=f"{mark}{token}{{8}}",
        alphabet="",
    )


def _any_of(patterns: Sequence[str]) -> re2._Regexp:
    return re2.compile("|".join(f"(?:{one})" for one in patterns).encode(), _PROBE_OPTIONS)


_ESCAPED_BEFORE = re2.compile(
    rb"(?:\\[nrtbf]|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|\[[0-9;]{0,8}m)$", _OPTIONS
)
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def _begins(text: bytes, start: int) -> bool:
    r"""Whether a token may begin here: no letter or digit before it, but for an escape's own.

    `\nsk-…` is a line break and a key; `%3Dsk-…` is `=` and a key; `ESC[0msk-…` is a coloured key.
    """
    if start == 0 or text[start - 1] not in _WORD:
        return True
    return _ESCAPED_BEFORE.search(text[max(0, start - 12) : start]) is not None


def _kind(shape: Shape, secret: bytes, prefix: int) -> Kind | None:
    """What a match is, None where it is no credential."""
    if shape.check is is_key_block:
        return "credential" if is_key_block(secret) else None
    body = secret[prefix:]
    rest = rest_behind_mark(body)
    if rest is not None:
        return "half-redacted" if rest else None
    if shape.id == "half-redacted" or is_placeholder(body):
        return None
    if shape.check is not None and not shape.check(secret):
        return None
    return "credential"


def _prefix(shape: Shape, secret: bytes) -> str:
    """What of the credential may be seen, and stays when it is redacted."""
    if shape.id != "half-redacted":
        return shape.prefix
    return next(prefix for prefix in _PREFIXES if secret.startswith(prefix.encode()))


def _mask(secret: bytes, shape: Shape) -> str:
    prefix = _prefix(shape, secret) if shape is not _HOST else ""
    digest = hashlib.sha256(secret).hexdigest()[:8]
    return f"{prefix}… ({len(secret)} characters, sha256 {digest}…)"
