"""A temporary git directory that uses a repository's objects, for a single command.

`git merge-tree` starts the merge drivers and `git diff` the filters that configuration and
attributes name, under any name, so that no fixed configuration can rule them out. In this directory
there is no configuration of the repository, the user or the system, no `info/attributes` and no
hook; what a command writes goes here, too.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@contextmanager
def scratch(
    objects: Path, shallow: Path, *, id_digits: int, core: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """The variables that name the directory to git; the directory is gone afterwards.

    `objects` and `shallow` are the repository's own, `id_digits` the length of its ids. `core` is
    put into the section of this name. The worktree is an empty folder and there is no index:
    a command for others sets their variables itself.
    """
    with tempfile.TemporaryDirectory(prefix="evalpolicy-") as name:
        git_dir, empty = Path(name, "git"), Path(name, "empty")
        for folder in (git_dir / "objects", git_dir / "refs", empty):
            folder.mkdir(parents=True)
        (git_dir / "HEAD").write_text("ref: refs/heads/none\n", "ascii")
        (git_dir / "config").write_text(_config(id_digits, core or {}), "utf-8", "surrogateescape")
        if shallow.is_file():
            shutil.copyfile(shallow, git_dir / "shallow")
        yield {
            "GIT_DIR": str(git_dir),
            "GIT_WORK_TREE": str(empty),
            "GIT_INDEX_FILE": str(git_dir / "index"),
            "GIT_OBJECT_DIRECTORY": str(git_dir / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _alternates(objects),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            # git before 2.32 knows no GIT_CONFIG_GLOBAL and looks here.
            "HOME": name,
            "XDG_CONFIG_HOME": name,
        }


def _config(id_digits: int, core: Mapping[str, str]) -> str:
    rows = {"repositoryformatversion": "1", "bare": "false", **core}
    text = "[core]\n" + "".join(
        f'\t{name} = "{value.translate(_ESCAPED)}"\n' for name, value in rows.items()
    )
    return text + ("[extensions]\n\tobjectFormat = sha256\n" if id_digits == 64 else "")


def _alternates(objects: Path) -> str:
    """The repository's own store, quoted as git reads a list of folders."""
    own = str(objects.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    inherited = os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")
    return os.pathsep.join(filter(None, (f'"{own}"', inherited)))
