"""What may differ between two runs of the same agent on the same task: times, ids, and spacing."""

from __future__ import annotations

import orjson
import re2

from evalpolicy.scanners.credentials import Scanner, redact_text

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
_VOLATILE = re2.compile(
    r"x-anthropic-billing-header:[^\n]*"
    r"|\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"
    rf"|\b{_DAY}{_MONTH} {{1,2}}\d{{1,2}}(?:,? \d{{4}})?"
    rf"|\b{_DAY}\d{{1,2}} {_MONTH}(?: \d{{4}})?"
    r"|\b\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AP]M)?\b"
    r"|\b\d+(?:\.\d+)? ?(?:ms|s|secs?|seconds)\b"
    r"|\b1[5-9]\d{8}(?:\.\d+|\d{3}|\d{6}|\d{9})?\b"
    r"|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    r"|\b[0-9a-f]{32}\b"
    r"|\b(?:call|toolu|fc|ctc|resp|msg|rs|chatcmpl|req|session)[_-][A-Za-z0-9_-]{8,}"
    r"|\bChunk ID: [0-9a-f]+"
    r"|/tmp/tmp\w+"
)
"""Dates, times of day, durations, seconds since 1970, UUIDs and 128-bit ids, the APIs' own ids,
Codex's chunk ids, Python's temporary files, Claude Code's billing header (measured on recordings:
these change from run to run while the agent does the same). On RE2, for a caller's text may be
long and anything: its time grows with the length alone."""

_LONGEST = 1_000_000
"""Characters of a text that are searched for what may differ; the rest is compared exactly."""

_SCANNER = Scanner()


def squeezed(text: str) -> str:
    """The text without white space: dialects split and join texts differently."""
    return "".join(text.split())


def tolerant(text: str) -> str:
    """The text without what may differ."""
    head, tail = text[:_LONGEST], text[_LONGEST:]
    return squeezed(_VOLATILE.sub("·", head) + tail)


def masked(text: str) -> str:
    """The text with each credential replaced, as in a fixture."""
    return redact_text(text.encode("utf-8", "replace").decode(), _SCANNER)


def arguments(text: str) -> str:
    """A tool's arguments as canonical JSON; anything else stays as it is."""
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return text
