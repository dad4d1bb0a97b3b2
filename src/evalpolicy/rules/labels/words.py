"""How messages about labels write names and values."""

from __future__ import annotations

_LONGEST = 80


def dollar(names: tuple[str, ...]) -> str:
    """Variables as a Dockerfile writes them: `${A}, ${B}`."""
    return ", ".join(f"${{{name}}}" for name in names)


def quoted(value: str) -> str:
    """A value in quotes, truncated to 80 characters."""
    if len(value) <= _LONGEST:
        return f'"{value}"'
    from evalpolicy.scanners.credentials import shortened  # expensive, and few values are long

    return f'"{shortened(value, _LONGEST)}"'
