"""Checks that tell a real token from a string of its form."""

from __future__ import annotations

import base64
import binascii
import re
import zlib

import orjson

from evalpolicy.scanners.credentials.plausible import MARK, is_placeholder

_LONGEST_HEADER = 16 << 10
_LOOK = 128
# In a text of many beginnings each would be decoded to the end; most are not JSON from the start.
_JSON_START = re.compile(
    rb'\{(?:"(?:[^"\\]|\\.)*"|[\s:,{}\[\]]|[0-9.eE+-]|true|false|null)*(?:"(?:[^"\\]|\\.)*\\?|[a-z]*)',
    re.DOTALL,
)
_BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62_crc32(body: bytes) -> bytes:
    """The six characters that GitHub puts behind a token's random part.

    The CRC-32 of the random part in base 62, padded with zeros (GitHub's engineering blog, April
    2021, "Behind GitHub's new authentication token formats").
    """
    rest = zlib.crc32(body)
    digits = bytearray()
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits.append(_BASE62[digit])
    return bytes(reversed(digits))


def is_github_token(token: bytes) -> bool:
    """Whether the checksum of a 40 character `ghp_…` fits; the longer forms have none known."""
    if len(token) != 40:
        return True
    return base62_crc32(token[4:34]) == token[34:]


def begins_json_web_token(text: bytes, start: int) -> bool:
    """Whether `text[start:]` begins with the header that RFC 7515 demands: an object with `alg`."""
    if _JSON_START.fullmatch(_decoded(text[start : start + _LOOK].partition(b".")[0])) is None:
        return False
    dot = text.find(b".", start, start + _LONGEST_HEADER)
    if dot < 0:
        return False
    try:
        return "alg" in orjson.loads(_decoded(text[start:dot]))
    except (orjson.JSONDecodeError, TypeError):
        return False


def is_basic_login(login: bytes) -> bool:
    """Whether it is the base64 of a real user and password (RFC 7617), not of a made-up one."""
    try:
        user, colon, password = _decoded(login.rstrip(b"=")).decode("ascii").partition(":")
    except UnicodeDecodeError:
        return False
    plausible = colon and len(password) >= 6 and f"{user}{password}".isprintable()
    return (
        bool(plausible)
        and not is_placeholder(password.encode())
        and MARK.search(password.encode()) is None
    )


def is_discord_token(token: bytes) -> bool:
    """Whether the first segment is the base64 of a user id, which is a decimal number."""
    return _decoded(token.split(b".", 1)[0]).isdigit()


def _decoded(segment: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        return b""
