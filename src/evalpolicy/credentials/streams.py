"""Scans what does not fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

from evalpolicy.credentials.scanner import Hit, Scanner

WINDOW = 4 * 1024 * 1024
"""Bytes that are scanned at once; more only where one chunk of the source is longer."""

OVERLAP = 64 * 1024
"""Bytes that two windows of one long line share: more than any credential is long."""

_LEAD = 512
"""Bytes at the start of the next window that belong to this one: more than the context before any
credential is long, so that no window judges one whose context it cannot see."""

_CHUNK = 1024 * 1024


def scan_stream(scanner: Scanner, source: Iterable[bytes] | BinaryIO) -> Iterator[Hit]:
    """The hits in a file of any size, with offsets and lines of the whole.

    Windows end at a line break where there is one, so that the result is that of one scan; within
    a line longer than `WINDOW` a private key of more than `OVERLAP` bytes could be cut.
    """
    read = getattr(source, "read", None)
    chunks = iter(lambda: read(_CHUNK), b"") if read is not None else source
    window, base, line, reached = b"", 0, 1, 0
    for chunk in chunks:
        window += chunk
        if len(window) < WINDOW:
            continue
        end = window.rfind(b"\n") + 1
        keep = end or len(window) - OVERLAP
        # Within an unfinished line the next window begins with what this one has judged already.
        limit = base + (end or keep + _LEAD)
        for hit in _shifted(scanner.scan(window[: end or len(window)]), base, line):
            if reached <= hit.start < limit:
                yield hit
                reached = hit.end
        reached = max(reached, limit)
        line += window.count(b"\n", 0, keep)
        base, window = base + keep, window[keep:]
    for hit in _shifted(scanner.scan(window), base, line):
        if hit.start >= reached:
            yield hit


def _shifted(hits: Iterable[Hit], base: int, line: int) -> Iterator[Hit]:
    for hit in hits:
        yield replace(hit, start=hit.start + base, end=hit.end + base, line=hit.line + line - 1)
