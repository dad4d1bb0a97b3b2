"""How messages count: with the noun in the right number."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 turn`, `1,040 turns`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
