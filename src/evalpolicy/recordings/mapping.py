"""The recordings of a fleet, from the cache or from their bytes, in as many processes as help."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from evalpolicy.artifacts.source import Span
from evalpolicy.cache import Cache, key
from evalpolicy.fleet import Fleet
from evalpolicy.snapshot import Snapshot, Unreadable

if TYPE_CHECKING:
    from evalpolicy.artifacts.json_spans import Path
    from evalpolicy.recordings.reading import Content, Recording
    from evalpolicy.recordings.sharing import Shared

# A file of up to this size (bytes) is read whole, a larger one in pieces.
_WHOLE = 64 << 20
# With less to read (bytes) a helper costs more than it saves.
_WORTH_IT = 4 << 20


class Recordings(Mapping[str, "Recording"]):
    """What each fixture of a snapshot holds, by path; one that cannot be read is not in it.

    `hosts` are the patterns of internal hosts. Reading begins at once where helpers can be forked,
    and ends when something is asked for. The result does not depend on `jobs`, the number of
    processes at most.
    """

    def __init__(
        self,
        fleet: Fleet,
        cache: Cache,
        hosts: Sequence[str] = (),
        jobs: int | None = None,
        paths: Iterable[str] | None = None,
    ) -> None:
        self._fleet = fleet
        self._cache = cache
        self._wanted = list(fleet.fixture_paths if paths is None else paths)
        self._known: dict[str, Content] = {}
        self._fresh: dict[str, str] = {}
        self._trace = fleet.snapshot.open_trace
        self._reading: Shared[Content | None] | None = None
        if self._wanted:
            self._known, self._fresh = _known(fleet, cache, tuple(hosts), self._wanted)
            self._reading = _begun(fleet, list(self._fresh), tuple(hosts), jobs or _cores())

    @cached_property
    def _found(self) -> Mapping[str, Recording]:
        if self._reading is None:
            return {}
        from evalpolicy.recordings.reading import Recording
        from evalpolicy.recordings.rows import to_row

        known, fresh = self._known, list(self._fresh)
        snapshot = self._fleet.snapshot
        with snapshot.tracing(self._trace):
            for number, content in self._reading.results():
                path = fresh[number]
                if content is None:
                    self._fleet.unreadable(path, _reason(snapshot, path))
                    continue
                snapshot.looked("content", path)
                known[path] = content
                if self._cache.keeps:
                    self._cache.put(self._fresh[path], to_row(content))
        return {path: Recording(path, known[path]) for path in self._wanted if path in known}

    def __getitem__(self, path: str) -> Recording:
        return self._found[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def span(self, path: str, line: int, inside: Path) -> Span:
        """Where the value at a path within a line of a fixture stands."""
        from evalpolicy.artifacts.trajectory import span_at

        try:
            return span_at(self._fleet.snapshot.read(path, _WHOLE), line, inside)
        except Unreadable:
            return Span.at(line)


def _known(
    fleet: Fleet, cache: Cache, hosts: tuple[str, ...], paths: Iterable[str]
) -> tuple[dict[str, Content], dict[str, str]]:
    """What the cache has, and the others with the key of their row."""
    from evalpolicy.recordings.rows import from_row

    if not cache.keeps:
        return {}, dict.fromkeys(paths, "")
    known: dict[str, Content] = {}
    fresh: dict[str, str] = {}
    for path in paths:
        try:
            row_key = key("recording", fleet.snapshot.blob_id(path), hosts)
        except Unreadable as reason:
            fleet.unreadable(path, reason)
            continue
        row = cache.get(row_key)
        try:
            known[path] = from_row(row)
        except (TypeError, ValueError, KeyError):
            fresh[path] = row_key
    return known, fresh


def _begun(
    fleet: Fleet, paths: Sequence[str], hosts: tuple[str, ...], jobs: int
) -> Shared[Content | None]:
    """Reads these files, with helpers where there is enough to read."""
    from evalpolicy.recordings.reading import read_content, read_pieces
    from evalpolicy.recordings.rows import from_row, to_row
    from evalpolicy.recordings.sharing import Shared

    snapshot = fleet.snapshot

    def read(number: int) -> Content | None:
        path = paths[number]
        try:
            if sizes.get(path, 0) <= _WHOLE:
                return read_content(snapshot.read(path), hosts)
            return read_pieces(partial(snapshot.stream, path), hosts)
        except Unreadable:
            return None

    sizes = {path: snapshot.size(path) or 0 for path in paths}
    helpers = jobs - 1 if sum(sizes.values()) > _WORTH_IT else 0
    return Shared(
        len(paths),
        read,
        lambda content: None if content is None else to_row(content),
        lambda row: None if row is None else from_row(row),
        helpers,
        snapshot.forked,
    )


def _reason(snapshot: Snapshot, path: str) -> Unreadable:
    """Why a file cannot be read."""
    try:
        snapshot.read(path)
    except Unreadable as reason:
        return reason
    return Unreadable("it could not be read a moment ago")


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
