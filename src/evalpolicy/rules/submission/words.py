"""How messages about submissions list paths."""

from __future__ import annotations

from collections.abc import Sequence


def listed(paths: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 12 more`."""
    shown = ", ".join(paths[:most])
    return f"{shown} and {len(paths) - most} more" if len(paths) > most else shown
