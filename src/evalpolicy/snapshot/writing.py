"""The one function that writes into the user's tree, and the places it never writes to.

A path comes from an untrusted repository, or from the user. Nothing is written through a
link that lies below the repository, into a git directory, or outside of the folder that was named.
Folders are opened one in another without following links (openat(2)), so that a link which takes a
folder's place in the middle changes nothing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from evalpolicy.snapshot import left_behind
from evalpolicy.snapshot.places import is_git_directory, is_git_name, is_in_repository

_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
# As many as Linux follows before it says ELOOP (path_resolution(7)).
_MOST_LINKS = 40
_DESCRIPTOR = re.compile(r"/dev/(?:stdout|stderr|fd/[0-9]+)|/proc/self/fd/[0-9]+")

Existing = Literal["refuse", "replace", "keep"]
"""What becomes of a file that is there when one is opened to append to it."""


def write(
    path: str | Path,
    content: bytes,
    *,
    root: str | Path | None = None,
    expected: bytes | None = None,
    make_folders: bool = False,
    keep_executable: bool = False,
) -> None:
    """Replaces a file's content, or creates the file, atomically.

    It is written beside the file, forced to the disk and renamed. With `root`, `path` counts from
    there, and no part of it may be a link. Without, the user named `path`: links outside of every
    repository are followed, and a pipe or a device there is written to.

    The file keeps its permissions to read and to write, and with `keep_executable` (for an edit of
    what is there) those to execute. With `expected`, nothing is written unless the file holds
    that. Raises `OSError`, whose `strerror` names the part of the path that is rejected.
    """
    with _placed(path, root, make_folders) as (folder, at, name):
        if name is None:
            _into_stream(at, content)
        else:
            _replace(folder, at, name, content, expected, keep_executable)


def open_to_append(path: str | Path, existing: Existing) -> int:
    """A descriptor that appends to a file (and may read it), for what grows line by line.

    The folders above it are made with `keep`. Raises `OSError` as `write` does, and
    `FileExistsError` with `refuse`.
    """
    with _placed(path, None, existing == "keep") as (folder, at, name):
        if name is None:
            return os.open(at, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        if existing == "refuse":
            return os.open(name, _NEW | os.O_APPEND, 0o644, dir_fd=folder)
        found = _regular(folder, name)
        if found is not None and (existing == "replace" or found.st_nlink > 1):
            os.unlink(name, dir_fd=folder)
        return os.open(name, _APPEND, 0o644, dir_fd=folder)


def make_folder(path: str | Path) -> None:
    """Makes a folder and those above it, under the rules of `write`."""
    with _placed(Path(path, "of a file"), None, True):
        return


@contextmanager
def _placed(
    path: str | Path, root: str | Path | None, make_folders: bool
) -> Iterator[tuple[int, str, str | None]]:
    """The file's folder (a descriptor, and its path) and its name there; no name for a stream."""
    if root is None:
        at = _followed(os.fspath(path))
        if at is None or _is_stream(at):
            yield -1, at or os.fspath(path), None
            return
        base, parts = _base(at)
    else:
        base, parts = os.path.realpath(root), _parts(os.fspath(path))
    for part in (*base.split("/"), *parts):
        if is_git_name(part):
            raise _refused(errno.EPERM, f"{part} belongs to git: nothing is written there")
    folder = _root(base)
    try:
        for depth in range(1, len(parts)):
            below = _opened(folder, parts[:depth], make_folders)
            os.close(folder)
            folder = below
            _not_of_git(folder, "/".join(parts[:depth]))
        yield folder, os.path.join(base, *parts[:-1]), parts[-1]
    finally:
        os.close(folder)


def _root(path: str) -> int:
    """The folder that was named. Raises `OSError` if it, or one above it, is a git directory."""
    for above in (path, *map(str, Path(path).parents)):
        folder = os.open(above, _FOLDER)
        try:
            _not_of_git(folder, above)
        finally:
            os.close(folder)
    return os.open(path, _FOLDER)


def _parts(path: str) -> list[str]:
    """The parts of a path below a root. Raises `OSError` for one that leads out of it."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or not parts or path.endswith("/"):
        raise _refused(errno.EPERM, f"{path} does not name a file below the folder it belongs to")
    return parts


def _followed(path: str) -> str | None:
    """A path that the user typed, with the links followed that lie outside of every repository.

    None for one of this process's own descriptors. Raises `OSError` for a link in a repository.
    """
    if _DESCRIPTOR.fullmatch(path):
        return None
    if not path or path.endswith("/"):
        raise _refused(errno.EISDIR, "a folder, not a file")
    waiting = os.path.join(os.getcwd(), path).split("/")[::-1]
    place = "/"
    links = 0
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            place = os.path.dirname(place)
            continue
        here = os.path.join(place, part)
        if not os.path.islink(here):
            place = here
            continue
        links += 1
        if is_in_repository(place):
            raise _is_link(os.path.relpath(here))
        if links > _MOST_LINKS:
            raise _refused(errno.ELOOP, "symbolic links form a cycle")
        target = os.readlink(here)
        waiting += target.split("/")[::-1]
        place = "/" if target.startswith("/") else place
    return place


def _base(file: str) -> tuple[str, list[str]]:
    """The folder from which on no link is followed: the topmost that is in a repository."""
    base = os.path.dirname(file)
    while is_in_repository(base) and is_in_repository(os.path.dirname(base)) and base != "/":
        base = os.path.dirname(base)
    while not os.path.isdir(base) and base != "/":
        base = os.path.dirname(base)
    return base, _parts(os.path.relpath(file, base))


def _opened(folder: int, parts: Sequence[str], make: bool) -> int:
    """The last of `parts` in the folder of all others."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(parts[-1], dir_fd=folder)
    try:
        return os.open(parts[-1], _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        if _is_symlink(folder, parts[-1]):
            raise _is_link("/".join(parts)) from error
        raise


def _not_of_git(folder: int, path: str) -> None:
    if is_git_directory(folder):
        raise _refused(errno.EPERM, f"{path} is a git directory: nothing is written there")


def _replace(
    folder: int, at: str, name: str, content: bytes, expected: bytes | None, executable: bool
) -> None:
    found = _regular(folder, name)
    mode = None if found is None else stat.S_IMODE(found.st_mode) & (0o777 if executable else 0o666)
    # A rename needs no right to the file itself: what is write-protected stays so.
    if found is not None and not os.access(name, os.W_OK, dir_fd=folder):
        raise _refused(errno.EACCES, "write-protected")
    if expected is not None and (found is None or _read(folder, name) != expected):
        raise _refused(errno.EAGAIN, "it changed while it was being checked; run again")
    left_behind.clean(folder, at)
    beside, handle = _beside(folder, 0o644 if mode is None else mode & 0o600)
    with os.fdopen(handle, "wb") as file:
        try:
            if mode is not None:
                os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            os.fsync(handle)
            os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=folder)
            raise
    _sync(folder)


def _beside(folder: int, mode: int) -> tuple[str, int]:
    """A new temporary file, locked while it is open, so that it is not mistaken for a leftover."""
    while True:
        name = left_behind.new_name(secrets.token_hex(8))
        handle = os.open(name, _NEW, mode, dir_fd=folder)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return name, handle
        os.close(handle)  # another process cleaned it away before the lock was there


def _regular(folder: int, name: str) -> os.stat_result | None:
    """The file that is there. Raises `OSError` for what is not a regular file."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise _is_link(name)
    if not stat.S_ISREG(found.st_mode):
        raise _refused(errno.EPERM, f"{name} is not a regular file")
    return found


def _read(folder: int, name: str) -> bytes:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as file:
        return file.read()


def _is_stream(path: str) -> bool:
    """Whether a pipe or a device is there, outside of every repository."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)) and not is_in_repository(
        os.path.dirname(path)
    )


def _into_stream(path: str, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "wb") as file:
        file.write(content)


def _is_symlink(folder: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _sync(folder: int) -> None:
    """Makes the rename last through a power cut, where the file system can."""
    with suppress(OSError):
        handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _is_link(path: str) -> OSError:
    return _refused(errno.ELOOP, f"{path} is a symbolic link: nothing is written through one")


def _refused(number: int, why: str) -> OSError:
    return OSError(number, why)
