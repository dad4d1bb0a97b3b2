"""Fleets on the disk, and submissions as real git repositories."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SIGNED = "Signed-off-by: Test <test@example.org>"
MESSAGE = f"Change something\n\nFixes #12.\n\n{SIGNED}\n"
"""A commit message that passes the rules on submissions."""

_CONFIG = """\
[user]
\tname = Test
\temail = test@example.org
[commit]
\tgpgsign = false
[core]
\tautocrlf = false
[maintenance]
\tauto = false
"""
_TREE = re.compile(r"<git rev-parse HEAD:(\S+)>")


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes `files` below `root`; returns `root`."""
    root.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def git(root: Path, *arguments: str, **how: Any) -> str:
    """Runs a git command in `root`; returns its output. `how` is passed on to subprocess."""
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, **how)
    return str(done.stdout.decode("utf-8", "surrogateescape"))


def start(root: Path) -> Path:
    """An empty repository, independent of the user's configuration."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main", "--template=")
    with (root / ".git" / "config").open("a") as config:
        config.write(_CONFIG)
    return root


def commit(root: Path, files: Mapping[str, str | bytes], message: str = MESSAGE) -> str:
    """Makes `files` all there is, commits that, and gives the commit's id.

    `<git rev-parse HEAD:path>` in a text becomes the id of what the commit holds there.
    """
    for item in root.iterdir():
        if item.name != ".git":
            shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()
    write(root, files)
    git(root, "add", "-A")
    for path, content in files.items():
        if isinstance(content, str) and (wanted := _TREE.search(content)):
            tree = git(root, "write-tree").strip()
            found = git(root, "rev-parse", f"{tree}:{wanted[1]}").strip()
            (root / path).write_text(_TREE.sub(found, content))
            git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message)
    return git(root, "rev-parse", "HEAD").strip()


def submission(
    root: Path,
    before: Mapping[str, str | bytes],
    after: Mapping[str, str | bytes],
    *,
    upstream: Mapping[str, str | bytes] | None = None,
    message: str = MESSAGE,
) -> Path:
    """A repository whose branch `work`, checked out, turns `before` into `after`.

    `upstream` is what `main` holds by then, if it moved on.
    """
    start(root)
    commit(root, before, "first\n")
    git(root, "branch", "work")
    if upstream is not None:
        commit(root, upstream, "meanwhile\n")
    git(root, "checkout", "-q", "work")
    commit(root, after, message)
    return root
