"""What GitHub's code scanning names a line by, across commits.

The hash of a line is taken over the next 100 UTF-16 units from its start on, without blanks and
tabs, every line end as one LF, U+FFFF for the end of the file and zeros behind it: a polynomial
with the base 37, modulo 2**64, in hexadecimal; behind it how often that hash came up so far.
So does GitHub's upload action (`src/fingerprints.ts` of codeql-action) where a report has none.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from evalpolicy.policy.rule import Finding
from evalpolicy.snapshot import Snapshot, Unreadable

_WINDOW = 100
_BASE = 37
_MODULUS = 1 << 64
_END = 0xFFFF
_UTF16 = f"utf-16-{sys.byteorder[0]}e"
# Larger files are left to the upload to hash (bytes).
_LIMIT = 32 << 20


def of(snapshot: Snapshot, findings: Iterable[Finding]) -> dict[tuple[str, int], str]:
    """The hash of each line that a finding points at, as far as its file can be read."""
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        wanted.setdefault(finding.path, set()).add(finding.span.line)
    found = {}
    for path, lines in wanted.items():
        try:
            hashes = line_hashes(snapshot.read(path, _LIMIT), max(lines))
        except Unreadable:
            continue
        found.update({(path, n): hashes[n - 1] for n in lines if n <= len(hashes)})
    return found


def line_hashes(content: bytes, last: int | None = None) -> list[str]:
    """The hashes of a file's lines up to `last`, or of all; the empty one at the end is one."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.replace(" ", "").replace("\t", "").split("\n")
    joined = "\n".join(lines)
    units = memoryview(joined.encode(_UTF16)).cast("H")
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line.encode(_UTF16)) // 2 + 1)
    seen: Counter[str] = Counter()
    found = []
    for start in starts[:last]:
        window = [*units[start : start + _WINDOW]]
        if len(window) < _WINDOW:
            window = [*window, _END, *[0] * _WINDOW][:_WINDOW]
        value = 0
        for unit in window:
            value = value * _BASE + unit
        hashed = f"{value % _MODULUS:x}"
        seen[hashed] += 1
        found.append(f"{hashed}:{seen[hashed]}")
    return found
