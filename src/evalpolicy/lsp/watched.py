"""The snapshot of a session: unsaved text over the worktree, given up once it is outdated."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.model import Entry, encode_path
from evalpolicy.snapshot.overlay import Overlay

# Within this time (nanoseconds) a file can be written twice and look the same: file systems'
# clocks tick coarsely. What git calls racy.
_RACY = 2_000_000_000


class Superseded(BaseException):
    """There is something newer to check. No error: whoever collects errors must let it pass."""


class Known(NamedTuple):
    """A file's id, and how the file looked when it was worked out."""

    stamp: tuple[int, ...]
    id: str


class Watched(Overlay):
    """An overlay that raises `Superseded` instead of reading on where nobody waits for it.

    `known` outlives it: the ids of files that look as they did are not worked out again.
    """

    def __init__(
        self,
        below: Snapshot,
        changed: Mapping[str, bytes],
        known: dict[str, Known],
        superseded: Callable[[], bool],
    ) -> None:
        super().__init__(below, changed)
        self._known = known
        self._superseded = superseded

    def blob_id(self, path: str, limit: int | None = None) -> str:
        entry = self._behind(path)
        stamp = None if entry.path in self._changed else self._stamp(entry)
        if stamp is None:
            return super().blob_id(path, limit)
        self._refuse(path, limit)
        known = self._known.get(entry.path)
        if known is not None and known.stamp == stamp:
            return known.id
        found = super().blob_id(path, limit)
        if time.time_ns() - max(stamp[-2:]) > _RACY:
            self._known[entry.path] = Known(stamp, found)
        return found

    def _stamp(self, entry: Entry) -> tuple[int, ...] | None:
        try:
            found = os.lstat(os.fsencode(self.top) + b"/" + encode_path(entry.path))
        except OSError:
            return None
        return (
            found.st_mode, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns,
            found.st_ctime_ns,
        )  # fmt: skip

    def _behind(self, path: str) -> Entry:
        if self._superseded():
            raise Superseded
        return super()._behind(path)
