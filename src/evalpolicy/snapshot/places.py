"""What a folder on disk is to git, by its name and its content, without running git."""

from __future__ import annotations

import os
import re

# What HFS+ leaves out of a name when it compares, so that `.g\u200cit` is `.git` there; git
# rejects these too (`is_hfs_dotgit`).
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_GIT_NAMES = frozenset({".git", "git~1"})


def is_git_name(part: str) -> bool:
    """Whether a part of a path may name git's own folder, on whatever file system.

    Upper and lower case are the same on some; NTFS drops dots and spaces at the end, opens a
    stream behind a colon, and knows `.git` by its short name `git~1` as well.
    """
    name = _IGNORED.sub("", part).partition(":")[0].rstrip(" .").casefold()
    return name in _GIT_NAMES


def is_git_directory(folder: int) -> bool:
    """Whether an open folder is a git directory, a bare repository among them.

    That is git's own test (setup.c, `is_git_directory`): a HEAD with objects and refs, or, in the
    folder of a linked worktree, with the place of those.
    """

    def has(name: str) -> bool:
        try:
            os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return False
        return True

    return has("HEAD") and (has("commondir") or (has("objects") and has("refs")))


def is_in_repository(folder: str) -> bool:
    """Whether a folder is that of a repository or of a fleet, the current one, or below one."""
    at = folder
    current = os.getcwd()
    while True:
        names = (".git", "evalpolicy.toml")
        if any(os.path.lexists(os.path.join(at, name)) for name in names):
            return True
        parent = os.path.dirname(at)
        if parent == at:
            return False
        if at == current:
            return True
        at = parent
