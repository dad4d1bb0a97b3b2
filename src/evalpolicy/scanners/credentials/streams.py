"""Scans what does not fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from msgspec.structs import replace

from evalpolicy.scanners.credentials.scanner import CredentialHit, Scanner

WINDOW = 4 * 1024 * 1024
"""Bytes that are scanned at once; more only where one chunk of the source is longer."""

OVERLAP = 64 * 1024
"""Bytes that two windows of one long line share: more than any credential is long."""

_LEAD = 512
"""Bytes at the start of the next window that belong to this one: more than the context before any
credential is long, so that no window judges one whose context it cannot see."""

_CHUNK = 1024 * 1024


def scan_stream(scanner: Scanner, source: Iterable[bytes] | BinaryIO) -> Iterator[CredentialHit]:
    """The hits in a file of any size, with offsets and lines of the whole."""
    read = getattr(source, "read", None)
    chunks = iter(lambda: read(_CHUNK), b"") if read is not None else source
    scan = WindowedScan(scanner)
    for chunk in chunks:
        yield from scan.feed(chunk)
    yield from scan.finish()


class WindowedScan:
    """One scan of a file that comes in chunks, beside whatever else reads them.

    Windows end at a line break where there is one, so that the result is that of one scan; within
    a line longer than `WINDOW` a private key of more than `OVERLAP` bytes could be cut.
    """

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._window = b""
        self._base, self._line, self._reached = 0, 1, 0

    def feed(self, chunk: bytes) -> Iterator[CredentialHit]:
        """The hits that are certain once these bytes are known; to be gone through to the end."""
        self._window += chunk
        window, base = self._window, self._base
        if len(window) < WINDOW:
            return
        end = window.rfind(b"\n") + 1
        keep = end or len(window) - OVERLAP
        # Within an unfinished line the next window begins with what this one has judged already.
        limit = base + (end or keep + _LEAD)
        for hit in self._shifted(window[: end or len(window)]):
            if self._reached <= hit.start < limit:
                yield hit
                self._reached = hit.end
        self._reached = max(self._reached, limit)
        self._line += window.count(b"\n", 0, keep)
        self._base, self._window = base + keep, window[keep:]

    def finish(self) -> Iterator[CredentialHit]:
        """The hits in what is left."""
        for hit in self._shifted(self._window):
            if hit.start >= self._reached:
                yield hit

    def _shifted(self, window: bytes) -> Iterator[CredentialHit]:
        base, line = self._base, self._line
        for hit in self._scanner.scan(window):
            yield replace(hit, start=hit.start + base, end=hit.end + base, line=hit.line + line - 1)
