"""The one function that writes into the user's tree."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Puts `content` in the place of a file, or makes the file: whole, or not at all.

    It is written beside the file, flushed to the disk and renamed. The mode of a file that is
    there is kept. Raises `OSError`, also for a path that is a symbolic link or no regular file.
    """
    mode = _mode(path)
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(beside, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
    _sync_folder(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """`write` for a file that the user named: a link stays one, what it leads to is replaced."""
    write(path.resolve(), content)


def _mode(path: Path) -> int | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "not a regular file; links are not followed", str(path))
    # A rename needs no right to the file itself: what is write-protected stays so.
    if not os.access(path, os.W_OK):
        raise PermissionError(0, "write-protected", str(path))
    return stat.S_IMODE(found.st_mode)


def _sync_folder(folder: Path) -> None:
    """Makes the rename last through a power cut, where the file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
