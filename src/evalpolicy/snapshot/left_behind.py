"""Temporary files that a killed run left beside the file that it was writing."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from evalpolicy.errors import NotCheckedError
from evalpolicy.snapshot import git
from evalpolicy.snapshot.git_process import GitCommand
from evalpolicy.snapshot.places import is_in_repository

_NAME = re.compile(r"\.evalpolicy-[0-9a-f]{16}\.tmp")
# The folders that this process has looked through: a fleet has thousands of files in one.
_cleaned: set[tuple[int, int]] = set()


def new_name(token: str) -> str:
    """The name of a temporary file; `token` are 16 hexadecimal digits."""
    return f".evalpolicy-{token}.tmp"


def clean(folder: int, path: str) -> None:
    """Removes those in a folder (its descriptor and its path) whose writer no longer runs.

    What git tracks stays, whatever its name. What cannot be removed is left.
    """
    found = os.fstat(folder)
    if (found.st_dev, found.st_ino) in _cleaned:
        return
    _cleaned.add((found.st_dev, found.st_ino))
    with suppress(OSError):
        listing = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            names = [name for name in os.listdir(listing) if _NAME.fullmatch(name)]
        finally:
            os.close(listing)
        tracked = _tracked(path, names) if names else ()
        for name in names:
            if name not in tracked:
                _remove(folder, name)


def _tracked(path: str, names: list[str]) -> Collection[str]:
    """Those that git tracks; all of them if git cannot tell."""
    if not is_in_repository(path):
        return ()
    try:
        repository = git.locate(Path(path))
        listed = None if repository is None else repository.output(GitCommand.LIST_TRACKED, *names)
    except NotCheckedError:
        return names
    return () if listed is None else listed.decode("utf-8", "surrogateescape").split("\0")


def _remove(folder: int, name: str) -> None:
    """A writer holds a lock on its file for as long as it lives."""
    with suppress(OSError):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(name, flags, dir_fd=folder)
        try:
            found = os.fstat(handle)
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=folder)
        finally:
            os.close(handle)
