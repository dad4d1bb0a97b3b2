"""What `evalpolicy init` proposes for a repository: files to make or to change, each with why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

# A file of configuration of more than this is none (bytes).
LIMIT = 1 << 20


class Proposal(Struct, frozen=True):
    """One file as it would become. `path` is relative to the top of the repository.

    `before` is what it holds now, None where there is no such file. `next_step` is what is left
    to a person once it is written. `gist` are the lines to show in place of the file itself, where
    nobody would read that.
    """

    path: str
    before: bytes | None
    after: bytes
    why: str
    next_step: str = ""
    gist: Sequence[str] = ()


class Settled(Struct, frozen=True):
    """Nothing to write: `why` says so; `lines` are to be put in by hand, where there are any."""

    path: str
    why: str
    lines: Sequence[str] = ()


def content(file: Path) -> bytes | None:
    """What a file on the disk holds; None where there is none. Raises `OSError`."""
    if not file.exists() and not file.is_symlink():
        return None
    with file.open("rb") as opened:
        return opened.read(LIMIT + 1)
