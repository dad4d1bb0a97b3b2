"""Work that is shared with forked processes: who is free takes the next item.

A fork starts in a few milliseconds with everything imported and every file listed, where a new
interpreter needs a hundred. What a process made goes into a file of its own without a name. A
process that dies loses nothing but time: what it did not deliver is made again.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import IO, Any, Generic, TypeVar

_Made = TypeVar("_Made")

# An item's number in the queue (bytes), and how many a pipe holds for certain (64 KiB on Linux).
_NUMBER = 4
_MOST = 16_000


def can_fork() -> bool:
    """Whether this process may be forked: on Linux, where no thread of it holds a lock."""
    return sys.platform == "linux" and threading.active_count() == 1


class Shared(Generic[_Made]):
    """`make` of each of `count` items, by their numbers, begun at once by forked helpers.

    `to_row` and `from_row` bring what was made into JSON and back. `apart` is called first in each
    helper, to let go of what two processes cannot share. `results` is asked for once.
    """

    def __init__(
        self,
        count: int,
        make: Callable[[int], _Made],
        to_row: Callable[[_Made], Any],
        from_row: Callable[[Any], _Made],
        helpers: int,
        apart: Callable[[], None],
    ) -> None:
        self._count = count
        self._make = make
        self._to_row = to_row
        self._from_row = from_row
        self._helpers: dict[int, IO[bytes]] = {}
        helpers = min(helpers, count - 1) if can_fork() and 1 < count <= _MOST else 0
        self._queue: int | None = None
        if helpers < 1:
            return
        self._queue, fill = os.pipe()
        os.write(fill, b"".join(number.to_bytes(_NUMBER, "big") for number in range(count)))
        os.close(fill)
        for _ in range(helpers):
            results = TemporaryFile()  # noqa: SIM115 - closed once its rows are read
            helper = os.fork()
            if helper == 0:
                self._help(results, apart)
            self._helpers[helper] = results

    def results(self) -> Iterator[tuple[int, _Made]]:
        """Each item's number and what was made of it; each once, in no particular order."""
        left = set(range(self._count))
        for number in self._taken():
            left.discard(number)
            yield number, self._make(number)
        for number, made in self._delivered():
            if number in left:
                left.discard(number)
                yield number, made
        for number in sorted(left):
            yield number, self._make(number)

    def _taken(self) -> Iterator[int]:
        """The items that this process takes from the queue."""
        if self._queue is None:
            return
        while number := os.read(self._queue, _NUMBER):
            yield int.from_bytes(number, "big")

    def _delivered(self) -> Iterator[tuple[int, _Made]]:
        for helper, results in self._helpers.items():
            os.waitpid(helper, 0)
            results.seek(0)
            for line in results:
                try:
                    number, row = json.loads(line)
                except ValueError:  # the line that it died in
                    continue
                yield number, self._from_row(row)
            results.close()
        self._helpers.clear()
        if self._queue is not None:
            os.close(self._queue)
            self._queue = None

    def _help(self, results: IO[bytes], apart: Callable[[], None]) -> None:
        """What a helper does until the queue is empty or its parent has gone."""
        parent = os.getppid()
        try:
            apart()
            for number in self._taken():
                if os.getppid() != parent:
                    break
                row = self._to_row(self._make(number))
                results.write(json.dumps([number, row]).encode() + b"\n")
            results.flush()
        finally:
            os._exit(0)
