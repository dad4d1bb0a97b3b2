"""Records what work reads while it runs, so that its result can be kept until that changes.

A tracked function is a function of a snapshot. While it runs, its looks and the problems that it
reports are recorded in a `Trace`; its result is remembered with that, and whoever asks again gets
the result and rests on the trace, too. So what work rests on does not depend on who asked first.

`TracedSnapshot.state` names the answer to each look: equal states, equal work, whatever else
changed. Beside the files that were asked for there is the listing (paths and modes,
`TracedSnapshot.listing_id`), which any work may have gone through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from msgspec import to_builtins

from evalpolicy.snapshot.cache import Cache, key
from evalpolicy.snapshot.model import Snapshot, TreeEntry, Unreadable, encode_path, understood
from evalpolicy.snapshot.objects import ObjectSnapshot

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.source import Problem

_Made = TypeVar("_Made")
_Owner = TypeVar("_Owner")
_Given = ParamSpec("_Given")

# Files of up to the first number of bytes are remembered, of all together the second.
_SHORT, _ROOM = 64 << 10, 16 << 20
_STAMPS = "stamps of files"
_SIZES = "sizes of objects"


class Look(NamedTuple):
    """One question about a file: `content`, `object`, `size`, `exceeds N`, or `failed N`.

    The last stands for a `read` of at most N bytes (any number: `failed`) that was refused. Who
    knows more of a file than its bytes adds kinds of its own (`looked`), and answers for them.
    """

    kind: str
    path: str


class Trace:
    """What some work looked at and reported, itself and through what it asked for."""

    def __init__(self) -> None:
        self.looks: dict[Look, None] = {}
        self.problems: dict[tuple[str, Problem], None] = {}
        self.asked: dict[Trace, None] = {}

    @property
    def all_looks(self) -> frozenset[Look]:
        return frozenset(look for trace in self._all for look in trace.looks)

    @property
    def all_problems(self) -> dict[tuple[str, Problem], None]:
        """Each once, in order."""
        return {problem: None for trace in self._all for problem in trace.problems}

    @property
    def _all(self) -> Iterable[Trace]:
        if not self.asked:
            return (self,)
        found = {self: None}
        waiting = [self]
        while waiting:
            fresh = [trace for trace in waiting.pop().asked if trace not in found]
            found.update(dict.fromkeys(fresh))
            waiting += fresh
        return found


_OPEN: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def tracing(trace: Trace | None) -> Iterator[None]:
    """Within this context, looks and problems are recorded in `trace`, or nowhere."""
    before = _OPEN.set(trace)
    try:
        yield
    finally:
        _OPEN.reset(before)


def looked(kind: str, path: str) -> None:
    """Takes down a look."""
    if (trace := _OPEN.get()) is not None:
        trace.looks[Look(kind, path)] = None


def reported(path: str, problem: Problem) -> None:
    """Takes down that the work reported this problem."""
    if (trace := _OPEN.get()) is not None:
        trace.problems[path, problem] = None


def remembered(known: dict[Any, Any], name: object, make: Callable[[], _Made]) -> _Made:
    """What `make` made when it was first asked for under this name: tracked (see the module)."""
    if name in known:
        trace, made = known[name]
        if (asking := _OPEN.get()) is not None:
            asking.asked[trace] = None
        return made  # type: ignore[no-any-return]  # what `make` of this name made
    trace = Trace()
    if (asking := _OPEN.get()) is not None:
        asking.asked[trace] = None  # also where `make` raises: who catches that rests on it
    with tracing(trace):
        made = make()
    known[name] = trace, made
    return made


def tracked(
    make: Callable[Concatenate[_Owner, _Given], _Made],
) -> Callable[Concatenate[_Owner, _Given], _Made]:
    """A method that is run once for what it is given: tracked (see the module)."""
    name = f"{make.__name__} remembered"

    @wraps(make)
    def asked(owner: _Owner, /, *given: _Given.args, **named: _Given.kwargs) -> _Made:
        assert not named, "what is remembered is known by its place"
        known = vars(owner).setdefault(name, {})
        return remembered(known, given, lambda: make(owner, *given, **named))

    return asked


class TracedSnapshot(Snapshot):
    """`below`, recording what is asked of it (see `tracing`)."""

    def __init__(self, below: Snapshot, cache: Cache) -> None:
        self.kind = below.kind
        self.revision = below.revision
        self.prefix = below.prefix
        self.place = below.place
        self.top = below.top
        self._below = below
        self._cache = cache
        self._ids: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}
        self._room = _ROOM
        self._stamped = False
        self._presumed: dict[str, int] = {}
        if isinstance(below, ObjectSnapshot) and cache.keeps:
            self._presumed = cache.get(_SIZES, dict[str, int]) or {}
            below.presume(self._presumed)

    @classmethod
    def over(cls, snapshot: Snapshot, cache: Cache) -> TracedSnapshot:
        """The snapshot itself where it is watched already."""
        return snapshot if isinstance(snapshot, TracedSnapshot) else cls(snapshot, cache)

    def anew(self) -> TracedSnapshot:
        return TracedSnapshot(self._below.anew(), Cache(None))

    def state(self, look: Look) -> str:
        """The answer to a look, as a word that is equal for equal answers."""
        kind, _, limit = look.kind.partition(" ")
        try:
            if kind == "object":
                return self._below.object_id(look.path)
            if kind == "size":
                return str(self._below.size(look.path))
            if kind == "exceeds":
                return str(self._below.exceeds(look.path, int(limit)))
            if kind == "failed":
                self._below.read(look.path, int(limit) if limit else None)
                return "readable"
            return self._id(look.path)
        except Unreadable as reason:
            return f"unreadable: {reason}"
        except KeyError:
            return "not there"

    @cached_property
    def listing_id(self) -> str:
        """Equal as long as all paths and their modes are."""
        digest = sha256()
        for path, entry in self.entries.items():
            digest.update(b"%o %b\0" % (entry.mode, encode_path(path)))
        return digest.hexdigest()

    def read(self, path: str, limit: int | None = None) -> bytes:
        content = self._known(path, limit)
        if content is None:
            try:
                content = self._below.read(path, limit)
            except Unreadable:
                looked("failed" if limit is None else f"failed {limit}", path)
                raise
            self._remember(path, content)
        looked("content", path)
        return content

    def read_many(
        self, paths: Iterable[str], limit: int | None = None
    ) -> Iterator[tuple[str, bytes | Unreadable]]:
        failed = "failed" if limit is None else f"failed {limit}"
        known = {path: self._known(path, limit) for path in paths}
        fresh = self._below.read_many([path for path, its in known.items() if its is None], limit)
        for path, its in known.items():
            content = next(fresh)[1] if its is None else its
            if isinstance(content, Unreadable):
                looked(failed, path)
            else:
                self._remember(path, content)
                looked("content", path)
            yield path, content

    def _known(self, path: str, limit: int | None) -> bytes | None:
        content = self._contents.get(path)
        return content if content is None or limit is None or len(content) <= limit else None

    def _remember(self, path: str, content: bytes) -> None:
        """Keeps what is short: a run reads scripts, documents and Dockerfiles more than once."""
        if len(content) <= _SHORT and self._room >= len(content) and path not in self._contents:
            self._contents[path] = content
            self._room -= len(content)

    def stream(self, path: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        try:
            pieces = self._below.stream(path, chunk)
            looked("content", path)
            yield from pieces
        except Unreadable:
            looked("failed", path)
            raise

    def size(self, path: str) -> int | None:
        looked("size", path)
        return self._below.size(path)

    def will_size(self, paths: Iterable[str]) -> None:
        self._below.will_size(paths)

    def exceeds(self, path: str, limit: int) -> bool | None:
        looked(f"exceeds {limit}", path)
        return self._below.exceeds(path, limit)

    def blob_id(self, path: str, limit: int | None = None) -> str:
        try:
            found = self._id(path, limit)
        except Unreadable:
            looked("failed" if limit is None else f"failed {limit}", path)
            raise
        looked("content", path)
        return found

    def object_id(self, path: str) -> str:
        looked("object", path)
        return self._below.object_id(path)

    def stamp(self, path: str) -> str | None:
        return self._below.stamp(path)

    def close(self) -> None:
        self._below.close()

    def forked(self) -> None:
        self._below.forked()

    def kept(
        self, kind: str, path: str, limit: int, make: Callable[[bytes], _Made], shape: type[_Made]
    ) -> _Made:
        """What `make` says of a file's content, from the cache if it is kept there in this shape.

        Raises `Unreadable`, also for a file of more than `limit` bytes.
        """
        if not self._cache.keeps:
            return understood(make, self.read(path, limit))
        row_key = key(kind, self.blob_id(path, limit))
        row = self._cache.get(row_key, shape)
        if row is None:
            row = understood(make, self.read(path, limit))
            self._cache.put(row_key, to_builtins(row))
        return row

    def save(self) -> None:
        """Hands the cache what is known of files by their stamps and ids, if any of it is new."""
        if self._stamped:
            there = {path: row for path, row in self._stamps.items() if path in self.entries}
            self._cache.put(_STAMPS, there)
        if isinstance(self._below, ObjectSnapshot) and self._cache.keeps:
            compared = self._below.compared
            if compared and compared != self._presumed:
                self._cache.put(_SIZES, compared)

    @cached_property
    def _stamps(self) -> dict[str, tuple[str, str]]:
        """Stamp and id of the files that some run asked for, by path."""
        return self._cache.get(_STAMPS, dict[str, tuple[str, str]]) or {}

    def _id(self, path: str, limit: int | None = None) -> str:
        """`blob_id`, worked out once, or known from an earlier run by the file's stamp."""
        if limit is not None and not isinstance(self._below, ObjectSnapshot):
            self._below.refuse(path, limit)  # git's own ids cost nothing, whatever the size
        known = self._ids.get(path)
        if known is not None:
            return known
        stamp = self._below.stamp(path) if self._cache.keeps else None
        if stamp is not None and (kept := self._stamps.get(path)) and kept[0] == stamp:
            found = kept[1]
        else:
            found = self._below.blob_id(path, limit)
            if stamp is not None:
                self._stamps[path] = (stamp, found)
                self._stamped = True
        self._ids[path] = found
        return found

    @property
    def unlisted(self) -> Mapping[str, str]:
        return self._below.unlisted

    def _list(self) -> Iterable[TreeEntry]:
        return self._below.entries.values()

    def _read(self, entry: TreeEntry) -> bytes:
        return self._below._read(entry)

    def _size(self, entry: TreeEntry) -> int:
        return self._below._size(entry)

    def _link(self, entry: TreeEntry) -> str:
        looked("object", entry.path)  # where a link leads is no part of the listing
        return self._below._link(entry)
