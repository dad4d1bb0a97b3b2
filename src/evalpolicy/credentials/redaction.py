"""Takes credentials out of a file and leaves every other byte as it is."""

from __future__ import annotations

import re

from msgspec import Struct

from evalpolicy.credentials.scanner import Hit, Scanner

_ROUNDS = 8
_PRECISE = 3
"""Rounds that take out credentials and nothing else. What is still found then stands in a tangle
of beginnings (`sk-ant-api03-` over and over), which goes up to its end."""

_TANGLE = re.compile(rb"[A-Za-z0-9._-]*")


class Change(Struct, frozen=True):
    """One kind of credential that was replaced, and how often; `masked` is safe to show."""

    shape: str
    what: str
    masked: str
    lines: tuple[int, ...]


def redact(content: bytes, scanner: Scanner) -> tuple[bytes, tuple[Change, ...]]:
    """`content` with each credential replaced by its prefix and `REDACTED`.

    Only the bytes of the credentials change: JSON stays JSON, and every other byte is the same. The
    result has no hit any more, and redacting it again changes nothing. Raises `RuntimeError` where
    hits remain after eight rounds, which a host pattern that matches its own replacement could
    bring about.
    """
    changed: list[Hit] = []
    for number in range(_ROUNDS):
        hits = scanner.scan(content)
        if not hits:
            return content, _changes(changed)
        pieces: list[bytes] = []
        last = 0
        for hit in hits:
            if hit.start < last:
                continue
            pieces += (content[last : hit.start], hit.replacement)
            last = hit.end
            if number >= _PRECISE and hit.kind != "host" and (more := _TANGLE.match(content, last)):
                last = more.end()
        content = b"".join((*pieces, content[last:]))
        changed += hits
    raise RuntimeError("redaction does not come to an end: a pattern matches its replacement")


def _changes(hits: list[Hit]) -> tuple[Change, ...]:
    lines: dict[tuple[str, str, str], list[int]] = {}
    for hit in hits:
        lines.setdefault((hit.shape, hit.what, hit.masked), []).append(hit.line)
    return tuple(
        Change(shape, what, masked, tuple(where)) for (shape, what, masked), where in lines.items()
    )
