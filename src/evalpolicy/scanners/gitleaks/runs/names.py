"""Which files may have scripts that run gitleaks, by their names."""

from __future__ import annotations

import posixpath

TASKFILES = ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "lefthook.yml", ".lefthook.yml")
MAKEFILES = ("Makefile", "makefile", "GNUmakefile")
JUSTFILES = ("justfile", "Justfile", ".justfile")
MISE = ("mise.toml", ".mise.toml")
FILES = frozenset((*TASKFILES, *MAKEFILES, *JUSTFILES, *MISE,
                   "package.json", "tox.ini", "noxfile.py"))  # fmt: skip
"""The names of files, besides shell scripts and Dockerfiles, whose scripts are read."""


def may_run(path: str) -> bool:
    """Whether a file may have scripts that are read, besides shell scripts by their names.

    A repository's own are near its top; those of its units are theirs.
    """
    folder, _, name = path.rpartition("/")
    if folder in (".husky", ".githooks"):
        return True
    near = "/" not in folder or folder.startswith((".github/", ".devcontainer/"))
    return near and (name in FILES or name.endswith(".mk") or is_dockerfile(path))


def is_dockerfile(path: str) -> bool:
    """Whether a path is a Dockerfile's by its name."""
    name = posixpath.basename(path)
    return name.startswith(("Dockerfile", "Containerfile")) or name.endswith(".Dockerfile")
