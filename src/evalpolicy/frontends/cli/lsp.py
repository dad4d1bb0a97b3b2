"""`evalpolicy lsp`."""

from __future__ import annotations

import os
from importlib.util import find_spec

import click

from evalpolicy.errors import UsageError

# What git tells its hooks about where their repository lies (git(1), "The Git Repository"); an
# editor that git started, for a commit's message, hands it on.
_OF_ONE_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)


@click.command("lsp")
def command() -> int:
    """Speak the Language Server Protocol on standard input and output.

    An editor starts this. It shows what `evalpolicy check` finds in the folders that it has
    open, with what is not saved yet; how to set up yours is in docs/editors.md. Needs the extra
    lsp.
    """
    if find_spec("pygls") is None:
        raise UsageError("evalpolicy lsp needs its extra: pip install 'evalpolicy[lsp]'")
    for name in _OF_ONE_REPOSITORY:
        os.environ.pop(name, None)
    from evalpolicy.frontends.lsp.server import serve

    return serve()
