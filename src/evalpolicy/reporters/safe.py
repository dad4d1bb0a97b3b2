"""Text of a repository, made harmless for a terminal: nothing in it may move the cursor."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls, line and paragraph separators, the marks that turn the direction of text
# (CVE-2021-42574), the byte order mark, and surrogates (bytes that were no UTF-8).
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def shown(text: str) -> str:
    """One line of text in which every character that could do harm is written out: `\\x1b`."""
    return _HARMFUL.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if match[0] in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[match[0]]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def width(text: str) -> int:
    """The cells that `shown` text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
