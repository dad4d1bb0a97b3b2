"""Takes credentials out of a file and leaves every other byte as it is."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from msgspec import Struct

from evalpolicy.scanners.credentials.scanner import CredentialHit, Scanner

_ROUNDS = 8
_MARK = b"REDACTED"
_TOKEN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
# The letters behind a backslash belong to an escape of JSON.
_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|[a-z])")


class ReplacedCredentials(Struct, frozen=True):
    """One kind of credential that was replaced, and how often; `masked` is safe to show."""

    shape: str
    what: str
    masked: str
    lines: tuple[int, ...]


class Redacted(NamedTuple):
    """`content` after redaction; `left` are the credentials that could not be taken out of it."""

    content: bytes
    changes: tuple[ReplacedCredentials, ...]
    left: tuple[CredentialHit, ...] = ()


def redact(content: bytes, scanner: Scanner) -> Redacted:
    """`content` with each credential replaced by its prefix and `REDACTED`.

    Only the bytes of the credentials change: JSON stays JSON, and every other byte is the same. The
    result has no hit any more, and redacting it again changes nothing. Keys that are written
    without a gap leave a new one where one of them was: after eight rounds all of such a token
    goes. What is found even then is `left`, and all others are replaced.
    """
    changed: list[CredentialHit] = []
    for number in range(2 * _ROUNDS):
        hits = scanner.scan(content)
        if not hits:
            return Redacted(content, _changes(changed))
        replaced = _replaced(content, hits, whole=number >= _ROUNDS)
        if replaced == content:
            break
        content = replaced
        changed += hits
    left = scanner.scan(content)
    stubborn = {(hit.shape, hit.masked) for hit in left}
    gone = [hit for hit in changed if (hit.shape, hit.masked) not in stubborn]
    return Redacted(content, _changes(gone), left)


def redact_text(text: str, scanner: Scanner, *, most: int | None = None) -> str:
    """A text without its credentials, cut to `most` characters: what may be shown or kept of it.

    It is redacted before it is cut: no pattern finds a piece of a key. Where a credential could
    not be taken out, a remark stands in the text's place.
    """
    found = redact(text.encode("utf-8", "surrogatepass"), scanner)
    if found.left:
        return "(not shown: it could not be redacted)"
    return found.content.decode("utf-8", "surrogatepass")[:most]


@cache
def plain_scanner() -> Scanner:
    """One of credentials alone, whatever hosts a fleet calls internal."""
    return Scanner()


def _replaced(content: bytes, hits: tuple[CredentialHit, ...], *, whole: bool) -> bytes:
    pieces: list[bytes] = []
    last = 0
    for hit in hits:
        start, end, mark = hit.start, hit.end, hit.replacement
        if whole and hit.kind != "host":
            (start, end), mark = _token(content, start, end), _MARK
        pieces += (content[last : max(start, last)], mark)
        last = max(end, last)
    return b"".join((*pieces, content[last:]))


def _token(content: bytes, start: int, end: int) -> tuple[int, int]:
    """A credential with all that it is glued to."""
    credential = start
    while start and content[start - 1] in _TOKEN:
        start -= 1
    while end < len(content) and content[end] in _TOKEN:
        end += 1
    if start and (escape := _ESCAPE.match(content, start - 1)) is not None:
        start = min(escape.end(), credential)
    return start, end


def _changes(hits: list[CredentialHit]) -> tuple[ReplacedCredentials, ...]:
    lines: dict[tuple[str, str, str], list[int]] = {}
    for hit in hits:
        lines.setdefault((hit.shape, hit.what, hit.masked), []).append(hit.line)
    return tuple(
        ReplacedCredentials(shape, what, masked, tuple(where))
        for (shape, what, masked), where in lines.items()
    )
