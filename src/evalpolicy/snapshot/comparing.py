"""From two revisions to what lies between them, in a number of git processes that is constant.

A clone that lacks a part of the history is refused: what cannot be compared is never a pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalpolicy.artifacts.source import Problem
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.snapshot import git
from evalpolicy.snapshot.change import Commit, Comparison, Conflict, PathChange, Status
from evalpolicy.snapshot.merging import merge
from evalpolicy.snapshot.model import Snapshot, Unreadable, decode_path
from evalpolicy.snapshot.objects import CommitSnapshot, resolve

DEEPER = (
    "fetch the whole history (actions/checkout: `fetch-depth: 0`; here: `git fetch --unshallow`)"
)
# Git compares up to this many pairs for renames that changed content; its default, whatever the
# user's configuration says.
_RENAME_LIMIT = "-l1000"
_RAW = ("--raw", "-r", "-z", "--no-abbrev", _RENAME_LIMIT)
_LOG_FIELDS = ("%m", "%H", "%P", "%an", "%ae", "%cn", "%ce", "%B")
_STATUS: dict[str, Status] = {"A": "added", "C": "added", "D": "deleted", "R": "renamed"}


def compare(
    repository: git.Repository, snapshot: Snapshot, base: str
) -> tuple[Comparison, tuple[Commit, ...]]:
    """What the snapshot changes since the merge base of `base` and its commit, and the commits.

    Raises `NotCheckedError`, with the `fetch-depth` that is needed, where the clone does not hold
    the base or the history between.
    """
    shallow, objects = _store(repository)
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
    changes, problems = _changes(repository, snapshot, before)

    def upstream() -> Sequence[PathChange]:
        lines, _ = _raw(repository, snapshot.prefix, "diff-tree", merge_base, target)
        return lines

    def merged() -> list[Conflict] | Problem:
        return merge(repository, objects, target, head, snapshot)

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
    return bool(_store(repository)[0])


def _store(repository: git.Repository) -> tuple[frozenset[str], Path]:
    """The commits at which a shallow history ends, and the folder of the objects."""
    said = git.output(
        repository.folder, "rev-parse", "--git-path", "shallow", "--git-path", "objects"
    )
    shallow, objects = (repository.folder / decode_path(p) for p in said.split(b"\n")[:2])
    try:
        return frozenset(shallow.read_text("ascii").split()), objects
    except FileNotFoundError:
        return frozenset(), objects
    except (OSError, UnicodeDecodeError) as error:
        raise NotCheckedError(f"git's list of shallow commits cannot be read: {error}") from error


def _merge_base(repository: git.Repository, base: str, head: str, shallow: bool) -> str:
    done = git.run(repository.folder, "merge-base", base, head)
    if done.returncode == 0:
        return done.stdout.decode().split()[0]
    if done.returncode != 1 or shallow:
        why = "this clone is shallow" if shallow else git.said(done)
        raise NotCheckedError(
            f"no merge base of {base[:12]} and {head[:12]} is in this clone: {why}; {DEEPER}"
        )
    raise NotCheckedError(
        f"{base[:12]} and {head[:12]} have no commit in common: give the --base that the "
        "submission is to be merged into"
    )


def _log(repository: git.Repository, base: str, head: str) -> dict[str, list[Commit]]:
    """The commits of both sides (`<` the base's, `>` the head's), newest first, each whole."""
    said = git.output(
        repository.folder, "-c", "log.showSignature=false", "log", "-z", "--left-right",
        "--no-color", "--encoding=UTF-8", f"--format=tformat:{'%x00'.join(_LOG_FIELDS)}",
        f"{base}...{head}", "--",
    )  # fmt: skip
    fields = [field.decode("utf-8", "replace") for field in said.split(b"\0")[:-1]]
    found: dict[str, list[Commit]] = {"<": [], ">": []}
    width = len(_LOG_FIELDS)
    for start in range(0, len(fields), width):
        mark, id, parents, *rest = fields[start : start + width]
        found[mark].append(Commit(id, tuple(parents.split()), *rest))
    return found


def _changes(
    repository: git.Repository, snapshot: Snapshot, before: CommitSnapshot
) -> tuple[list[PathChange], list[Problem]]:
    merge_base = str(before.revision)
    if snapshot.revision is not None:
        return _raw(repository, snapshot.prefix, "diff-tree", merge_base, snapshot.revision)
    # The porcelain refreshes what it knows of the files' times, without writing that down.
    asked = ["diff", "--no-ext-diff", "--no-color", "--ignore-submodules=none"]
    if snapshot.kind == "index":
        return _raw(repository, snapshot.prefix, *asked, "--cached", merge_base)
    changes, problems = _raw(repository, snapshot.prefix, *asked, merge_base)
    untracked = {entry.path for entry in snapshot.entries.values() if entry.oid is None}
    kept = [change for change in changes if change.path not in untracked]
    for path in untracked:
        if path not in before.entries:
            kept.append(PathChange("added", path, path))
        elif not _equal(before, snapshot, path):
            kept.append(PathChange("modified", path, path))
    return kept, problems


def _equal(before: Snapshot, after: Snapshot, path: str) -> bool:
    try:
        return before.read(path) == after.read(path)
    except Unreadable:
        return False


def _raw(
    repository: git.Repository, prefix: str, command: str, *arguments: str
) -> tuple[list[PathChange], list[Problem]]:
    """A raw diff. Where an absent object keeps git from comparing content, the renames that
    changed none are still told, and the others are a problem."""
    folder = repository.top or repository.folder
    problems: list[Problem] = []
    done = git.run(folder, command, *_RAW, "-M", *arguments)
    if done.returncode != 0:
        problems.append(
            Problem(
                "renames with changed content could not be worked out, they count as deleted and "
                f"added: git {command}: {git.said(done)} (absent from this clone)"
            )
        )
        done = git.run(folder, command, *_RAW, "-M100%", *arguments)
    if done.returncode != 0:
        raise NotCheckedError(f"git {command} failed: {git.said(done)}")
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
