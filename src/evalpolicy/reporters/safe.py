"""Text of a repository, made harmless for a terminal and for the log of a workflow.

Nothing in it may move the cursor, and nothing may be taken for a command to the runner of GitHub
Actions: that reads `##[…]` anywhere in a line, and `::…::` where a line begins with it.
"""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls, line and paragraph separators, the marks that turn the direction of text
# (CVE-2021-42574), the byte order mark, and surrogates (bytes that were no UTF-8).
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
    "|##(?=\\[)"
)


def shown(text: str) -> str:
    """One line of text in which every character that could do harm is written out: `\\x1b`."""
    return _HARMFUL.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    if match[0] == "##":
        return "#\\x23"
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if match[0] in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[match[0]]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def no_command(line: str) -> str:
    """A line of `shown` text that begins no workflow command, however it came to begin there."""
    stripped = line.lstrip()
    if not stripped.startswith("::"):
        return line
    return f"{line[: len(line) - len(stripped)]}\\x3a{stripped[1:]}"


def width(text: str) -> int:
    """The cells that `shown` text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
