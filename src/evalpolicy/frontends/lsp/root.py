"""One fleet of a session, checked in its own thread whenever something changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from lsprotocol import types

from evalpolicy.frontends.lsp.addresses import below
from evalpolicy.frontends.lsp.diagnostics import Board, Ranges, board
from evalpolicy.frontends.lsp.documents import OpenDocument, OpenDocuments
from evalpolicy.frontends.lsp.judging import NotChecked, judge
from evalpolicy.frontends.lsp.rows import Rows
from evalpolicy.frontends.lsp.unsaved import Superseded

TYPING = 0.2
"""How long a document has to be unchanged before it is checked (seconds)."""
SAVED = 0.02
"""The same for other changes, so that several events with one cause lead to one check."""
_LONGEST_WAIT = 2.0


class Root:
    """Keeps the board of one fleet up to date.

    `documents` gives what is open, `show` is called in the session's own thread with each board
    or refusal. A check that something newer makes useless is given up; one that has waited long
    is not, so that who types without a pause sees something too.
    """

    def __init__(
        self,
        top: str,
        encoding: str,
        documents: OpenDocuments,
        show: Callable[[Board | NotChecked], None],
    ) -> None:
        self.top = top
        self.board = Board({})
        self.published: dict[str, tuple[list[types.Diagnostic], int | None]] = {}
        self._documents = documents
        self._show = show
        self._ranges = Ranges(encoding)
        self._rows = Rows(top)
        self._generation = 0
        self._due = 0.0
        self._since: float | None = None
        self._changed = asyncio.Event()
        self._all_checked = asyncio.Event()
        self._worker = ThreadPoolExecutor(1, f"evalpolicy {top}")
        self._task = asyncio.get_running_loop().create_task(self._run())

    def touch(self, wait: float = SAVED) -> None:
        """Something changed: a check is due after `wait` seconds without another change."""
        now = asyncio.get_running_loop().time()
        self._since = now if self._since is None else self._since
        self._generation += 1
        self._due = now + wait
        self._all_checked.clear()
        self._changed.set()

    def is_dockerfile(self, path: str) -> bool:
        return path in self.board.dockerfiles

    async def all_checked(self) -> None:
        """Waits until all checks are done."""
        await self._all_checked.wait()

    def close(self) -> None:
        """Ends the checks; abandons a running one."""
        self._generation = -1
        self._task.cancel()
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            latest = (self._since or loop.time()) + _LONGEST_WAIT
            while (left := min(self._due, latest) - loop.time()) > 0:
                await asyncio.sleep(left)
            patient = loop.time() < latest
            self._changed.clear()
            generation = self._generation
            documents = [d for d in self._documents if below(self.top, d.path)]
            try:
                found = await loop.run_in_executor(
                    self._worker, partial(self._judge, documents, generation, patient)
                )
            except _GivenUp:
                self._changed.set()
                continue
            self._since = loop.time() if self._changed.is_set() else None
            if isinstance(found, Board):
                self.board = found
            self._show(found)
            if not self._changed.is_set():
                self._all_checked.set()

    def _judge(
        self, documents: Sequence[OpenDocument], generation: int, patient: bool
    ) -> Board | NotChecked:
        """Runs in the worker's thread. Raises `_GivenUp` if the check is outdated."""
        texts = {below(self.top, each.path) or "": each.text for each in documents}

        def superseded() -> bool:
            return self._generation < 0 or (patient and generation != self._generation)

        try:
            return judge(
                self.top,
                documents,
                self._rows,
                superseded,
                lambda judged: board(judged, self._ranges, texts),
            )
        except Superseded as newer:
            raise _GivenUp from newer


class _GivenUp(Exception):  # noqa: N818 - an outcome; a future passes on no BaseException well
    """`Superseded`, as the session receives it."""
