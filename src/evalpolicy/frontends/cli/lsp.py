"""`evalpolicy lsp`."""

from __future__ import annotations

import os
from importlib.util import find_spec

import click

from evalpolicy.errors import UsageError

# Variables that git sets for its hooks to locate their repository (git(1), "The Git Repository").
# An editor that git starts for a commit message passes them on.
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
    """Run the language server, on standard input and output.

    Your editor starts this command, and shows what `evalpolicy check` would find in its open
    folders, including unsaved changes. To set up your editor, see docs/editors.md. Needs the
    extra lsp.
    """
    if find_spec("pygls") is None:
        raise UsageError("evalpolicy lsp needs pygls: run `pip install 'evalpolicy[lsp]'`")
    for name in _OF_ONE_REPOSITORY:
        os.environ.pop(name, None)
    from evalpolicy.frontends.lsp.server import serve

    return serve()
