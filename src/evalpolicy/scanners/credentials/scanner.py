"""Finds credentials in bytes: one RE2 pass for all shapes, and only its hits are judged."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

import re2
from msgspec import Struct

from evalpolicy.scanners.credentials.escapes import ESCAPE, escaped_stretches, unescape
from evalpolicy.scanners.credentials.fitting import (
    Found,
    Kind,
    fitting,
    fitting_before_glue,
    half_redacted,
    prefix_of,
)
from evalpolicy.scanners.credentials.hosts import HostPattern
from evalpolicy.scanners.credentials.providers import SHAPES
from evalpolicy.scanners.credentials.shapes import LONGEST, Shape

_PROBE_OPTIONS = re2.Options()
_PROBE_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_PROBE_OPTIONS.never_capture = True
_PROBE_OPTIONS.max_mem = 64 << 20

_PROBED = 512
"""Bytes that a probe may take: more than the longest one does."""

_BEFORE = 64
"""Bytes before a candidate, and behind the longest one, that may say whether it is one."""

_KNOWN = 1 << 10
"""So many answers are kept for one text: 2 MB with the bytes that they rest on."""

_Surrounded: TypeAlias = tuple[int, bytes, tuple[int, bool, int] | None]
"""Where a candidate begins in some bytes, these, and what is known of the next credential."""

_LEAD = 16
"""Bytes before a stretch that are read with it, so that no word seems to begin with it."""


class CredentialHit(Struct, frozen=True):
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

    Work and memory grow with the bytes, whatever they are: each probe and each credential has a
    bounded length, and is judged once.

    `hosts` are RE2 patterns of host names. Raises `ValueError` for one that RE2 refuses.
    """

    def __init__(self, hosts: Sequence[str] = ()) -> None:
        shapes = [half_redacted(), *SHAPES]
        # A probe that counts and may begin anywhere (`[MNO][A-Za-z0-9]{22,27}`) takes an automaton
        # of thousands of states, each built when it is first met: `lead` is for these.
        self._probes = [_probe(shape) for shape in shapes]
        self._by_prefix: dict[bytes, list[Shape]] = {}
        for shape in shapes:
            if shape.prefix:
                self._by_prefix.setdefault(shape.prefix[:2].encode(), []).append(shape)
        self._without_prefix = [shape for shape in shapes if not shape.prefix]
        self._hosts = [HostPattern(pattern) for pattern in hosts]

    @cached_property
    def _probe(self) -> re2._Regexp:
        return _any_of(self._probes)

    @cached_property
    def _probe_or_escape(self) -> re2._Regexp:
        return _any_of([*self._probes, ESCAPE])

    @cached_property
    def _probes_without_prefix(self) -> re2.Set:
        """One pass tells which of them match at the start of a text."""
        probes = re2.Set.MatchSet(_PROBE_OPTIONS)
        for shape in self._without_prefix:
            probes.Add(_probe(shape).encode())
        probes.Compile()
        return probes

    def scan(self, content: bytes) -> tuple[CredentialHit, ...]:
        """The credentials in `content`, in order; none overlaps another."""
        found = [*self._find(content), *self._find_hosts(content)]
        found.sort(key=lambda one: (one.start, -one.end))
        hits: list[CredentialHit] = []
        line, counted, reached = 1, 0, 0
        for start, end, shape, kind, replacement in found:
            if start < reached:
                continue
            line += content.count(b"\n", counted, start)
            counted, reached = start, end
            masked = _mask(content[start:end], shape)
            hits.append(
                CredentialHit(shape.id, shape.what, kind, start, end, line, masked, replacement)
            )
        return tuple(hits)

    def _find(self, text: bytes) -> Iterator[Found]:
        """Credentials as they stand, and behind escapes where there are any."""
        starts, escape = self._candidates(text)
        yield from self._judged(text, starts)
        if escape is not None:
            yield from self._find_escaped(text, escape)

    def _candidates(self, text: bytes) -> tuple[array[int], int | None]:
        """Where a shape's probe matches, and where the first escape stands."""
        starts, escape, at = array("Q"), None, 0
        probe = self._probe_or_escape
        while (match := probe.search(text, at)) is not None:
            start = at = match.start()
            if text[start] in b"\\%":  # no shape begins with one
                escape, probe = at, self._probe
                continue
            starts.append(start)
            at = start + 1
        return starts, escape

    def _judged(self, text: bytes, starts: array[int]) -> list[Found]:
        """The credentials among the candidates, from the last to the first.

        So the end of one that another is glued to is known. Of two that overlap the one that
        begins first is it.
        """
        found: list[Found] = []
        known: dict[_Surrounded, Found | None] = {}
        for start in reversed(starts):
            one = self._judged_once(text, start, found[-1] if found else None, known)
            if one is None:
                continue
            while found and found[-1].start < one.end and one.start <= found[-1].start:
                found.pop()
            if not found or one.end <= found[-1].start:
                found.append(one)
        return found

    def _judged_once(
        self, text: bytes, start: int, right: Found | None, known: dict[_Surrounded, Found | None]
    ) -> Found | None:
        """`_judge`, which a text that repeats itself asks for over and over.

        Its answer is kept by the bytes that it can look at, as if the candidate began at 0.
        """
        first = max(start - _BEFORE, 0)
        glue = right and (right.start - start, bool(right.shape.before), text[right.start - 1])
        key = (start - first, text[first : start + LONGEST + _BEFORE], glue)
        if key in known:
            one = known[key]
            return one and one._replace(start=one.start + start, end=one.end + start)
        shapes = self._shapes_at(text, start)
        one = self._judge(text, start, right, shapes)
        if len(known) < _KNOWN and all(s.gate is None and s.longest <= LONGEST for s in shapes):
            known[key] = one and one._replace(start=one.start - start, end=one.end - start)
        return one

    def _shapes_at(self, text: bytes, start: int) -> list[Shape]:
        """The shapes whose probes match at `start`, those without a prefix first."""
        shapes = [
            shape
            for shape in self._by_prefix.get(text[start : start + 2], ())
            if text.startswith(shape.prefix.encode(), start)
        ]
        probed = self._probes_without_prefix.Match(text[start : start + _PROBED]) or ()
        shapes[:0] = [self._without_prefix[number] for number in sorted(probed)]
        return shapes

    def _judge(
        self, text: bytes, start: int, right: Found | None, shapes: list[Shape]
    ) -> Found | None:
        """The shape that fits the text at `start`, once everything about it is checked."""
        for shape in shapes:
            for at in _leads(shape, start):
                if (found := fitting(shape, text, at, right)) is not None:
                    return found
        for shape in shapes:
            for at in _leads(shape, start):
                if (found := fitting_before_glue(shape, text, at)) is not None:
                    return found
        return None

    def _find_escaped(self, content: bytes, first: int) -> Iterator[Found]:
        for start, end in escaped_stretches(content, first):
            lead = min(_LEAD, start - (content.rfind(b"\n", 0, start) + 1))
            plain = unescape(content[start - lead : end], start - lead)
            starts, _ = self._candidates(plain.text)
            for one in (*self._judged(plain.text, starts), *self._find_hosts(plain.text)):
                begin = plain.offset(one.start)
                if begin >= start:
                    yield one._replace(start=begin, end=plain.offset(one.end))

    def _find_hosts(self, text: bytes) -> Iterator[Found]:
        for pattern in self._hosts:
            for start, end in pattern.spans(text):
                yield Found(start, end, _HOST, "host", b"host.internal.invalid")


_HOST = Shape("internal-host", "internal host name", "")


def _probe(shape: Shape) -> str:
    return shape.probe or shape.before + shape.secret + shape.after


def _leads(shape: Shape, start: int) -> Iterator[int]:
    least, most = shape.lead
    return (start - lead for lead in range(min(most, start), least - 1, -1))


def _any_of(patterns: Sequence[str]) -> re2._Regexp:
    return re2.compile("|".join(f"(?:{one})" for one in patterns).encode(), _PROBE_OPTIONS)


def _mask(secret: bytes, shape: Shape) -> str:
    prefix = prefix_of(shape, secret) if shape is not _HOST else ""
    digest = hashlib.sha256(secret).hexdigest()[:8]
    return f"{prefix}… ({len(secret)} characters, sha256 {digest}…)"
