"""Snapshots whose bytes are git's objects: the index, and a commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.snapshot import git
from evalpolicy.snapshot.model import SUBMODULE, Entry, Kind, Snapshot, Unreadable, decode_path


class ObjectSnapshot(Snapshot):
    """Files that are read from the object store, whatever lies on the disk."""

    def __init__(self, repository: git.Repository, prefix: str = "") -> None:
        self.prefix = prefix
        self._repository = repository
        self.top = str((repository.top or repository.folder) / prefix)
        self._objects = git.Objects(repository.folder)

    def close(self) -> None:
        self._objects.close()

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | Unreadable]]:
        """All at once: one process, with many requests under way."""
        wanted = list(paths)
        behind: dict[str, str] = {}
        refused: dict[str, Unreadable] = {}
        for path in wanted:
            try:
                behind[path] = self._oid(self._behind(path))
            except Unreadable as reason:
                refused[path] = reason
        contents = self._objects.read_many(list(behind.values()))
        for path in wanted:
            yield path, refused[path] if path in refused else next(contents)[1]

    def blob_id(self, path: str, limit: int | None = None) -> str:
        return self._oid(self._behind(path))

    def object_id(self, path: str) -> str:
        return self._oid(self.entries[path])

    def stream(self, path: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        return self._objects.stream(self._oid(self._behind(path)), chunk)

    @cached_property
    def _sizes(self) -> Mapping[str, int]:
        """Every blob's size, from one `git cat-file --batch-check`."""
        files = (e for e in self.entries.values() if e.mode != SUBMODULE)
        return self._objects.sizes(entry.oid for entry in files if entry.oid)

    def _size(self, entry: Entry) -> int:
        try:
            return self._sizes[self._oid(entry)]
        except KeyError:
            raise Unreadable(git.ABSENT) from None

    def _read(self, entry: Entry) -> bytes:
        return self._objects.read(self._oid(entry))

    def _link(self, entry: Entry) -> str:
        return decode_path(self._read(entry))

    @staticmethod
    def _oid(entry: Entry) -> str:
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

    def _list(self) -> Iterable[Entry]:
        folder = self._repository.top or self._repository.git_dir
        for line in git.output(folder, "ls-files", "-z", "-s").split(b"\0")[:-1]:
            head, _, raw = line.partition(b"\t")
            mode, oid, stage = head.split(b" ")
            path = self._below_prefix(decode_path(raw))
            if path is None:
                continue
            if stage != b"0":
                raise NotCheckedError(
                    f"{decode_path(raw)} is not merged: resolve the conflict and add it"
                )
            yield Entry(path, int(mode, 8), oid.decode())


class CommitSnapshot(ObjectSnapshot):
    """A commit, without a checkout. `revision` is its full id."""

    kind: Kind = "commit"

    def __init__(self, repository: git.Repository, revision: str, prefix: str = "") -> None:
        super().__init__(repository, prefix)
        self.revision = resolve(repository, revision)
        self.place = f"{revision} of {repository.top or repository.git_dir}"

    def _list(self) -> Iterable[Entry]:
        assert self.revision is not None
        listed = git.output(
            self._repository.folder, "ls-tree", "-r", "-z", "--full-tree", self.revision
        )
        for line in listed.split(b"\0")[:-1]:
            head, _, raw = line.partition(b"\t")
            mode, _kind, oid = head.split(b" ")
            path = self._below_prefix(decode_path(raw))
            if path is not None:
                yield Entry(path, int(mode, 8), oid.decode())


def resolve(repository: git.Repository, revision: str) -> str:
    """The full id of the commit that `revision` names. Raises `UsageError` if it names none."""
    done = git.run(
        repository.folder, "rev-parse", "--verify", "--quiet", "--end-of-options",
        f"{revision}^{{commit}}",
    )  # fmt: skip
    if done.returncode != 0:
        raise UsageError(f"{revision!r} names no commit here: see `git log --oneline --all`")
    return done.stdout.decode().strip()
