"""No module but one opens a file of the user to write, makes one, or makes a folder."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import evalpolicy

# Who else may open a file for writing, and why.
_MAY_WRITE = {
    "frontends/cli/boundary.py": "standard streams that the caller closed, as the null device",
    "facts/processes.py": "a file in memory",
    "frontends/action/runner.py": "appends to files that the runner itself names",
    "frontends/lsp/server.py": "a copy of standard output's descriptor",
    "replay/calls.py": "what `open_to_append` opened",
    "replay/containers/lifecycle.py": "a replay's own folder, made anew",
    "replay/containers/output.py": "a replay's own folder, made anew",
    "replay/containers/server_image.py": "lays out an image's files in a temporary folder",
    "replay/running.py": "a lock, into which nothing is written",
    "scanners/credentials/external.py": "copies into a temporary folder",
    "snapshot/cache.py": "the cache's folder, outside of every repository; SQLite writes the file",
    "snapshot/scratch.py": "a git directory of its own in a temporary folder",
    "snapshot/store.py": "a git directory of its own in a temporary folder",
    "snapshot/writing.py": "the one that writes",
    "testing/repositories.py": "makes repositories for tests of rules",
}
_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}
_NAMES = {
    *("write_text", "write_bytes", "mkdir", "makedirs", "mkfifo", "symlink_to", "hardlink_to"),
    *("copyfile", "copytree", "copy2", "NamedTemporaryFile"),
}
_CALLS = {"shutil.copy", "shutil.move", "os.link", "os.symlink"}
_MODE = re.compile("'(?=.*[wax+])[rwxabt+]+'")


def writes(source: str) -> Iterator[int]:
    """The lines that open a file to write, make one, or make a folder."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in _FLAGS:
            yield node.lineno
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        modes = [*node.args, *(word.value for word in node.keywords)]
        if (
            name in _NAMES
            or called in _CALLS
            or (name in ("open", "fdopen") and any(_MODE.fullmatch(ast.unparse(m)) for m in modes))
        ):
            yield node.lineno


def test_nobody_else_writes():
    package = Path(evalpolicy.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(writes(path.read_text("utf-8")))
    }
    assert not found - set(_MAY_WRITE), "use evalpolicy.snapshot.writing"
    assert not set(_MAY_WRITE) - found, "a module that does not write any more"


@pytest.mark.parametrize(
    "line",
    [
        "open(a, 'w')", "open(a, mode='ab')", "path.open('x')", "path.open('r+')",
        "path.write_text(a)", "path.write_bytes(a)", "os.open(a, os.O_WRONLY)",
        "os.open(a, flags | os.O_CREAT)", "shutil.copyfile(a, b)", "shutil.move(a, b)",
        "os.fdopen(h, 'wb')", "path.mkdir()", "os.makedirs(a)",
    ],
)  # fmt: skip
def test_what_counts_as_writing(line):
    assert list(writes(line))
    assert not list(writes("open(a, 'rb'); open('w.txt'); {}.copy(); os.open(a, os.O_RDONLY)"))
