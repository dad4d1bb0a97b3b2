"""Paths and strings for machine formats, which can only contain Unicode."""

from __future__ import annotations

import re

_BYTE = re.compile("[\ud800-\udfff]")


def portable(text: str) -> str:
    """`text` without surrogates: a byte that was not UTF-8 is written as `\\xff`."""
    if text.isascii():
        return text
    return _BYTE.sub(lambda m: f"\\x{ord(m[0]) & 0xFF:02x}", text)
