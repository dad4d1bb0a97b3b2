"""How messages cut what they quote of a repository."""

from __future__ import annotations


def shortened(text: str, most: int) -> str:
    """A text of at most `most` characters, the last of them `…` where it was longer.

    What is cut holds no credential: nobody finds a piece of one later.
    """
    if len(text) <= most:
        return text
    # Expensive, and few texts are long.
    from evalpolicy.scanners.credentials import plain_scanner, redact_text

    text = redact_text(text, plain_scanner())
    return text if len(text) <= most else text[: most - 1] + "…"
