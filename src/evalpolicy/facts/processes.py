"""Work that is shared with forked processes: each free process takes the next item.

A fork starts in a few milliseconds with everything imported and every file listed, where a new
interpreter needs a hundred. Each process writes its results to a separate file in memory. A process
that dies loses nothing but time: what it did not deliver is made again.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, Generic, TypeVar

from msgspec import convert, to_builtins

_Made = TypeVar("_Made")

# An item's number in the queue (bytes), and how many a pipe holds for certain (64 KiB on Linux).
_NUMBER = 4
_MOST = 16_000


def can_fork() -> bool:
    """Whether this process may be forked: on Linux, where no thread of it holds a lock."""
    is_able = sys.platform == "linux" and hasattr(os, "memfd_create")
    return is_able and threading.active_count() == 1


def cores() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Part(Generic[_Made]):
    """`count` items of one kind. `make` makes each, by its number from 0.

    A helper sends them as JSON, so `kind` is a type that msgspec converts; what is not JSON, such
    as an exception, arrives as None.
    """

    def __init__(self, count: int, make: Callable[[int], _Made], kind: Any) -> None:
        self.count = count
        self.make = make
        self.kind = kind


class Shared:
    """The items of all parts, begun at once by forked helpers, in order.

    `apart` is called first in each helper, to drop what two processes cannot share.
    """

    def __init__(self, parts: Sequence[Part[Any]], helpers: int, apart: Callable[[], None]) -> None:
        self._items = [(part, number) for part in parts for number in range(part.count)]
        self._made: dict[Part[Any], dict[int, Any]] = {part: {} for part in parts}
        self._helpers: dict[int, IO[bytes]] = {}
        count = len(self._items)
        helpers = min(helpers, count - 1) if can_fork() and 1 < count <= _MOST else 0
        self._queue: int | None = None
        if helpers < 1:
            return
        # Nothing is written to it: this end closes when this process ends, for whatever reason.
        lives, self._lives = os.pipe()
        self._queue, fill = os.pipe()
        os.write(fill, b"".join(number.to_bytes(_NUMBER, "big") for number in range(count)))
        os.close(fill)
        for _ in range(helpers):
            try:
                results = os.fdopen(os.memfd_create("evalpolicy"), "w+b")
                helper = os.fork()
            except OSError:  # no more processes, or descriptors: this one does it all
                break
            if helper == 0:
                self._help(results, apart, lives)
            self._helpers[helper] = results
        os.close(lives)

    def results(self, part: Part[_Made]) -> Iterator[tuple[int, _Made]]:
        """The number of each of the part's items and what was made of it, in no certain order.

        The first caller works, too, until no item of any part is left.
        """
        made = self._made[part]
        for at in self._taken():
            taken, number = self._items[at]
            self._made[taken][number] = taken.make(number)
        for at, row in self._delivered():
            whose, number = self._items[at]
            self._made[whose].setdefault(number, convert(row, whose.kind))
        for number in range(part.count):
            if number not in made:
                made[number] = part.make(number)
        yield from made.items()

    def _taken(self) -> Iterator[int]:
        """The items that this process takes from the queue."""
        if self._queue is None:
            return
        while number := os.read(self._queue, _NUMBER):
            yield int.from_bytes(number, "big")

    def _delivered(self) -> Iterator[tuple[int, Any]]:
        for helper, results in self._helpers.items():
            os.waitpid(helper, 0)
            results.seek(0)
            for line in results:
                try:
                    at, row = json.loads(line)
                except ValueError:  # the line that it died in
                    continue
                yield at, row
            results.close()
        self._helpers.clear()
        if self._queue is not None:
            os.close(self._queue)
            os.close(self._lives)
            self._queue = None

    def _help(self, results: IO[bytes], apart: Callable[[], None], lives: int) -> None:
        """What a helper does until the queue is empty; it ends at once where its parent has."""
        os.close(self._lives)
        threading.Thread(target=_end_with_parent, args=(lives,), daemon=True).start()
        try:
            apart()
            for at in self._taken():
                part, number = self._items[at]
                row = to_builtins(part.make(number), enc_hook=lambda made: None)
                results.write(json.dumps([at, row]).encode() + b"\n")
            results.flush()
        finally:
            os._exit(0)


def _end_with_parent(lives: int) -> None:
    """Ends this process once the other end of a pipe is closed."""
    os.read(lives, 1)
    os._exit(0)
