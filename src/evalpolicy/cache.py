"""What was worked out from a file's bytes before, kept by the bytes' id.

A row depends on content, path, configuration and the tool alone, so a hit changes nothing but
the time. Rows are JSON: reading a cache runs no code. Whoever may write into the cache folder
may change verdicts, as with any cache; `--no-cache` does without.
"""

from __future__ import annotations

import json
import os
import tempfile
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

# Rows that the last run had no use for are dropped once there are more than this many of them.
_SPARE_ROWS = 20_000


class Cache:
    """The rows of one fleet. Without a file it remembers nothing.

    What cannot be read counts as empty, and what cannot be written is left: a cache may never
    be the reason for a failure.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._fresh: dict[str, Any] = {}
        self._used: set[str] = set()

    @cached_property
    def _rows(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            document = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        rows = document.get(tool_id()) if isinstance(document, dict) else None
        return rows if isinstance(rows, dict) else {}

    def get(self, key: str) -> Any:
        """The row of `key`, or None."""
        row = self._rows.get(key)
        if row is not None:
            self._used.add(key)
        return row

    def put(self, key: str, row: Any) -> None:
        if self._file is not None:
            self._fresh[key] = row

    def save(self) -> None:
        """Writes the rows if there are new ones: all of them, by way of a file beside it."""
        if self._file is None or not self._fresh:
            return
        kept = self._rows
        if len(kept) - len(self._used) > _SPARE_ROWS:
            kept = {key: row for key, row in kept.items() if key in self._used}
        text = json.dumps({tool_id(): {**kept, **self._fresh}}, separators=(",", ":"))
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._file.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, self._file)
        except OSError:
            return


def open_cache(root: str) -> Cache:
    """The cache of the fleet at `root`: one file in the user's cache folder."""
    folder = os.environ.get("EVALPOLICY_CACHE_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "evalpolicy"
    )
    name = sha256(os.path.realpath(root).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return Cache(Path(folder) / f"{name}.json")


def key(*parts: object) -> str:
    """A row's key from everything that it depends on."""
    return sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def tool_id() -> str:
    """Names this very code: its version, and the size and time of each of its files."""
    return _TOOL.id


class _Tool:
    @cached_property
    def id(self) -> str:
        from evalpolicy import __version__
        from evalpolicy.resources import schemas_folder

        found = []
        for folder in (Path(__file__).parent, schemas_folder()):
            for base, _, names in os.walk(folder):
                for name in sorted(names):
                    if name.endswith((".py", ".json")):
                        stat = os.stat(os.path.join(base, name))
                        found.append((name, stat.st_size, stat.st_mtime_ns))
        return key(__version__, sorted(found))


_TOOL = _Tool()
