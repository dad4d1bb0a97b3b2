"""Opens the snapshot that the user requested, and finds the fleet's root in it."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.snapshot import git
from evalpolicy.snapshot.disk import FolderSnapshot, WorktreeSnapshot
from evalpolicy.snapshot.model import Snapshot
from evalpolicy.snapshot.objects import CommitSnapshot, IndexSnapshot

CONFIG_FILE = "evalpolicy.toml"


def open_snapshot(
    folder: Path,
    *,
    staged: bool = False,
    revision: str | None = None,
    prefix: str | None = None,
) -> Snapshot:
    """The snapshot seen from `folder`: the worktree, the index (`staged`) or a commit.

    The fleet's root is the nearest folder at or above `folder` that holds an evalpolicy.toml,
    else the top of the repository; outside git, `folder` itself. In a repository, `prefix` (empty,
    or ending in `/`) gives its place instead. Raises `UsageError` for an
    unknown revision and `NotCheckedError` if there is nothing to read.
    """
    if staged and revision is not None:
        raise UsageError("--staged and --rev exclude each other: give one of them")
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    repository = git.locate(folder)
    if repository is None:
        if staged or revision is not None:
            wanted = "--staged" if staged else "--rev"
            raise NotCheckedError(f"{wanted} needs a git repository, but {folder} is not in one")
        return FolderSnapshot(_root_outside_git(folder))
    if revision is not None:
        whole: Snapshot = CommitSnapshot(repository, revision)
        prefix = fleet_root(whole.entries, repository.inside) if prefix is None else prefix
        return CommitSnapshot(repository, revision, prefix) if prefix else whole
    if repository.top is None:
        raise NotCheckedError("a bare repository has no worktree and no index: give --rev REV")
    if staged:
        whole = IndexSnapshot(repository)
        prefix = fleet_root(whole.entries, repository.inside) if prefix is None else prefix
        return IndexSnapshot(repository, prefix) if prefix else whole
    if prefix is None:
        prefix = _root_on_disk(repository.top, repository.inside)
    return WorktreeSnapshot(repository, repository.top, prefix)


def _ancestors(inside: str) -> list[str]:
    """`a/b/` and all above it, nearest first, without the top itself."""
    parts = inside.rstrip("/").split("/") if inside else []
    return ["/".join(parts[:n]) + "/" for n in range(len(parts), 0, -1)]


def fleet_root(entries: Container[str], inside: str) -> str:
    """The fleet's root as seen from `inside`, in a state of the whole repository."""
    found = (a for a in _ancestors(inside) if f"{a}{CONFIG_FILE}" in entries)
    return next(found, "")


def _root_on_disk(top: Path, inside: str) -> str:
    return next((a for a in _ancestors(inside) if (top / a / CONFIG_FILE).is_file()), "")


def _root_outside_git(folder: Path) -> Path:
    above = (folder, *folder.resolve().parents)
    return next((place for place in above if (place / CONFIG_FILE).is_file()), folder)
