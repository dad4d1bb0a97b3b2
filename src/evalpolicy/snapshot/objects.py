"""Snapshots whose bytes are git's objects: the index, and a commit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from hashlib import sha1, sha256

from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.snapshot import git
from evalpolicy.snapshot.git_process import GitCommand
from evalpolicy.snapshot.model import SUBMODULE, Kind, Snapshot, TreeEntry, Unreadable, decode_path

# How the id of the empty blob begins, with SHA-1 and with SHA-256, behind an entry's mode.
_EMPTY = re.compile(rb"^\d+ (?:e69de29bb2d1d643|473a0f4c3be8a936)")


class ObjectSnapshot(Snapshot):
    """Files that are read from the object store, whatever lies on the disk."""

    def __init__(self, repository: git.Repository, prefix: str = "") -> None:
        self.prefix = prefix
        self._repository = repository
        self.top = str((repository.top or repository.folder) / prefix)
        self._objects = git.Objects(repository)
        self._sizes: dict[str, int] = {}
        self._asked: set[str] = set()
        self._presumed: Mapping[str, int] = {}
        self._compared: set[str] = set()

    def close(self) -> None:
        self._objects.close()

    def forked(self) -> None:
        self._objects = git.Objects(self._repository)

    def read_many(
        self, paths: Iterable[str], limit: int | None = None
    ) -> Iterator[tuple[str, bytes | Unreadable]]:
        """All at once: one process, with many requests under way."""
        wanted = list(paths)
        if limit is not None:
            self.will_size(wanted)
        behind: dict[str, str] = {}
        refused: dict[str, Unreadable] = {}
        for path in wanted:
            try:
                self.refuse(path, limit)
                behind[path] = self._oid(self._behind(path))
            except Unreadable as reason:
                refused[path] = reason
        contents = self._objects.read_many(list(behind.values()))
        for path in wanted:
            yield path, refused[path] if path in refused else next(contents)[1]

    def read(self, path: str, limit: int | None = None) -> bytes:
        """As for any snapshot; git tells the size of what it gives, so none is asked for before."""
        return self._objects.read(self._oid(self._behind(path)), limit)

    def blob_id(self, path: str, limit: int | None = None) -> str:
        return self._oid(self._behind(path))

    def object_id(self, path: str) -> str:
        return self._oid(self.entries[path])

    def stream(self, path: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        return self._objects.stream(self._oid(self._behind(path)), chunk)

    def presume(self, sizes: Mapping[str, int]) -> None:
        """Sizes in bytes, by id, so that `exceeds` does not ask git: a blob's never changes."""
        self._presumed = sizes

    def anew(self) -> ObjectSnapshot:
        self.presume({})
        return self

    def will_size(self, paths: Iterable[str]) -> None:
        wanted: set[str] = set()
        for path in paths:
            try:
                wanted.add(self._oid(self._behind(path)))
            except Unreadable:  # a size of nothing: `size` says so
                continue
        self._ask(wanted)

    def exceeds(self, path: str, limit: int) -> bool | None:
        try:
            oid = self._oid(self._behind(path))
        except Unreadable:
            return None
        self._compared.add(oid)
        size = self._presumed.get(oid)
        return super().exceeds(path, limit) if size is None else size > limit

    @property
    def compared(self) -> dict[str, int]:
        """The sizes, by id, of all that `exceeds` was asked of: to be presumed another time."""
        known = {**self._presumed, **self._sizes}
        return {oid: known[oid] for oid in sorted(self._compared) if oid in known}

    def _size(self, entry: TreeEntry) -> int:
        oid = self._oid(entry)
        if oid not in self._asked:
            files = {e.oid for e in self.entries.values() if e.mode != SUBMODULE and e.oid}
            self._ask(files - self._presumed.keys() | {oid})
        try:
            return self._sizes[oid]
        except KeyError:
            raise Unreadable(git.ABSENT) from None

    def _ask(self, oids: Set[str]) -> None:
        """Their sizes, as far as they are not known, from one `git cat-file --batch-check`."""
        wanted = oids - self._asked
        self._asked |= wanted
        if wanted:
            self._sizes.update(self._objects.sizes(sorted(wanted)))

    def _read(self, entry: TreeEntry) -> bytes:
        return self._objects.read(self._oid(entry))

    def _link(self, entry: TreeEntry) -> str:
        return decode_path(self._read(entry))

    @staticmethod
    def _oid(entry: TreeEntry) -> str:
        assert entry.oid is not None, "git lists every object with its id"
        return entry.oid

    def _below_prefix(self, path: str) -> str | None:
        return path[len(self.prefix) :] if path.startswith(self.prefix) else None


class IndexSnapshot(ObjectSnapshot):
    """The index: byte for byte what a commit would hold, whatever the worktree says."""

    kind: Kind = "index"

    def __init__(self, repository: git.Repository, prefix: str = "") -> None:
        super().__init__(repository, prefix)
        self.place = f"the index of {repository.top or repository.git_dir}"

    def _list(self) -> Iterable[TreeEntry]:
        # From the top, or git would list only what lies below the folder.
        top = self._repository.top
        lines = self._repository.output(GitCommand.LIST_INDEX, folder=top).split(b"\0")[:-1]
        committed = self._committed(lines[0]) if any(map(_EMPTY.match, lines)) else None
        for line in lines:
            head, _, raw = line.partition(b"\t")
            mode, oid, stage = head.split(b" ")
            if committed is not None and stage == b"0" and raw not in committed:
                continue
            path = self._below_prefix(decode_path(raw))
            if path is None:
                continue
            if stage != b"0":
                raise NotCheckedError(
                    f"{decode_path(raw)} is unmerged: resolve the conflict and add it"
                )
            yield TreeEntry(path, int(mode, 8), oid.decode())

    def _committed(self, line: bytes) -> frozenset[bytes]:
        """The paths that a commit will hold: without what only `git add -N` put there.

        `line` is any of the index, for the length of its id.
        """
        digest = sha256 if len(line.split(b" ")[1]) == 64 else sha1
        nothing = digest(b"tree 0\0", usedforsecurity=False).hexdigest()
        listed = self._repository.output(GitCommand.DIFF_INDEX, nothing)
        return frozenset(listed.split(b"\0")[1::2])


class CommitSnapshot(ObjectSnapshot):
    """A commit, without a checkout. `revision` is its full id."""

    kind: Kind = "commit"

    def __init__(self, repository: git.Repository, revision: str, prefix: str = "") -> None:
        super().__init__(repository, prefix)
        self.revision = resolve(repository, revision)
        self.place = f"{revision} of {repository.top or repository.git_dir}"

    @property
    def whole(self) -> CommitSnapshot:
        """The same commit as seen from the top of the repository."""
        return CommitSnapshot(self._repository, str(self.revision)) if self.prefix else self

    def _list(self) -> Iterable[TreeEntry]:
        assert self.revision is not None
        listed = self._repository.output(GitCommand.LIST_COMMIT, self.revision)
        for line in listed.split(b"\0")[:-1]:
            head, _, raw = line.partition(b"\t")
            mode, _kind, oid = head.split(b" ")
            path = self._below_prefix(decode_path(raw))
            if path is not None:
                yield TreeEntry(path, int(mode, 8), oid.decode())


def resolve(repository: git.Repository, revision: str) -> str:
    """The full id of the commit that `revision` names. Raises `UsageError` if it names none."""
    done = repository.run(GitCommand.RESOLVE, f"{revision}^{{commit}}")
    if done.returncode != 0:
        raise UsageError(f"{revision!r} is not a commit here: see `git log --oneline --all`")
    return done.stdout.decode().strip()
