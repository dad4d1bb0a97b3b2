"""Unified diffs as git writes them, so that `git apply` accepts them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from evalpolicy.snapshot.model import encode_path

_PLAIN = re.compile(rb"[!#-\[\]-~]+")
_NAMED = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r",
          34: b'\\"', 92: b"\\\\"}  # fmt: skip


def unified(before: Mapping[str, bytes], after: Mapping[str, bytes], prefix: str = "") -> bytes:
    """The diff of some files, by path; `prefix` leads from the repository's top to them."""
    pieces = []
    for path in sorted(after):
        old, new = _name(b"a/", prefix + path), _name(b"b/", prefix + path)
        pieces.append(b"diff --git %b %b\n--- %b\n+++ %b\n" % (old, new, old, new))
        pieces.extend(_hunks(_lines(before[path]), _lines(after[path])))
    return b"".join(pieces)


def _hunks(old: list[str], new: list[str]) -> Iterator[bytes]:
    lines = difflib.unified_diff(old, new)
    for number, line in enumerate(lines):
        if number >= 2:
            whole = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            yield whole.encode("utf-8", "surrogateescape")


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "surrogateescape")
    parts = text.split("\n")
    last = parts.pop()
    return [f"{part}\n" for part in parts] + ([last] if last else [])


def _name(side: bytes, path: str) -> bytes:
    """A path as git quotes it (core.quotePath): octal numbers for what is not plain."""
    raw = side + encode_path(path)
    if _PLAIN.fullmatch(raw):
        return raw
    quoted = b"".join(
        _NAMED.get(byte) or (b"%c" % byte if 32 <= byte < 127 else b"\\%03o" % byte) for byte in raw
    )
    return raw if quoted == raw else b'"%b"' % quoted
