"""How messages about submissions list paths and quote settings."""

from __future__ import annotations

from collections.abc import Sequence

from evalpolicy.scanners.shortening import shortened

_LONGEST = 80


def listed(paths: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 12 more`."""
    shown = ", ".join(paths[:most])
    return f"{shown} and {len(paths) - most} more" if len(paths) > most else shown


def quoted(value: str) -> str:
    """A setting in backquotes, as it is written, truncated to 80 characters."""
    return f"`{shortened(value, _LONGEST)}`"
