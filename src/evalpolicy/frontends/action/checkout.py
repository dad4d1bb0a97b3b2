"""Whether the folder to check belongs to a repository that the workflow checked out."""

from __future__ import annotations

import os
from pathlib import Path

from evalpolicy.errors import NotCheckedError
from evalpolicy.snapshot.discovery import nearest


def refuse_other(workspace: Path, folder: Path) -> None:
    """Raises `NotCheckedError` if the folder's repository is not a checkout of the workflow.

    `actions/checkout` creates a `.git` folder in the workspace or in a folder below it. A submodule
    has a `.git` file: a submission could put one in place of the fleet, and the submodule's files
    would be checked instead. A repository around the workspace was not checked out at all. All
    links in the paths must be resolved.
    """
    found = nearest(folder)
    if found is None:
        return
    if found.top is None or not found.top.is_relative_to(workspace):
        raise NotCheckedError(
            f"{found.top or found.git_dir} is not what the workflow checked out: run "
            f"actions/checkout before this action, into {workspace} or below it"
        )
    ways = [place for place in found.top.parents if place.is_relative_to(workspace)]
    outer = next((place for place in ways if os.path.lexists(place / ".git")), None)
    if outer is not None and not (found.top / ".git").is_dir():
        raise NotCheckedError(
            f"{found.top} is a submodule or a linked worktree in the checkout {outer}, which "
            "does not contain its files: check it in the workflow of its own repository"
        )
