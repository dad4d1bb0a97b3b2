"""What only looks like a credential: redaction marks, placeholders, documented examples."""

from __future__ import annotations

import re
from operator import sub

_MARK = rb"(?i:redacted|removed|masked|scrubbed)|\*{3,}|[xX]{6,}|\.{3}"
MARK = re.compile(_MARK)
"""What people put in the place of a secret."""

_PLACEHOLDER = re.compile(
    rb"(?i)example|placeholder|changeme|change[_-]me|your[_-]|[_-]your|dummy|fake|sample|insert"
    rb"|my[_-]?(?:api|secret|key|token)|not[_-]?a[_-]?(?:real|secret|key)|xxxx|"
    rb"test[_-]?(?:key|token)|(?:api|secret)[_-]?(?:key|token)|password"
)
_DOCUMENTED = frozenset(
    # The signature of jwt.io's example, in two pieces: scanners of this repository know it too.
    (b"SflKxwRJSMeKKF2QT4fw" + b"pMeJf36POk6yJV_adQssw5c",)
)
_REST = re.compile(rb"[A-Za-z0-9_-]{8,}")


def is_placeholder(body: bytes) -> bool:
    """Whether a credential's body (behind its prefix) was plainly made up.

    It holds a word that says so, has fewer than five different characters, or counts up
    (`1234567890…`, `abcdef…`). Random text of 20 characters does each of these less than once in
    a million.
    """
    if _PLACEHOLDER.search(body) or body.rsplit(b".", 1)[-1] in _DOCUMENTED:
        return True
    if len(set(body)) < 5:
        return True
    counting = sum(map((0, 1).count, map(sub, body[1:], body)))
    return counting > 0.8 * (len(body) - 1)


def rest_behind_mark(body: bytes) -> bytes | None:
    """What is left of a token around its redaction mark; None if there is no mark.

    Empty where the mark stands for the whole token.
    """
    if MARK.search(body) is None:
        return None
    rests = [piece for part in MARK.split(body) for piece in _REST.findall(part)]
    return next((rest for rest in rests if _is_random(rest)), b"")


def _is_random(text: bytes) -> bool:
    """Whether it is more than words and numbers (`-prod-2024-v2`)."""
    kinds = (rb"[a-z]", rb"[A-Z]", rb"[0-9]")
    return any(
        len(word) >= 4 and sum(re.search(kind, word) is not None for kind in kinds) >= 2
        for word in re.split(rb"[-_]", text)
    )


_LETTER_BY_DIGIT = re.compile(rb"[A-Za-z][0-9]|[0-9][A-Za-z]")


def is_virtual_key(token: bytes) -> bool:
    """Whether `sk-…` is a key and not a word.

    LiteLLM makes `sk-` and 22 random URL-safe characters (`secrets.token_urlsafe(16)`); operators
    set their own, often shorter and with hyphens. Words have their digits apart from the letters
    if any: scikit-learn's HTML is full of `sk-container-id-1` and `sk-toggleable__label-arrow`.
    """
    body = token[3:]
    digits = sum(0x30 <= byte <= 0x39 for byte in body)
    if len(body) < 16:
        return b"-" in body and digits >= 4 and re.search(rb"[A-Za-z]", body) is not None
    if digits and re.search(rb"[a-z]", body) and re.search(rb"[A-Z]", body):
        return True
    return digits >= 3 and _LETTER_BY_DIGIT.search(body) is not None


def is_key_block(body: bytes) -> bool:
    """Whether a PEM block holds a key: 64 base64 characters at least, and not all alike."""
    letters = re.sub(rb"\\+[nrt]|[^A-Za-z0-9+/]", b"", body)
    return len(letters) >= 64 and len(set(letters)) >= 12
