"""`[[allow]]` as it is written."""

from __future__ import annotations

from msgspec import Struct


class Allowance(Struct, frozen=True):
    """One `[[allow]]` table as written, and the line on which it starts."""

    rule: str
    path: str
    reason: str
    match: str = ""
    line: int = 1
