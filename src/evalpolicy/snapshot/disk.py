"""Snapshots whose files are on disk: a git worktree, and a folder outside git."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha1, sha256
from pathlib import Path

from evalpolicy.errors import NotCheckedError
from evalpolicy.snapshot import git
from evalpolicy.snapshot.git_process import GitCommand, last_line
from evalpolicy.snapshot.model import (
    EXECUTABLE,
    REGULAR,
    SUBMODULE,
    SYMLINK,
    Kind,
    Snapshot,
    TreeEntry,
    Unreadable,
    decode_path,
    encode_path,
    too_large,
)

# What version control keeps for itself: never part of a fleet.
_NOT_CONTENT = frozenset({".git", ".hg", ".svn", ".jj"})

# A file that changed this recently (nanoseconds) may change again and keep its times: how fine a
# file system counts them is not known. Git calls such an entry of its index racy.
_RACY = 2 * 10**9

_QUOTED = re.compile("'(.+)'")

_SPECIAL = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


class DiskSnapshot(Snapshot):
    """Files that are read in place. Symbolic links are never followed by the kernel."""

    kind: Kind

    def __init__(self, root: Path) -> None:
        self.place = self.top = str(root)
        self._root = os.fsencode(root)
        self._unlisted: dict[str, str] = {}

    @property
    def unlisted(self) -> Mapping[str, str]:
        self.entries  # noqa: B018 - it is found out on the way
        return self._unlisted

    def blob_id(self, path: str, limit: int | None = None) -> str:
        self.refuse(path, limit)
        digest = sha256()
        for piece in self.stream(path):
            digest.update(piece)
        return digest.hexdigest()

    def stamp(self, path: str) -> str | None:
        """Size, times and inode, as git's index trusts them, once a file is no longer racy."""
        try:
            found = os.lstat(self._where(self._behind(path)))
        except (OSError, Unreadable):
            return None
        changed = max(found.st_mtime_ns, found.st_ctime_ns)
        if not stat.S_ISREG(found.st_mode) or time.time_ns() - changed < _RACY:
            return None
        return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"

    def object_id(self, path: str) -> str:
        entry = self.entries[path]
        if entry.mode == SUBMODULE:
            return entry.oid or ""
        if entry.mode == SYMLINK:
            target = encode_path(self._link(entry))
            pieces: Iterable[bytes] = (target,)
            size = len(target)
        else:
            pieces, size = self.stream(path), self._size(entry)
        digest = sha256() if self.object_format == "sha256" else sha1(usedforsecurity=False)
        digest.update(b"blob %d\0" % size)
        for piece in pieces:
            digest.update(piece)
        return digest.hexdigest()

    def stream(self, path: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        descriptor, _ = self._open(self._behind(path))
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            while piece := file.read(chunk):
                yield piece

    def read(self, path: str, limit: int | None = None) -> bytes:
        return self._read_within(self._behind(path), limit)

    def _read(self, entry: TreeEntry) -> bytes:
        return self._read_within(entry, None)

    def _read_within(self, entry: TreeEntry, limit: int | None) -> bytes:
        """The file's bytes by as few calls of the system as there can be: a run reads hundreds."""
        descriptor, size = self._open(entry)
        try:
            if limit is not None and size > limit:
                raise too_large(size, limit)
            pieces = []
            while piece := os.read(descriptor, size + 4096):
                pieces.append(piece)
        except OSError as error:
            raise Unreadable(_reason(error)) from error
        finally:
            os.close(descriptor)
        return b"".join(pieces)

    def _size(self, entry: TreeEntry) -> int:
        try:
            return os.lstat(self._where(entry)).st_size
        except OSError as error:
            raise Unreadable(_reason(error)) from error

    def _link(self, entry: TreeEntry) -> str:
        try:
            return decode_path(os.readlink(self._where(entry)))
        except OSError as error:
            raise Unreadable(_reason(error)) from error

    def _where(self, entry: TreeEntry) -> bytes:
        return self._root + b"/" + encode_path(entry.path)

    def _open(self, entry: TreeEntry) -> tuple[int, int]:
        """A descriptor of a regular file, and the file's size.

        A FIFO is not waited for, a link not followed.
        """
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(self._where(entry), flags)
        except OSError as error:
            raise Unreadable(_reason(error)) from error
        found = os.fstat(descriptor)
        kind = stat.S_IFMT(found.st_mode)
        if kind != stat.S_IFREG:
            os.close(descriptor)
            raise Unreadable(f"{_SPECIAL.get(kind, 'not a regular file')}, not a file")
        return descriptor, found.st_size


class FolderSnapshot(DiskSnapshot):
    """Every file below a folder that is not in a git repository."""

    kind: Kind = "folder"

    def _list(self) -> Iterable[TreeEntry]:
        waiting = [b""]
        while waiting:
            folder = waiting.pop()
            for item in self._within(folder):
                path = folder + item.name
                if item.is_dir(follow_symlinks=False):
                    if decode_path(item.name) not in _NOT_CONTENT:
                        waiting.append(path + b"/")
                else:
                    yield TreeEntry(decode_path(path), _mode(item.stat(follow_symlinks=False)))

    def _within(self, folder: bytes) -> list[os.DirEntry[bytes]]:
        try:
            with os.scandir(self._root + b"/" + folder) as found:
                return list(found)
        except OSError as error:
            if not folder:
                raise NotCheckedError(f"{self.place} cannot be listed: {_reason(error)}") from error
            self._unlisted[decode_path(folder).rstrip("/")] = _reason(error)
            return []


class WorktreeSnapshot(DiskSnapshot):
    """The tracked and the not-ignored files of a worktree, as they lie on the disk.

    A tracked file that a sparse checkout leaves out is read from the index. One that is on
    neither the disk nor in the object store stays listed, and reading it says so: a clone that
    lacks objects is not a worktree in which somebody deleted them.
    """

    kind: Kind = "worktree"

    def __init__(self, repository: git.Repository, top: Path, prefix: str = "") -> None:
        super().__init__(top / prefix if prefix else top)
        self.prefix = prefix
        self._repository = repository
        self._objects = git.Objects(repository)
        self._not_on_disk: dict[str, str] = {}
        self._sizes_in_store: dict[str, int] = {}

    def close(self) -> None:
        self._objects.close()

    def forked(self) -> None:
        self._objects = git.Objects(self._repository)

    def _list(self) -> Iterable[TreeEntry]:
        """One `git ls-files`: tracked (H; S where sparse; M unmerged) and untracked (?) paths."""
        done = self._repository.run(GitCommand.LIST_WORKTREE, folder=Path(self.place))
        if done.returncode != 0:
            raise NotCheckedError(
                f"git {GitCommand.LIST_WORKTREE.value[0]} failed: {last_line(done)}"
            )
        self._complain(done.stderr)
        gone: list[TreeEntry] = []
        seen: set[str] = set()
        links: set[str] = set()
        for line in done.stdout.split(b"\0")[:-1]:
            if line.startswith(b"? "):
                # A repository of its own is listed as `name/`: a commit would hold a submodule.
                path = decode_path(line[2:])
                entry = TreeEntry(path.rstrip("/"), SUBMODULE if path.endswith("/") else REGULAR)
                tag = b"?"
            else:
                head, _, raw = line.partition(b"\t")
                tag, mode, oid, _stage = head.split(b" ")
                entry = TreeEntry(decode_path(raw), int(mode, 8), oid.decode())
            if entry.path in seen:
                continue
            seen.add(entry.path)
            if entry.mode == SUBMODULE:
                yield entry
                continue
            # git lists what is new first. Behind a link that took a folder's place nothing is
            # tracked, and a commit would hold the link.
            if links and not links.isdisjoint(_folders(entry.path)):
                continue
            try:
                found = os.lstat(self._where(entry))
            except (FileNotFoundError, NotADirectoryError):
                if tag != b"?":
                    gone.append(entry)
                    if tag == b"S":
                        self._not_on_disk[entry.path] = entry.oid or ""
                continue
            except OSError:  # it is not gone, and whoever reads it reports what keeps it
                yield entry
                continue
            if tag == b"?" and stat.S_ISLNK(found.st_mode):
                links.add(entry.path)
            yield TreeEntry(entry.path, _mode(found), entry.oid)
        yield from self._still_listed(gone)

    def _complain(self, errors: bytes) -> None:
        """Records what git did not list and only warned about.

        It names the folder in quotes, from the fleet's root or from the top. What it says of
        files outside of the worktree (its configuration) leaves nothing unlisted.
        """
        top = Path(self.place)
        for line in errors.decode("utf-8", "surrogateescape").splitlines():
            named = _QUOTED.search(line)
            path = named[1].rstrip("/") if named else ""
            if os.path.isabs(path) and not Path(path).is_relative_to(top):
                continue
            for place in filter(None, (path, path.removeprefix(self.prefix))):
                if reason := _why_unlisted(top / place):
                    self._unlisted[place] = reason
                    break
            else:
                self._unlisted["."] = f"git: {line}"

    def would_list(self, path: str) -> bool:
        """Whether a new file at this path would be listed, because git does not ignore it."""
        if ".git" in path.split("/"):
            return False
        folder = Path(self.place)
        return self._repository.run(GitCommand.IS_IGNORED, path, folder=folder).returncode == 1

    def _still_listed(self, gone: list[TreeEntry]) -> Iterable[TreeEntry]:
        """The tracked files that are missing on disk without being deleted."""
        if not gone:
            return
        there = self._sizes_in_store = self._objects.sizes(e.oid for e in gone if e.oid)
        for entry in gone:
            if entry.path in self._not_on_disk or entry.oid not in there:
                self._not_on_disk[entry.path] = entry.oid or ""
                yield entry

    def _read_within(self, entry: TreeEntry, limit: int | None) -> bytes:
        if (oid := self._not_on_disk.get(entry.path)) is None:
            return super()._read_within(entry, limit)
        if limit is not None and self._sizes_in_store.get(oid, 0) > limit:
            raise too_large(self._sizes_in_store[oid], limit)
        return self._objects.read(oid)

    def object_id(self, path: str) -> str:
        entry = self.entries[path]
        return self._not_on_disk.get(entry.path) or super().object_id(path)

    def _size(self, entry: TreeEntry) -> int:
        if (oid := self._not_on_disk.get(entry.path)) is not None:
            size = self._sizes_in_store.get(oid)
            if size is None:
                raise Unreadable(git.ABSENT)
            return size
        return super()._size(entry)

    def _link(self, entry: TreeEntry) -> str:
        if (oid := self._not_on_disk.get(entry.path)) is not None:
            return decode_path(self._objects.read(oid))
        return super()._link(entry)

    def stream(self, path: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        entry = self._behind(path)
        if (oid := self._not_on_disk.get(entry.path)) is not None:
            return self._objects.stream(oid, chunk)
        return super().stream(path, chunk)


def _why_unlisted(folder: Path) -> str | None:
    """What keeps a folder from being listed; None if nothing does."""
    try:
        os.scandir(folder).close()
    except FileNotFoundError:
        return None
    except OSError as error:
        return _reason(error)
    return None


def _folders(path: str) -> Iterator[str]:
    """Every folder above a path, nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _mode(found: os.stat_result) -> int:
    if stat.S_ISLNK(found.st_mode):
        return SYMLINK
    return EXECUTABLE if found.st_mode & 0o100 else REGULAR


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
