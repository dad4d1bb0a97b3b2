"""Made-up secrets, to try exceptions on."""

from __future__ import annotations

from functools import cache
from hashlib import sha256


@cache
def secrets() -> tuple[str, ...]:
    """Made-up secrets of the shapes that gitleaks' default rules find.

    Alphabets, lengths and prefixes are those of the rules: cloud keys, tokens of code hosts and
    of chats, a JWT, hexadecimal and base64 keys, a UUID, a password, a private key.
    """
    return tuple(
        "".join(_characters(part, f"{number} {place}") for place, part in enumerate(parts))
        for number, parts in enumerate(_SHAPES)
    )


def _characters(part: str | tuple[str, int], seed: str) -> str:
    """A part of a shape: as it is, or so many characters of an alphabet."""
    if isinstance(part, str):
        return part
    alphabet, length = part
    stream = b"".join(sha256(f"{seed} {n}".encode()).digest() for n in range(length // 32 + 1))
    return "".join(alphabet[byte % len(alphabet)] for byte in stream[:length])


_DIGITS, _LOWER = "0123456789", "abcdefghijklmnopqrstuvwxyz"
_HEX = f"{_DIGITS}abcdef"
_ALPHANUMERIC = f"{_DIGITS}{_LOWER}{_LOWER.upper()}"
_BASE64 = f"{_ALPHANUMERIC}+/"
_URL_SAFE = f"{_ALPHANUMERIC}-_"
_SHAPES: tuple[tuple[str | tuple[str, int], ...], ...] = (
    ("AKIA", (f"{_LOWER.upper()}234567", 16)),
    ("ghp", "_", (_ALPHANUMERIC, 36)),
    ("glpat", "-", (_URL_SAFE, 20)),
    ("xoxb", "-", (_DIGITS, 12), "-", (_DIGITS, 12), "-", (_ALPHANUMERIC, 24)),
    ("sk", "_live_", (_ALPHANUMERIC, 24)),
    ("npm", "_", (f"{_DIGITS}{_LOWER}", 36)),
    ("ey", "J", (_ALPHANUMERIC, 30), ".ey", "J", (_URL_SAFE, 40), ".", (_URL_SAFE, 43)),
    ((_HEX, 32),),
    ((_HEX, 40),),
    ((_BASE64, 43), "="),
    ((_HEX, 8), "-", (_HEX, 4), "-4", (_HEX, 3), "-a", (_HEX, 3), "-", (_HEX, 12)),
    ((_ALPHANUMERIC, 10), ".", (_ALPHANUMERIC, 6)),
    ("-----BEGIN ", "PRIVATE KEY-----\n", (_BASE64, 64), "\n-----END ", "PRIVATE KEY-----"),
)
