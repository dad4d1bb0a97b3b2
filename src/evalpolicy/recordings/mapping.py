"""The recordings of a fleet, from the cache or from their bytes, in as many processes as help."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from evalpolicy.artifacts.source import Span
from evalpolicy.cache import Cache, key
from evalpolicy.fleet import Fleet
from evalpolicy.snapshot import Snapshot, Unreadable

if TYPE_CHECKING:
    from evalpolicy.artifacts.json_spans import Path
    from evalpolicy.recordings.reading import Content, Recording

# A file of up to this size (bytes) is read whole, a larger one in pieces.
_WHOLE = 64 << 20
# Starting processes costs what a core reads in this time: with less to do (bytes) it does not pay.
_WORTH_IT = 48 << 20
# Whole files that wait for a process at once, for each of them.
_AHEAD = 4


class Recordings(Mapping[str, "Recording"]):
    """What each fixture of a snapshot holds, by path; one that cannot be read is not in it.

    `hosts` are the patterns of internal hosts. The result does not depend on `jobs`, the number
    of processes at most.
    """

    def __init__(
        self,
        fleet: Fleet,
        cache: Cache,
        hosts: Sequence[str] = (),
        jobs: int | None = None,
        paths: Iterable[str] | None = None,
    ) -> None:
        self._snapshot = fleet.snapshot
        self._found: dict[str, Recording] = {}
        wanted = [fixture.path for fixture in fleet.fixtures] if paths is None else list(paths)
        if not wanted:
            return
        from evalpolicy.recordings.reading import Recording
        from evalpolicy.recordings.rows import to_row

        known, fresh = _known(fleet, cache, tuple(hosts), wanted)
        for path, content in _read(fleet, list(fresh), tuple(hosts), jobs or _cores()):
            known[path] = content
            if cache.keeps:
                cache.put(fresh[path], to_row(content))
        self._found = {path: Recording(path, known[path]) for path in wanted if path in known}

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
            return span_at(self._snapshot.read(path, _WHOLE), line, inside)
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


def _read(
    fleet: Fleet, paths: Sequence[str], hosts: tuple[str, ...], jobs: int
) -> Iterator[tuple[str, Content]]:
    from evalpolicy.recordings.reading import read_content, read_pieces

    snapshot = fleet.snapshot
    sizes = {path: snapshot.size(path) or 0 for path in paths}
    whole = [path for path in paths if sizes[path] <= _WHOLE]
    at_once = jobs > 1 and sum(sizes[path] for path in whole) > _WORTH_IT
    contents = _contents(fleet, whole)
    yield from (
        _in_processes(contents, hosts, jobs)
        if at_once
        else ((path, read_content(content, hosts)) for path, content in contents)
    )
    for path in paths:
        if sizes[path] > _WHOLE:
            try:
                yield path, read_pieces(partial(_stream, snapshot, path), hosts)
            except Unreadable as reason:
                fleet.unreadable(path, reason)


def _stream(snapshot: Snapshot, path: str) -> Iterator[bytes]:
    return snapshot.stream(path)


def _contents(fleet: Fleet, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for path, content in fleet.snapshot.read_many(paths):
        if isinstance(content, Unreadable):
            fleet.unreadable(path, content)
        else:
            yield path, content


def _in_processes(
    contents: Iterator[tuple[str, bytes]], hosts: tuple[str, ...], jobs: int
) -> Iterator[tuple[str, Content]]:
    """In their order, with no more files in memory than are worked on or wait for it."""
    from collections import deque
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing import get_context

    from evalpolicy.recordings.rows import from_row

    waiting: deque[tuple[str, Future[list[Any]]]] = deque()
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for path, content in contents:
            waiting.append((path, pool.submit(_row, content, hosts)))
            if len(waiting) >= jobs * _AHEAD:
                path, done = waiting.popleft()
                yield path, from_row(done.result())
        for path, done in waiting:
            yield path, from_row(done.result())


def _row(content: bytes, hosts: tuple[str, ...]) -> list[Any]:
    from evalpolicy.recordings.reading import read_content
    from evalpolicy.recordings.rows import to_row

    return to_row(read_content(content, hosts))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
