"""Texts in which a scan found no credential, so that they are not scanned one by one as well.

A report's texts are scanned all at once (`engine.quoting`) and shown one by one (`reporters.safe`):
RE2 takes a hundred times as long for a thousand short texts as for their sum.
"""

from __future__ import annotations

from collections.abc import Iterable

# More than the findings of a large fleet have; a server for an editor runs for days.
_MOST = 200_000
_known: set[str] = set()


def scanned(texts: Iterable[str]) -> None:
    """Takes down that a scan found no credential in any of these."""
    if len(_known) > _MOST:
        _known.clear()
    _known.update(texts)


def was_scanned(text: str) -> bool:
    """Whether the text is known to hold no credential."""
    return text in _known
