"""The recordings of a fleet, from the cache or from their bytes, read in several processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from msgspec import to_builtins

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.config.reading import Config
from evalpolicy.facts.processes import Part, Shared, cores
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.cache import Cache, key
from evalpolicy.snapshot.model import understood
from evalpolicy.snapshot.tracing import looked, tracked

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.json_spans import Path
    from evalpolicy.facts.recordings.reading import Content, Recording

# A file of up to this size (bytes) is read whole, a larger one in pieces.
_WHOLE = 64 << 20
# With less to read (bytes) a helper costs more than it saves.
_WORTH_IT = 4 << 20


def recordings_of(fleet: Fleet, cache: Cache, config: Config, jobs: int | None) -> Recordings:
    """What each fixture of a fleet holds."""
    return Recordings(fleet, cache, config.secrets.internal_hosts, jobs)


class Recordings(Mapping[str, "Recording"]):
    """What each fixture of a snapshot holds, by path; one that cannot be read is not in it.

    `hosts` are the patterns of internal hosts. Files are read when something is asked for, unless
    `begun` has them as its `part` already. The result does not depend on `jobs`, the number of
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
        self._hosts = tuple(hosts)
        self._jobs = jobs or cores()
        self._known, self._fresh = _known(fleet, cache, tuple(hosts), self._wanted)
        self._sizes = {path: fleet.snapshot.size(path) or 0 for path in self._fresh}
        self.begun: Shared | None = None

    @cached_property
    def part(self) -> Part[Content | Unreadable | None]:
        """The files that are not known, to be read by helpers."""
        from evalpolicy.facts.recordings.reading import Content

        sizes = list(self._sizes.items())
        read = partial(_content, self._fleet.snapshot, sizes, self._hosts)
        return Part(len(self._fresh), read, Content | None)

    @property
    def are_many(self) -> bool:
        """Whether there is enough to read for a helper process to pay off."""
        return sum(self._sizes.values()) > _WORTH_IT

    @property
    @tracked
    def _found(self) -> Mapping[str, Recording]:
        if not self._wanted:
            return {}
        from evalpolicy.facts.recordings.reading import Recording

        known, fresh = self._known, list(self._fresh)
        snapshot = self._fleet.snapshot
        helpers = self._jobs - 1 if self.are_many else 0
        shared = self.begun or Shared([self.part], helpers, snapshot.forked)
        for number, content in shared.results(self.part):
            path = fresh[number]
            if content is None or isinstance(content, Unreadable):
                self._fleet.unreadable(path, content or self._reason(path))
                continue
            looked("content", path)
            known[path] = content
            if self._cache.keeps:
                self._cache.put(self._fresh[path], to_builtins(content))
        return {path: Recording(path, known[path]) for path in self._wanted if path in known}

    def _reason(self, path: str) -> Unreadable:
        """Why a file cannot be read, where a helper found that it cannot: asked again here."""
        try:
            _read(self._fleet.snapshot, (path, self._sizes[path]), self._hosts)
        except Unreadable as reason:
            return reason
        return Unreadable("it could not be read on the first attempt")

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
    fleet: Fleet, cache: Cache, hosts: tuple[str, ...], paths: Sequence[str]
) -> tuple[dict[str, Content], dict[str, str]]:
    """What the cache has, and the others with the key of their row."""
    if not cache.keeps or not paths:
        return {}, dict.fromkeys(paths, "")
    from evalpolicy.facts.recordings.reading import Content

    known: dict[str, Content] = {}
    fresh: dict[str, str] = {}
    for path in paths:
        try:
            row_key = key("recording", fleet.snapshot.blob_id(path), hosts)
        except Unreadable as reason:
            fleet.unreadable(path, reason)
            continue
        content = cache.get(row_key, Content)
        if content is None:
            fresh[path] = row_key
        else:
            known[path] = content
    return known, fresh


def _content(
    snapshot: Snapshot, files: Sequence[tuple[str, int]], hosts: tuple[str, ...], number: int
) -> Content | Unreadable:
    """What one of the files (path, size) holds, or why it cannot be read."""
    try:
        return _read(snapshot, files[number], hosts)
    except Unreadable as reason:
        return reason


def _read(snapshot: Snapshot, file: tuple[str, int], hosts: tuple[str, ...]) -> Content:
    """What a file (path, size) holds. Raises `Unreadable`."""
    from evalpolicy.facts.recordings.reading import read_content, read_pieces

    path, size = file
    if size <= _WHOLE:
        return understood(partial(read_content, hosts=hosts), snapshot.read(path))
    return understood(partial(read_pieces, hosts=hosts), partial(snapshot.stream, path))
