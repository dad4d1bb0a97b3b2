"""Paths and strings for machine formats, which can only contain Unicode."""

from __future__ import annotations

import re
from typing import Any

_BYTE = re.compile("[\ud800-\udfff]")


def portable(text: str) -> str:
    """`text` without surrogates: a byte that was not UTF-8 is written as `\\xff`."""
    if text.isascii():
        return text
    return _BYTE.sub(lambda m: f"\\x{ord(m[0]) & 0xFF:02x}", text)


def portable_values(value: Any) -> Any:
    """The same JSON-able value with every text, keys included, made portable."""
    if isinstance(value, str):
        return portable(value)
    if isinstance(value, dict):
        return {portable(key): portable_values(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [portable_values(inner) for inner in value]
    return value
