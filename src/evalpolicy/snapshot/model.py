"""The interface of snapshots, independent of their source."""

from __future__ import annotations

import posixpath
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from hashlib import sha1, sha256
from typing import Literal, NamedTuple, TypeVar

from evalpolicy.errors import PASSED, noted

_Given = TypeVar("_Given")
_Read = TypeVar("_Read")
Kind = Literal["worktree", "index", "commit", "folder"]

REGULAR = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
SUBMODULE = 0o160000

# As many as Linux follows before it says ELOOP (path_resolution(7)).
_MAX_LINKS = 40
# PATH_MAX of Linux (bytes): a longer target leads nowhere.
_LONGEST_LINK = 4096


class Unreadable(Exception):  # noqa: N818 - a fact about one file, collected and reported
    """One file could not be read. The message is its reason, without the path."""

    is_bug = False
    """Whether it is the tool that failed. Then another run may succeed: nothing is kept of it."""


class Crashed(Unreadable):
    """The reader of a file raised what it should not."""

    is_bug = True


def understood(parse: Callable[[_Given], _Read], content: _Given) -> _Read:
    """What `parse` makes of a file's content. Raises `Unreadable`, whatever `parse` raises."""
    try:
        return parse(content)
    except (Unreadable, *PASSED):
        raise
    except Exception as error:
        raise Crashed(noted(error)) from error


class TreeEntry(NamedTuple):
    """One path of a snapshot.

    `path` is relative to the fleet's root, with `/` between its parts; bytes that are not UTF-8
    are kept as surrogate escapes (PEP 383). `mode` is git's (0o100644, 0o100755, 0o120000 for a
    symbolic link, 0o160000 for a submodule). `oid` is the blob's id where git knows it: for a
    worktree that of the index, which the file on disk may have left behind.
    """

    path: str
    mode: int
    oid: str | None = None

    @property
    def is_file(self) -> bool:
        return self.mode in (REGULAR, EXECUTABLE)


class Snapshot(ABC):
    """The files of one state of a fleet, by path.

    `prefix` is the fleet's root within the repository (empty, or ending in `/`); every path is
    relative to it. `revision` is the commit's full id for a commit, else None.
    """

    kind: Kind
    revision: str | None = None
    prefix: str = ""
    place: str
    """The name of this snapshot in messages: a folder, or a repository and its revision."""
    top: str
    """The fleet's root on the disk, where paths that a person types are counted from."""

    @property
    def unlisted(self) -> Mapping[str, str]:
        """The folders of which it is not known what they hold, and why (the root is `.`)."""
        return {}

    @cached_property
    def entries(self) -> Mapping[str, TreeEntry]:
        """All entries, sorted by path."""
        return {entry.path: entry for entry in sorted(self._list(), key=lambda e: e.path)}

    @cached_property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """The names directly in each folder, sorted; the root is ``""``."""
        found: dict[str, dict[str, None]] = {"": {}}
        for path in self.entries:
            while path:
                parent, _, name = path.rpartition("/")
                known = found.setdefault(parent, {})
                if name in known:
                    break
                known[name] = None
                path = parent
        return {folder: tuple(sorted(names)) for folder, names in found.items()}

    def below(self, folder: str) -> list[str]:
        """The paths of all entries below `folder`, sorted."""
        found: list[str] = []
        for name in self.folders.get(folder, ()):
            path = f"{folder}/{name}" if folder else name
            if path in self.entries:
                found.append(path)
            else:
                found.extend(self.below(path))
        return found

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The content behind `path`; a symbolic link is followed within the snapshot only.

        Raises `Unreadable` for what is not a file here, is absent from the object store, or holds
        more than `limit` bytes.
        """
        entry = self._behind(path)
        self.refuse(path, limit)
        return self._read(entry)

    def refuse(self, path: str, limit: int | None) -> None:
        """Raises `Unreadable` if the file holds more than `limit` bytes."""
        if limit is not None and (size := self.size(path)) is not None and size > limit:
            raise too_large(size, limit)

    def read_many(
        self, paths: Iterable[str], limit: int | None = None
    ) -> Iterator[tuple[str, bytes | Unreadable]]:
        """`read` for many paths, in their order, where asking one by one would be slow."""
        for path in paths:
            try:
                yield path, self.read(path, limit)
            except Unreadable as reason:
                yield path, reason

    def size(self, path: str) -> int | None:
        """The content's size in bytes; None where it cannot be read (`read` states why)."""
        try:
            return self._size(self._behind(path))
        except Unreadable:
            return None

    def will_size(self, paths: Iterable[str]) -> None:  # noqa: B027 - most need no warning
        """Says whose `size` is asked for next, where asking for many at once is cheaper."""

    def exceeds(self, path: str, limit: int) -> bool | None:
        """Whether the content has more than `limit` bytes; None where it cannot be read."""
        size = self.size(path)
        return None if size is None else size > limit

    @abstractmethod
    def blob_id(self, path: str, limit: int | None = None) -> str:
        """A name of the content behind `path`, equal for equal bytes. Raises `Unreadable`.

        Where the name has to be determined from the bytes, no more than `limit` are read.
        """

    def stamp(self, path: str) -> str | None:
        """What says that a file was not written since, cheaper than `blob_id`; None if nothing."""
        return None

    @abstractmethod
    def object_id(self, path: str) -> str:
        """The id that git gives this entry itself: a symbolic link is not followed.

        Raises `Unreadable` where it has to be determined from content that cannot be read.
        """

    def object_id_of(self, content: bytes) -> str:
        """The id that git gives a blob of these bytes in this repository."""
        digest = sha256() if self.object_format == "sha256" else sha1(usedforsecurity=False)
        digest.update(b"blob %d\0" % len(content) + content)
        return digest.hexdigest()

    @cached_property
    def object_format(self) -> Literal["sha1", "sha256"]:
        """The hash that names this repository's objects; SHA-1 where nothing says otherwise."""
        known = next((entry.oid for entry in self.entries.values() if entry.oid), "")
        return "sha256" if len(known) == 64 else "sha1"

    @abstractmethod
    def stream(self, path: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        """The content of a file in pieces of at most `chunk` bytes, for files of any size."""

    def close(self) -> None:  # noqa: B027 - most snapshots hold nothing open
        """Ends the processes that the snapshot holds."""

    def forked(self) -> None:  # noqa: B027 - most snapshots hold nothing open
        """To be called in a forked process: drops what the parent has open."""

    def anew(self) -> Snapshot:
        """The same snapshot with nothing known of it from a cache, and nothing kept there."""
        return self

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _behind(self, path: str) -> TreeEntry:
        """The entry that `path` leads to once symbolic links are followed."""
        for _ in range(_MAX_LINKS):
            entry = self.entries.get(path)
            if entry is None:
                raise Unreadable("this snapshot has no such file")
            if entry.mode == SUBMODULE:
                raise Unreadable("a submodule: its content is not part of this repository")
            if entry.mode != SYMLINK:
                return entry
            target = self._link(entry)
            folder = posixpath.dirname(path)
            path = posixpath.normpath(posixpath.join(folder, target))
            if path.startswith(("/", "../")) or path == "..":
                raise Unreadable("a symbolic link that points outside the snapshot is not followed")
            if path not in self.entries:
                raise Unreadable("a symbolic link to a file that is not in this snapshot")
        raise Unreadable("symbolic links form a cycle")

    def folder_behind(self, path: str) -> str | None:
        """The folder of this snapshot that `path` leads to through symbolic links; None for none.

        Raises `Unreadable` where that is not known: through a submodule, and out of a fleet that
        stands in a folder of its repository.
        """
        waiting = path.split("/")[::-1]
        here: list[str] = []
        links = 0
        while waiting:
            part = waiting.pop()
            if part == ".." and not here:
                if self.prefix:
                    raise Unreadable("a symbolic link that leads out of the snapshot")
                return None
            if part == "..":
                here.pop()
            if part in ("", ".", ".."):
                continue
            here.append(part)
            entry = self.entries.get("/".join(here))
            if entry is None:
                if "/".join(here) not in self.folders:
                    return None
            elif entry.mode == SUBMODULE:
                raise Unreadable("a submodule: its content is not part of this repository")
            elif entry.mode == SYMLINK and links < _MAX_LINKS:
                target = self._link(entry)
                if target.startswith("/") or len(target) > _LONGEST_LINK:
                    return None
                links += 1
                here.pop()
                waiting += target.split("/")[::-1]
            else:
                return None
        return "/".join(here)

    @abstractmethod
    def _list(self) -> Iterable[TreeEntry]: ...

    @abstractmethod
    def _read(self, entry: TreeEntry) -> bytes: ...

    @abstractmethod
    def _size(self, entry: TreeEntry) -> int: ...

    @abstractmethod
    def _link(self, entry: TreeEntry) -> str:
        """The target of a symbolic link, as written."""


def too_large(size: int, limit: int) -> Unreadable:
    """Why a file of more than `limit` bytes is not read."""
    return Unreadable(f"it has {size:,} bytes: at most {limit:,} are read from such a file")


def decode_path(raw: bytes) -> str:
    """A path as git and the disk hold it, as text that keeps every byte."""
    return raw.decode("utf-8", "surrogateescape")


def encode_path(path: str) -> bytes:
    """The bytes that `decode_path` was given."""
    return path.encode("utf-8", "surrogateescape")
