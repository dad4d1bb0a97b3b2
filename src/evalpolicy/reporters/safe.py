"""Makes text from a repository safe to print to a terminal or a workflow log.

Nothing in it may move the cursor, and nothing may be taken for a command to the runner of GitHub
Actions: that reads `##[…]` anywhere in a line, and `::…::` where a line begins with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

UNSEEN = (
    "\x7f-\x9f\u2028\u2029"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The inside of a set in a regular expression: DEL and C1 controls, line and paragraph separators,
and what Unicode calls default ignorable, for it shows as nothing: joiners, the marks that turn the
direction of text (CVE-2021-42574), fillers, tags, the byte order mark. Not the variation selectors
U+FE00 to U+FE0F, which choose how the emoji before them looks."""

# Also the C0 controls, and surrogates (bytes that were not UTF-8).
_HARMFUL = re.compile(f"[\x00-\x1f{UNSEEN}\ud800-\udfff]|##(?=\\[)")


def shown(text: str) -> str:
    """One line of text with every unsafe character escaped: `\\x1b`."""
    return _HARMFUL.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    if match[0] == "##":
        return "#\\x23"
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if match[0] in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[match[0]]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def no_command(line: str) -> str:
    """A line of `shown` text that cannot start a workflow command."""
    stripped = line.lstrip()
    if not stripped.startswith("::"):
        return line
    return f"{line[: len(line) - len(stripped)]}\\x3a{stripped[1:]}"


def listed(lines: Iterable[str]) -> str:
    """Lines of text from a repository, each made safe to print."""
    return "".join(f"{no_command(shown(line))}\n" for line in lines)


def width(text: str) -> int:
    """The cells that `shown` text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
