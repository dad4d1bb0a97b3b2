"""Numbers in readable form."""

from __future__ import annotations


def size(count: int) -> str:
    """Bytes: `512 B`, `1.4 KiB`, `20.8 MiB`."""
    value, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{count:,} B" if unit == "B" else f"{value:,.1f} {unit}"


def whole(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def money(value: float | None) -> str:
    """US dollars."""
    return "–" if value is None else f"${value:,.2f}"


def change(now: int, then: int) -> str:
    """`+3`, `−12`, `±0`."""
    return f"+{now - then:,}" if now > then else f"−{then - now:,}" if now < then else "±0"
