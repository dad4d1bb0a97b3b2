"""Paths as users type them."""

from __future__ import annotations

import os
from pathlib import Path

from evalpolicy.errors import UsageError
from evalpolicy.snapshot import Snapshot


def from_root(snapshot: Snapshot, path: str) -> str:
    """The path that the user typed, relative to the fleet's root; empty for the root itself."""
    top = Path(snapshot.top)
    here = Path(os.path.normpath(Path.cwd() / path.replace("\\", "/") if os.sep == "/" else path))
    try:
        inside = here.relative_to(top.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{path} is outside the fleet at {top}") from None
    return "" if inside == "." else inside


def typed(snapshot: Snapshot, word: str) -> str:
    """What the user typed, as a path from the fleet's root if it is below it."""
    try:
        return from_root(snapshot, word)
    except UsageError:
        return word
