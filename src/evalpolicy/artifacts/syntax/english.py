"""How messages count: with the noun in the right number."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 turn`, `1,040 turns`; `2 entries` where the plural is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
