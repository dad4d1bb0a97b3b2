"""The cache of a session: rows stay in memory, and rows of unsaved text only there."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from msgspec import to_builtins

from evalpolicy.snapshot.cache import Cache, decoded, open_cache

_Row = TypeVar("_Row")

# A row that this many checks did not use is dropped.
_KEPT = 8


class Rows(Cache):
    """Rows in memory before those of the fleet's file.

    They are kept as text: what one check does to a row that it was given, no other one sees.
    """

    def __init__(self, root: str) -> None:
        super().__init__(None)
        self._root = root
        self._memory: dict[str, tuple[int, str]] = {}
        self._check = 0
        self._behind = Cache(None)

    @property
    def keeps(self) -> bool:
        return True

    @property
    def is_empty(self) -> bool:
        return not self._memory and self._behind.is_empty

    def begin(self) -> None:
        """Opens the file for one check; `finish` closes it."""
        self._behind = open_cache(self._root)
        self._check += 1

    def get(self, key: str, shape: type[_Row]) -> _Row | None:
        known = self._memory.get(key)
        if known is not None:
            self._memory[key] = (self._check, known[1])
            return decoded(known[1], shape)
        row = self._behind.get(key, shape)
        if row is not None:
            self._remember(key, row)
        return row

    def discard(self) -> None:
        self._memory.clear()
        self._behind.discard()

    def put(self, key: str, row: Any) -> None:
        self._remember(key, row)
        self._behind.put(key, row)

    def finish(self, *, save: bool) -> None:
        """Ends a check. `save`: its new rows go to the file as well."""
        if not save:
            self._behind.forget()
        self._behind.save()
        self._behind = Cache(None)
        oldest = self._check - _KEPT
        self._memory = {k: row for k, row in self._memory.items() if row[0] > oldest}

    def _remember(self, key: str, row: Any) -> None:
        self._memory[key] = (self._check, json.dumps(to_builtins(row), separators=(",", ":")))
