"""Compares two revisions in a constant number of git processes.

A clone that lacks a part of the history is rejected: what cannot be compared is never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from subprocess import CompletedProcess

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.snapshot import git, git_process
from evalpolicy.snapshot.git_process import LOG_FIELDS, GitCommand, last_line
from evalpolicy.snapshot.model import Snapshot, Unreadable, decode_path
from evalpolicy.snapshot.objects import CommitSnapshot, resolve
from evalpolicy.snapshot.store import ObjectStore, scratch_worktree, store_of
from evalpolicy.snapshot.submission.change import Commit, Comparison, Conflict, PathChange, Status
from evalpolicy.snapshot.submission.merging import merge

DEEPER = (
    "fetch the whole history (actions/checkout: `fetch-depth: 0`; here: `git fetch --unshallow`)"
)
_STATUS: dict[str, Status] = {"A": "added", "C": "added", "D": "deleted", "R": "renamed"}


def compare(
    repository: git.Repository, snapshot: Snapshot, base: str
) -> tuple[Comparison, tuple[Commit, ...]]:
    """What the snapshot changes since the merge base of `base` and its commit, and the commits.

    Raises `NotCheckedError`, with the `fetch-depth` that is needed, where the clone does not hold
    the base or the history between.
    """
    store = store_of(repository)
    shallow = store.shallow
    target = known(repository, base, "the base", bool(shallow))
    head = snapshot.revision or known(repository, "HEAD", "the commit to compare", bool(shallow))
    merge_base = _merge_base(repository, target, head, bool(shallow))
    sides = _log(repository, target, head)
    cut = shallow & {commit.id for side in sides.values() for commit in side}
    if cut:
        raise NotCheckedError(
            f"this clone is shallow: its history ends at {min(cut)[:12]}, between the base and the "
            f"submission; {DEEPER}"
        )
    before = CommitSnapshot(repository, merge_base, snapshot.prefix)
    changes, problems = _changes(repository, store, snapshot, before)

    def upstream() -> Sequence[PathChange]:
        diff = partial(repository.run, GitCommand.DIFF_COMMITS)
        lines, _ = _raw(diff, snapshot.prefix, merge_base, target)
        return lines

    def merged() -> list[Conflict] | Problem:
        return merge(store, target, head, snapshot)

    comparison = Comparison(
        base=target,
        merge_base=merge_base,
        head=head,
        before=before,
        after=snapshot,
        changes=changes,
        tip=lambda: CommitSnapshot(repository, target, snapshot.prefix),
        upstream=upstream,
        merge=merged,
    )
    comparison.problems.extend((comparison.anchor, problem) for problem in problems)
    return comparison, tuple(reversed(sides[">"]))


def known(repository: git.Repository, revision: str, what: str, shallow: bool) -> str:
    """The full id of a commit that has to be in this clone. Raises `NotCheckedError`."""
    try:
        return resolve(repository, revision)
    except UsageError:
        why = "this clone is shallow; " if shallow else ""
        raise NotCheckedError(f"{revision} ({what}) is not in this clone: {why}{DEEPER}") from None


def is_shallow(repository: git.Repository) -> bool:
    return bool(store_of(repository).shallow)


def _merge_base(repository: git.Repository, base: str, head: str, shallow: bool) -> str:
    done = repository.run(GitCommand.MERGE_BASE, base, head)
    if done.returncode == 0:
        return done.stdout.decode().split()[0]
    if done.returncode != 1 or shallow:
        why = "this clone is shallow" if shallow else last_line(done)
        raise NotCheckedError(
            f"no merge base of {base[:12]} and {head[:12]} is in this clone: {why}; {DEEPER}"
        )
    raise NotCheckedError(
        f"{base[:12]} and {head[:12]} have no common ancestor: give the --base that the "
        "submission is to be merged into"
    )


def _log(repository: git.Repository, base: str, head: str) -> dict[str, list[Commit]]:
    """The commits of both sides (`<` the base's, `>` the head's), newest first, each whole."""
    said = repository.output(GitCommand.LOG, f"{base}...{head}", "--")
    fields = [field.decode("utf-8", "replace") for field in said.split(b"\0")[:-1]]
    found: dict[str, list[Commit]] = {"<": [], ">": []}
    for start in range(0, len(fields), LOG_FIELDS):
        mark, id, parents, *rest = fields[start : start + LOG_FIELDS]
        found[mark].append(Commit(id, tuple(parents.split()), *rest))
    return found


def _changes(
    repository: git.Repository, store: ObjectStore, snapshot: Snapshot, before: CommitSnapshot
) -> tuple[list[PathChange], list[Problem]]:
    merge_base = str(before.revision)
    prefix = snapshot.prefix
    if snapshot.revision is not None:
        diff = partial(repository.run, GitCommand.DIFF_COMMITS)
        return _raw(diff, prefix, merge_base, snapshot.revision)
    if snapshot.kind == "index":
        return _raw(partial(repository.run, GitCommand.DIFF_INDEX), prefix, merge_base)
    with scratch_worktree(repository, store, id_digits=len(merge_base)) as (folder, place):
        diff = partial(git_process.run, GitCommand.DIFF_WORKTREE, folder=folder, place=place)
        changes, problems = _raw(diff, prefix, merge_base)
    if any(path.rpartition("/")[2] == ".gitattributes" for path in snapshot.entries):
        smudged = _smudged(before, snapshot, [c.path for c in changes if c.status == "modified"])
        changes = [change for change in changes if change.path not in smudged]
    untracked = {entry.path for entry in snapshot.entries.values() if entry.oid is None}
    kept = [change for change in changes if change.path not in untracked]
    for path in untracked:
        if path not in before.entries:
            kept.append(PathChange("added", path, path))
        elif not _equal(before, snapshot, path):
            kept.append(PathChange("modified", path, path))
    return kept, problems


def _smudged(before: Snapshot, after: Snapshot, paths: Sequence[str]) -> set[str]:
    """The files whose content the base has a Git LFS pointer to: nothing changed in them.

    git would ask the filter, which is not run, where it does not know the file's times.
    """
    from evalpolicy.artifacts.trajectory.lfs import LONGEST_POINTER, read_lfs_pointer

    found = set()
    for path, content in before.read_many(paths, LONGEST_POINTER):
        pointer = None if isinstance(content, Unreadable) else read_lfs_pointer(content)
        if pointer is not None:
            digest = sha256()
            try:
                for piece in after.stream(path):
                    digest.update(piece)
            except Unreadable:
                continue
            if digest.hexdigest() == pointer.sha256:
                found.add(path)
    return found


def _equal(before: Snapshot, after: Snapshot, path: str) -> bool:
    try:
        return before.read(path) == after.read(path)
    except Unreadable:
        return False


def _raw(
    diff: Callable[..., CompletedProcess[bytes]], prefix: str, *revisions: str
) -> tuple[list[PathChange], list[Problem]]:
    """A raw diff. Where an absent object keeps git from comparing content, the renames that
    changed none are still reported, and the others are a problem."""
    problems: list[Problem] = []
    done = diff("-M", *revisions)
    if done.returncode != 0:
        problems.append(
            Problem(
                "renames with changed content could not be detected, so they count as deleted and "
                f"added: git diff: {last_line(done)} (absent from this clone)"
            )
        )
        done = diff("-M100%", *revisions)
    if done.returncode != 0:
        raise NotCheckedError(f"git diff failed: {last_line(done)}")
    found = []
    fields = iter(done.stdout.split(b"\0")[:-1])
    for head in fields:
        _, _, old, new, letter = head.decode("ascii").split(" ")
        first = decode_path(next(fields))
        second = decode_path(next(fields)) if letter[0] in "RC" else first
        status = _STATUS.get(letter[0], "modified")
        change = _below(prefix, status, first, second, same_content=old == new)
        if change is not None:
            found.append(change)
    return found, problems


def _below(
    prefix: str, status: Status, old: str, new: str, *, same_content: bool
) -> PathChange | None:
    """The change as the fleet below `prefix` sees it; None if it lies outside."""
    was, is_ = old.startswith(prefix), new.startswith(prefix)
    old, new = old[len(prefix) :], new[len(prefix) :]
    if status == "renamed" and was != is_:
        return PathChange("deleted", old, old) if was else PathChange("added", new, new)
    if not is_:
        return None
    return PathChange(status, new, old if status == "renamed" else new, same_content)
