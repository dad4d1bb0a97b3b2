"""Whether the folder to check belongs to a repository that the workflow checked out."""

from __future__ import annotations

import os
from pathlib import Path

from evalpolicy.errors import NotCheckedError
from evalpolicy.snapshot.discovery import nearest


def refuse_other(workspace: Path, folder: Path) -> None:
    """Raises `NotCheckedError` where the folder's repository is not a checkout of the workflow.

    `actions/checkout` leaves a `.git` folder, in the workspace or in a folder below it. A submodule
    has a `.git` file: a submission could put one where the fleet was, and would be judged by what
    the submodule holds. A repository around the workspace was not checked out at all. The paths
    have every link followed.
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
            "holds none of its files: check it in the workflow of its own repository"
        )
