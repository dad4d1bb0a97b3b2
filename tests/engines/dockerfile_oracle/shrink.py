"""The smallest Dockerfile that still shows a disagreement (delta debugging, Zeller 1999)."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def shrink(text: str, fails: Callable[[str], bool], *, budget: int = 2000) -> str:
    """`text` with lines, then characters taken out, as long as `fails` holds."""
    tries = [budget]

    def still(parts: Sequence[str]) -> bool:
        tries[0] -= 1
        return tries[0] > 0 and fails("".join(parts))

    lines = _reduced(text.splitlines(keepends=True), still)
    return "".join(_reduced(list("".join(lines)), still))


def _reduced(parts: list[str], still: Callable[[Sequence[str]], bool]) -> list[str]:
    size = max(1, len(parts) // 2)
    while True:
        at = 0
        shorter = False
        while at < len(parts):
            candidate = parts[:at] + parts[at + size :]
            if candidate and still(candidate):
                parts = candidate
                shorter = True
            else:
                at += size
        if size == 1 and not shorter:
            return parts
        size = max(1, size // 2) if not shorter or size > 1 else 1
