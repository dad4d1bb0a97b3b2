"""The snapshot of a session: unsaved text over the worktree, abandoned once outdated."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.model import TreeEntry
from evalpolicy.snapshot.overlay import Overlay


class Superseded(BaseException):
    """There is something newer to check. Not an error: handlers of errors must let it pass."""


class Unsaved(Overlay):
    """An overlay that raises `Superseded` instead of reading once it is outdated."""

    def __init__(
        self, below: Snapshot, changed: Mapping[str, bytes], superseded: Callable[[], bool]
    ) -> None:
        super().__init__(below, changed)
        self._superseded = superseded

    def _behind(self, path: str) -> TreeEntry:
        if self._superseded():
            raise Superseded
        return super()._behind(path)
