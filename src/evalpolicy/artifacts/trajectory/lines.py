"""The lines of a fixture, from chunks of any size, in memory that does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_LINE = 16 * 1024 * 1024
"""Bytes of the longest line that is read. The longest one known holds 359,305 characters, and an
OTLP receiver takes 4 MiB (gRPC) or 20 MiB (HTTP) unless configured otherwise."""

CHUNK = 1024 * 1024


class Line(NamedTuple):
    """A line without its line feed; `content` is None where it is longer than `MAX_LINE`.

    `size` is in bytes. The last line of a file that does not end with a line feed has
    `ended=False`.
    """

    number: int
    content: bytes | None
    size: int
    ended: bool


def split_lines(chunks: Iterable[bytes], limit: int = MAX_LINE) -> Iterator[Line]:
    """The lines that the chunks make up."""
    number, size = 1, 0
    pieces: list[bytes] = []
    for chunk in chunks:
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            size += end - start
            if size > limit:
                content = None
            elif pieces:
                content = b"".join((*pieces, chunk[start:end]))
            else:
                content = chunk[start:end]
            yield Line(number, content, size, True)
            number, size, start = number + 1, 0, end + 1
            pieces.clear()
        size += len(chunk) - start
        if size > limit:
            pieces.clear()
        elif start < len(chunk):
            pieces.append(chunk[start:])
    if size:
        yield Line(number, b"".join(pieces) if size <= limit else None, size, False)
