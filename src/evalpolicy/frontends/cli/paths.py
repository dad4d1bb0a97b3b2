"""Paths as users type them."""

from __future__ import annotations

import os
from pathlib import Path

from evalpolicy.errors import UsageError
from evalpolicy.snapshot import Snapshot


def from_root(snapshot: Snapshot, path: str) -> str:
    """A path as the user typed it, relative to the fleet's root; the root itself is empty."""
    top = Path(snapshot.top)
    here = Path(os.path.normpath(Path.cwd() / path.replace("\\", "/") if os.sep == "/" else path))
    try:
        inside = here.relative_to(top.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{path} lies outside of {top}") from None
    return "" if inside == "." else inside


def typed(snapshot: Snapshot, word: str) -> str:
    """What a user typed, as a path from the fleet's root; a name is a path as well."""
    try:
        return from_root(snapshot, word)
    except UsageError:
        return word
