"""Where a repository keeps its objects, and its worktree seen through a scratch git directory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from evalpolicy.errors import NotCheckedError
from evalpolicy.snapshot.git import Repository
from evalpolicy.snapshot.git_process import GitCommand
from evalpolicy.snapshot.model import decode_path
from evalpolicy.snapshot.scratch import scratch


class ObjectStore(NamedTuple):
    """`shallow` has the commits at which a shallow history ends, as `shallow_file` lists them."""

    objects: Path
    shallow_file: Path
    shallow: frozenset[str]


def store_of(repository: Repository) -> ObjectStore:
    """Raises `NotCheckedError` where the list of shallow commits cannot be read."""
    printed = repository.output(GitCommand.STORE)
    file, objects = (repository.folder / decode_path(p) for p in printed.split(b"\n")[:2])
    try:
        return ObjectStore(objects, file, frozenset(file.read_text("ascii").split()))
    except FileNotFoundError:
        return ObjectStore(objects, file, frozenset())
    except (OSError, UnicodeDecodeError) as error:
        raise NotCheckedError(f"git's list of shallow commits cannot be read: {error}") from error


@contextmanager
def scratch_worktree(
    repository: Repository, store: ObjectStore, *, id_digits: int
) -> Iterator[tuple[Path, dict[str, str]]]:
    """The top of the worktree, and variables for a command that may read its files.

    A copy of the repository's index counts (`git diff` refreshes the index that it is given), and
    of its configuration how line ends, modes and names of files are kept (`core.autocrlf` and the
    like, `GitCommand.CONVERSION`); no filter does.
    """
    assert repository.top is not None, "a bare repository has no worktree"
    rows = repository.run(GitCommand.CONVERSION).stdout.split(b"\0")[:-1]
    settings = {}
    for row in rows:
        name, equals, value = decode_path(row).partition("\n")
        settings[name.removeprefix("core.")] = value if equals else "true"
    with scratch(store.objects, store.shallow_file, id_digits=id_digits, core=settings) as place:
        index = os.environ.get("GIT_INDEX_FILE") or repository.git_dir / "index"
        if (repository.top / index).is_file():
            # With its time: a file that is as new may have changed since (git's "racy" entries).
            shutil.copy2(repository.top / index, place["GIT_INDEX_FILE"])
        # A split index has its larger part in a file beside it (gitformat-index(5)).
        for part in repository.git_dir.glob("sharedindex.*"):
            shutil.copy2(part, place["GIT_DIR"])
        yield repository.top, {**place, "GIT_WORK_TREE": str(repository.top)}
