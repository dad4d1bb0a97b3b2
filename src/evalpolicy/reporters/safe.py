"""Makes text from a repository safe to print to a terminal or a workflow log.

Nothing in it may move the cursor, and nothing may be taken for a command to the runner of GitHub
Actions: that reads `##[…]` anywhere in a line, and `::…::` where a line begins with it. And no
credential is in it: a log is read by more people than the repository.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from evalpolicy.scanners.unsuspicious import was_scanned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evalpolicy.scanners.credentials import CredentialHit, Scanner

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

# No shape of a credential fits a text without one of these, so most need no scanner.
_MAY_HOLD = re.compile(r"\S{15}|-----|://|(?i:basic)")


def shown(text: str) -> str:
    """One line of text without credentials, every unsafe character in it escaped: `\\x1b`."""
    return _HARMFUL.sub(_written_out, without_credentials(text))


def without_credentials(text: str) -> str:
    """A text with each credential replaced by its prefix and `REDACTED`.

    Call it before anything cuts, wraps or escapes the text: no pattern finds a piece of a key.
    """
    if _MAY_HOLD.search(text) is None or was_scanned(text):
        return text
    return _redacted(text) if _hits(text) else text


def lines_without_credentials(text: str) -> tuple[str, int]:
    """A whole output without the credentials in its lines, and how many lines had one.

    Each line by itself: what looks like the first line of a private key would else take the
    findings behind it along. A mark that a credential was redacted, as in the rules' own examples,
    stays.
    """
    if _MAY_HOLD.search(text) is None:
        return text, 0
    if all(hit.kind == "half-redacted" for hit in _hits(text)):
        return text, 0
    lines, changed = text.split("\n"), 0
    for number, line in enumerate(lines):
        if any(hit.kind != "half-redacted" for hit in _hits(line)):
            lines[number] = _redacted(line)
            changed += 1
    return "\n".join(lines), changed


def _hits(text: str) -> tuple[CredentialHit, ...]:
    return _scanner().scan(text.encode("utf-8", "surrogatepass"))


def _redacted(text: str) -> str:
    from evalpolicy.scanners.credentials import redact_text

    return redact_text(text, _scanner())


@cache
def _scanner() -> Scanner:
    from evalpolicy.scanners.credentials import plain_scanner  # expensive, and most need none

    return plain_scanner()


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
