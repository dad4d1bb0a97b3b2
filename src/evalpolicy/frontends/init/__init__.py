"""The files that `evalpolicy init` proposes to create or change, each with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

# A configuration file larger than this is not read (bytes).
LIMIT = 1 << 20


class Proposal(Struct, frozen=True):
    """A proposed file. `path` is relative to the top of the repository.

    `before` is the current content, None if the file does not exist. `next_step` is what the user
    still has to do once it is written. `gist` are lines to show instead of the file if it is too
    long to read.
    """

    path: str
    before: bytes | None
    after: bytes
    why: str
    next_step: str = ""
    gist: Sequence[str] = ()


class NoProposal(Struct, frozen=True):
    """Nothing to write, with the reason; `lines`, if any, are for the user to add by hand."""

    path: str
    why: str
    lines: Sequence[str] = ()


def content(file: Path) -> bytes | None:
    """The content of a file on disk; None if it does not exist. Raises `OSError`."""
    if not file.exists() and not file.is_symlink():
        return None
    if file.exists() and not file.is_file():
        raise OSError("not a regular file")  # a FIFO would be waited for
    with file.open("rb") as opened:
        return opened.read(LIMIT + 1)
