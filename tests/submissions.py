"""Small submissions as real git repositories, and what evalpolicy says of them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.fleets import git, write

from evalpolicy import config as configuration
from evalpolicy.engine import check
from evalpolicy.report import Report
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.submission import Asked

SIGNED = "Signed-off-by: Test <test@example.org>"
MESSAGE = f"Change something\n\nFixes #12.\n\n{SIGNED}\n"
FIXTURES = "tests/run/replay/fixtures"
_TREE = re.compile(r"<git rev-parse HEAD:(\S+)>")


def start(root: Path) -> Path:
    """An empty repository, whoever runs the test."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Test")
    git(root, "config", "user.email", "test@example.org")
    git(root, "config", "commit.gpgsign", "false")
    git(root, "config", "core.autocrlf", "false")
    return root


def commit(root: Path, files: Mapping[str, str | bytes], message: str = MESSAGE) -> str:
    """Makes `files` all there is, commits that, and gives the commit's id."""
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


def judge(root: Path, *select: str, asked: Asked | None = None, **how: object) -> Report:
    """The report on a submission, from main's side unless `asked` says otherwise."""
    asked = asked or Asked(base="main")
    with (
        open_snapshot(root, **how) as snapshot,  # type: ignore[arg-type]
        asked.change(root, snapshot) as change,
    ):
        return check(snapshot, configuration.load(snapshot), chosen=select, change=change)
