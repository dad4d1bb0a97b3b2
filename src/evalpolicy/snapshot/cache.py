"""What was determined from a file's bytes before, kept by the bytes' id.

A row depends on content, path, configuration and the tool alone, so a hit changes nothing but
the time. Rows are JSON: reading a cache runs no code. Each carries a checksum of its key and its
value, and is read as the shape that its reader asks for; one that does not fit is not there. The
checksum is against damage, not against people: whoever may write into the cache folder may change
verdicts, as with any cache, though not end a run. `--no-cache` does without.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cache, cached_property
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import sqlite3

_Row = TypeVar("_Row")

# A cache that has grown beyond this (bytes) is cleared: rows are small and quickly made.
_LARGEST = 256 << 20
# Of a row's checksum (hexadecimal digits), which stands before its JSON.
_CHECKSUM = 16
_SCHEMA = "CREATE TABLE rows (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"


class Cache:
    """The rows of one fleet. Without a file it remembers nothing.

    What cannot be read counts as empty, and what cannot be written is left: a cache may never
    be the reason for a failure.
    """

    def __init__(self, file: str | None) -> None:
        self._file = file
        self._fresh: dict[str, Any] = {}

    @property
    def keeps(self) -> bool:
        """Whether there is any use in working out keys."""
        return self._file is not None

    @cached_property
    def is_empty(self) -> bool:
        """Whether it has nothing: no file, or one that another version of the tool wrote."""
        if self._rows is None:
            return True
        try:
            return self._rows.execute("SELECT 1 FROM rows LIMIT 1").fetchone() is None
        except _damage():
            return True

    def get(self, key: str, shape: type[_Row]) -> _Row | None:
        """The row of `key`; None if it is missing, damaged or of another shape."""
        if self._rows is None:
            return None
        try:
            found = self._rows.execute("SELECT value FROM rows WHERE key = ?", (key,)).fetchone()
        except _damage():
            return None
        if found is None or not isinstance(found[0], str):
            return None
        text = found[0][_CHECKSUM:]
        return decoded(text, shape) if found[0][:_CHECKSUM] == _checksum(key, text) else None

    def put(self, key: str, row: Any) -> None:
        if self._file is not None:
            self._fresh[key] = row

    def discard(self) -> None:
        """Drops all rows, those in the file included: something in them is wrong."""
        self._fresh.clear()
        if self._rows is None:
            return
        try:
            with self._rows:
                self._rows.execute("DELETE FROM rows")
        except _damage():
            self._rows.close()
            self.__dict__["_rows"] = None

    def forget(self) -> None:
        """Drops the rows that were not saved yet."""
        self._fresh.clear()

    def forked(self) -> None:
        """Drops the open file in a forked process: two processes cannot share it."""
        self._left = self.__dict__.get("_rows")  # nor may this one close it
        self.__dict__["_rows"] = None
        self._fresh = {}

    def taken(self) -> dict[str, Any]:
        """The rows that were not saved yet, for another process to save."""
        fresh, self._fresh = self._fresh, {}
        return fresh

    def save(self) -> None:
        """Adds the new rows to the file, all or none, and closes it."""
        rows = self._rows
        if rows is None:
            return
        fresh = []
        for key, row in self._fresh.items():
            text = json.dumps(row, separators=(",", ":"))
            fresh.append((key, _checksum(key, text) + text))
        try:
            with rows:
                if fresh:
                    rows.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", fresh)
        except _damage() as error:
            self._remove_damaged(error)
        finally:
            rows.close()

    def _remove_damaged(self, error: Exception) -> None:
        """Removes a file that will not get better; one that is locked, or full, may."""
        from sqlite3 import DatabaseError

        if type(error) is DatabaseError and self._file is not None:
            with suppress(OSError):
                os.unlink(self._file)

    @cached_property
    def _rows(self) -> sqlite3.Connection | None:
        """The open file; None if it does not exist or cannot be used."""
        if self._file is None:
            return None
        for attempt in ("as it is", "anew"):
            try:
                os.makedirs(os.path.dirname(self._file), mode=0o700, exist_ok=True)
                if attempt == "anew" or _too_large(self._file):
                    os.unlink(self._file)
                return _connected(self._file)
            except _damage():
                continue
        return None


def decoded(text: str, shape: type[_Row]) -> _Row | None:
    """JSON as a value of this shape; None if it has another."""
    from msgspec import convert

    known: Any = shape
    try:
        return _decoder(known).decode(text)  # type: ignore[no-any-return]  # a decoder of `shape`
    except (ValueError, RecursionError):
        pass
    try:  # what Python writes and msgspec does not read: surrogates of a path, numbers of any size
        return convert(json.loads(text), shape)
    except (ValueError, TypeError, RecursionError, OverflowError):
        return None


@cache
def _decoder(shape: Any) -> Any:
    from msgspec.json import Decoder

    return Decoder(shape)


def _checksum(key: str, text: str) -> str:
    content = f"{key} {text}".encode("utf-8", "surrogatepass")
    return blake2b(content, digest_size=_CHECKSUM // 2).hexdigest()


def _damage() -> tuple[type[Exception], ...]:
    """What is raised if the file is damaged, locked, not a cache, or not available."""
    from sqlite3 import Error

    return (Error, OSError, ValueError, MemoryError, OverflowError)


def _too_large(file: str) -> bool:
    try:
        return os.stat(file).st_size > _LARGEST
    except FileNotFoundError:
        return False


def _connected(file: str) -> sqlite3.Connection:
    """The open file, emptied if another version of the tool wrote it. Raises `sqlite3.Error`."""
    import sqlite3

    connection = sqlite3.connect(file, timeout=1, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA user_version").fetchone()[0] != _tool_number():
            with connection:
                connection.execute("DROP TABLE IF EXISTS rows")
                connection.execute(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {_tool_number()}")
    except BaseException:
        connection.close()
        raise
    return connection


def open_cache(root: str) -> Cache:
    """The cache of the fleet at `root`: one file in the user's cache folder."""
    caches = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(caches):  # the XDG specification says to ignore it
        caches = os.path.expanduser("~/.cache")
    folder = os.environ.get("EVALPOLICY_CACHE_DIR") or os.path.join(caches, "evalpolicy")
    name = sha256(os.path.realpath(root).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return Cache(os.path.join(folder, f"{name}.sqlite"))


def key(*parts: object) -> str:
    """A row's key from everything that it depends on."""
    return sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _tool_number() -> int:
    """Names this very code in 31 bits: its version, and size and time of each of its files."""
    from evalpolicy import __version__
    from evalpolicy.matching.shipped import schemas_folder

    found = []
    for folder in (os.path.dirname(os.path.dirname(__file__)), schemas_folder()):
        for base, _, names in os.walk(folder):
            for name in names:
                if name.endswith((".py", ".json")):
                    stat = os.stat(os.path.join(base, name))
                    found.append((name, stat.st_size, stat.st_mtime_ns))
    return int(key(__version__, sorted(found))[:8], 16) & 0x7FFFFFFF
