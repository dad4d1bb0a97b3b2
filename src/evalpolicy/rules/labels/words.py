"""How messages about labels write names and values."""

from __future__ import annotations

from evalpolicy.scanners.shortening import shortened

_LONGEST = 80


def dollar(names: tuple[str, ...]) -> str:
    """Variables as a Dockerfile writes them: `${A}, ${B}`."""
    return ", ".join(f"${{{name}}}" for name in names)


def quoted(value: str) -> str:
    """A value in quotes, truncated to 80 characters."""
    return f'"{shortened(value, _LONGEST)}"'
