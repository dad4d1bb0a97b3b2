"""Finds the repository that a folder belongs to, without starting git.

A submission can commit everything that makes a bare repository, as plain files (`HEAD`, `objects/`,
`refs/`, and a `config` that names programs), and git takes the folder for one. It can never commit
anything called `.git`. So whatever has a `.git` is a repository that somebody made on this machine
(a clone, a submodule's checkout, a linked worktree), and a bare one counts only where no worktree
is around it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from evalpolicy.errors import NotCheckedError

# A `.git` file is one line (bytes); git itself rejects one of more than a megabyte.
_LONGEST = 1 << 16


class RepositoryLocation(NamedTuple):
    """Where a repository was found: `top` is None for a bare one. Links are resolved."""

    git_dir: Path
    top: Path | None


def nearest(folder: Path) -> RepositoryLocation | None:
    """The nearest repository at or above `folder`; None outside of git.

    GIT_CEILING_DIRECTORIES ends the search as it ends git's (git(1)). Raises `NotCheckedError` for
    a bare repository that lies in the worktree of another one, for a folder within a git directory,
    and for a `.git` that leads to no repository.
    """
    here = Path(os.path.realpath(folder))
    ceilings = os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep)
    closed = {os.path.realpath(ceiling) for ceiling in ceilings if os.path.isabs(ceiling)}
    for place in (here, *here.parents):
        if place != here and str(place) in closed:
            return None
        if os.path.lexists(place / ".git"):
            return RepositoryLocation(_led_to(place), place)
        if _is_git_dir(place):
            _refuse_embedded(folder, place)
            return RepositoryLocation(place, None)
    return None


def _refuse_embedded(folder: Path, place: Path) -> None:
    for outer in place.parents:
        if not os.path.lexists(outer / ".git"):
            continue
        if place.is_relative_to(outer / ".git"):
            raise NotCheckedError(
                f"{folder} is inside a git directory: run evalpolicy in its worktree"
            )
        raise NotCheckedError(
            f"{place} is a bare repository inside {outer}: git would read its "
            f"configuration from there. Remove it, run evalpolicy in {outer}, or set GIT_DIR"
        )


def _led_to(top: Path) -> Path:
    """The git directory that `top/.git` is, or names (gitrepository-layout(5))."""
    mark = top / ".git"
    found = mark
    try:
        if mark.is_file():  # a FIFO would be waited for
            with open(mark, "rb") as opened:
                text = opened.read(_LONGEST)
            if text.startswith(b"gitdir: "):
                found = top / os.fsdecode(text[len(b"gitdir: ") :].rstrip(b"\r\n"))
    except OSError as error:
        raise NotCheckedError(f"{mark} cannot be read: {error.strerror}") from error
    if not _is_git_dir(found):
        raise NotCheckedError(
            f"{mark} does not point to a git repository: repair or remove it, then run again"
        )
    return Path(os.path.realpath(found))


def _is_git_dir(place: Path) -> bool:
    """Whether git would regard a folder as a git directory (setup.c, `is_git_directory`).

    Objects and references may lie elsewhere, where a file `commondir` says.
    """
    if not os.path.lexists(place / "HEAD"):
        return False
    if os.path.lexists(place / "commondir"):
        return True
    return (place / "objects").is_dir() and (place / "refs").is_dir()
