"""The one place that starts git, and every command that is started.

Whoever wrote the repository may have written its configuration and its attributes, too: an
unpacked archive brings its own. No command here takes a program from them. What could name one is
fixed on the command line, which outranks every file; the variables of the caller that could are
dropped; and the two commands that consult filters or drivers of any name (`GitCommand.MERGE`,
`GitCommand.DIFF_WORKTREE`) are for a scratch git directory (`evalpolicy.snapshot.scratch`).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from evalpolicy.errors import NotCheckedError

_RAW = ("--raw", "-r", "-z", "--no-abbrev", "-l1000")  # -l: git's default, whatever is configured
_LOG_FIELDS = "%x00".join(("%m", "%H", "%P", "%an", "%ae", "%cn", "%ce", "%B"))
_LOG = ("log", "-z", "--no-color", "--no-show-signature", "--no-mailmap", "--encoding=UTF-8")
_CONVERSION = (
    r"^core\.(autocrlf|eol|filemode|symlinks|ignorecase|precomposeunicode|trustctime|checkstat)$"
)


class GitCommand(Enum):
    """Every git command that evalpolicy starts, with its options; operands are put behind.

    None writes into the repository, and none but `DIFF_WORKTREE` reads the content of files in
    the worktree.
    """

    LOCATE = ("rev-parse", "--is-bare-repository", "--absolute-git-dir", "--show-toplevel")
    STORE = ("rev-parse", "--git-path", "shallow", "--git-path", "objects")
    IS_SHALLOW = ("rev-parse", "--is-shallow-repository")
    RESOLVE = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    AUTHOR = ("var", "GIT_AUTHOR_IDENT")
    COMMENT_MARK = ("config", "-z", "--get-regexp", r"^core\.comment(char|string)$")
    CONVERSION = ("config", "-z", "--get-regexp", _CONVERSION)
    READ = ("cat-file", "--batch")
    READ_PATHS = ("cat-file", "--batch", "-z")
    SIZES = ("cat-file", "--batch-check=%(objectname) %(objectsize)")
    LIST_COMMIT = ("ls-tree", "-r", "-z", "--full-tree")
    LIST_INDEX = ("ls-files", "-z", "-s")
    LIST_WORKTREE = ("ls-files", "-z", "-t", "-s", "-c", "-o", "--exclude-standard")
    LIST_TRACKED = ("ls-files", "-z", "--")
    IS_IGNORED = ("check-ignore", "-q", "--")
    MERGE_BASE = ("merge-base",)
    LOG = (*_LOG, "--left-right", f"--format=tformat:{_LOG_FIELDS}")
    LOG_OF_FILES = (
        *_LOG, "--topo-order", "--no-renames", "--raw", "--no-abbrev", "--no-relative",
        "--format=@%H %cI", "HEAD", "--",
    )  # fmt: skip
    ANCESTRY = (*_LOG, "--format=tformat:%ct %H %P", "HEAD", "--")
    DIFF_COMMITS = ("diff-tree", *_RAW)
    DIFF_INDEX = ("diff-index", "--cached", "--ita-invisible-in-index", *_RAW)
    DIFF_WORKTREE = (
        "diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty", *_RAW,
    )  # fmt: skip
    MERGE = ("merge-tree", "--write-tree", "-z", "--name-only", "--messages")


LOG_FIELDS = 8
"""How many fields `GitCommand.LOG` prints of each commit."""

_NO_PROGRAM = "false"
FIXED = {
    # Bare repositories are found by evalpolicy itself (discovery.py): from git 2.38 on git finds
    # none by itself, and what an older one found is rejected.
    "safe.bareRepository": "explicit",
    # Empty, not `false`, which git before 2.36 takes for the name of a hook.
    "core.fsmonitor": "",
    "core.untrackedCache": "false",
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.pager": "cat",
    "core.editor": _NO_PROGRAM,
    "core.askPass": _NO_PROGRAM,
    "core.sshCommand": _NO_PROGRAM,
    "core.alternateRefsCommand": _NO_PROGRAM,
    "credential.helper": "",
    "diff.external": _NO_PROGRAM,
    "gpg.program": _NO_PROGRAM,
    "protocol.allow": "never",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.graftFileDeprecated": "false",
    # From here on: what would change what is printed. A commit graph is a second record of who is
    # whose parent, which nothing checks against the commits.
    "core.commitGraph": "false",
    "diff.orderFile": os.devnull,
    "diff.relative": "false",
    "log.diffMerges": "separate",
    "log.follow": "false",
    "log.showRoot": "true",
    "log.showSignature": "false",
}
"""The configuration of every command: it outranks the repository's, the user's and the system's."""

OF_A_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
)
"""The caller's variables that name a repository or parts of it. git sets them for its hooks: the
index that `git commit -a` is about to commit is another file than the usual one."""

_HONOURED = frozenset(
    {
        *OF_A_REPOSITORY,
        *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"),
        *("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"),
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
    }
)


def environment(place: Mapping[str, str]) -> dict[str, str]:
    """The variables of every git command; `place` names its repository.

    Of the caller's `GIT_*` only those in `_HONOURED` are passed on. In a partial clone git would
    fetch an absent object from its remote: GIT_NO_LAZY_FETCH forbids that from git 2.45 on, and
    the empty list of protocols does for every older one.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _HONOURED
    }
    return {
        **kept,
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_TRACE2": "0",
        "GIT_TRACE2_EVENT": "0",
        "GIT_TRACE2_PERF": "0",
        "LC_ALL": "C",
        **place,
    }


def run(
    command: GitCommand,
    *operands: str,
    folder: Path,
    place: Mapping[str, str],
    given: bytes | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """One command in `folder`, with `given` on its input, to its end, whatever its exit code.

    Raises `NotCheckedError` where git cannot be started.
    """
    try:
        return subprocess.run(
            _argv(command, operands),
            cwd=folder,
            env=environment(place),
            stdin=subprocess.DEVNULL if given is None else None,
            input=given,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise _not_started(error) from error


def start(
    command: GitCommand, *, folder: Path, place: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """One command that answers on its output what is asked on its input."""
    try:
        return subprocess.Popen(
            _argv(command, ()),
            cwd=folder,
            env=environment(place),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise _not_started(error) from error


def last_line(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line that a failed git printed."""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit {done.returncode}"


def _argv(command: GitCommand, operands: tuple[str, ...]) -> list[str]:
    fixed = [word for name, value in FIXED.items() for word in ("-c", f"{name}={value}")]
    return [_program(), "--no-pager", *fixed, *command.value, *operands]


def _program() -> str:
    """git's absolute path. A folder of PATH that is relative could lie in the repository."""
    # Without shutil, which loads three compressors: 5 ms of every run.
    name = "git.exe" if os.name == "nt" else "git"
    for folder in os.get_exec_path():
        found = os.path.join(folder, name)
        if os.path.isabs(found) and os.access(found, os.X_OK) and os.path.isfile(found):
            return found
    raise NotCheckedError("git is not installed, or the one on PATH cannot be run")


def _not_started(error: OSError) -> NotCheckedError:
    return NotCheckedError(f"git cannot be started: {error.filename}: {error.strerror or error}")
