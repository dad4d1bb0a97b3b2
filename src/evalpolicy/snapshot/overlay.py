"""A snapshot with some files changed, by a fix or in an editor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from evalpolicy.snapshot.model import REGULAR, Snapshot, TreeEntry, Unreadable


class Overlay(Snapshot):
    """Another snapshot with different content for some paths.

    A path that is not there below becomes a regular file.
    """

    def __init__(self, below: Snapshot, changed: Mapping[str, bytes]) -> None:
        self.kind = below.kind
        self.revision = below.revision
        self.prefix = below.prefix
        self.place = below.place
        self.top = below.top
        self._below = below
        self._changed = dict(changed)

    def blob_id(self, path: str, limit: int | None = None) -> str:
        content = self._changed.get(self._behind(path).path)
        if content is None:
            return self._below.blob_id(path, limit)
        self.refuse(path, limit)
        return sha256(content).hexdigest()

    def stamp(self, path: str) -> str | None:
        try:
            changed = self._behind(path).path in self._changed
        except Unreadable:
            return None
        return None if changed else self._below.stamp(path)

    def object_id(self, path: str) -> str:
        content = self._changed.get(path)
        return self._below.object_id(path) if content is None else self.object_id_of(content)

    def stream(self, path: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        content = self._changed.get(self._behind(path).path)
        if content is None:
            return self._below.stream(path, chunk)
        return (content[at : at + chunk] for at in range(0, len(content), chunk))

    def forked(self) -> None:
        self._below.forked()

    @property
    def unlisted(self) -> Mapping[str, str]:
        return self._below.unlisted

    def _list(self) -> Iterable[TreeEntry]:
        below = self._below.entries
        yield from below.values()
        yield from (TreeEntry(path, REGULAR) for path in self._changed if path not in below)

    def _read(self, entry: TreeEntry) -> bytes:
        content = self._changed.get(entry.path)
        return self._below._read(entry) if content is None else content

    def _size(self, entry: TreeEntry) -> int:
        content = self._changed.get(entry.path)
        return self._below._size(entry) if content is None else len(content)

    def _link(self, entry: TreeEntry) -> str:
        return self._below._link(entry)
