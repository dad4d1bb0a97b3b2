"""What a benchmark's image is built from, as one id.

The inputs are the files that git holds (or would take) below the unit's folder, without what
cannot get into its image: Markdown, the compose files that only run it, and git's own files. The
id is the one that git gives a tree of exactly these files, by their paths within the folder: it is
equal for a worktree, the index and a commit with the same content, and a folder that moves keeps
it. Where nothing is left out it is `git rev-parse HEAD:FOLDER`.

Base images and build contexts outside of the folder are not part of it, and a worktree's files
count as they lie there: if git converts them (line ends, LFS), a checkout has another id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from hashlib import sha1, sha256
from typing import TypeAlias

from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.model import encode_path

NO_INPUT = (
    "**/*.md",
    "**/compose.yaml",
    "**/compose.yml",
    "**/compose.*.yaml",
    "**/compose.*.yml",
    "**/docker-compose*.yaml",
    "**/docker-compose*.yml",
    "**/.gitignore",
    "**/.gitattributes",
    "**/.gitkeep",
)
"""Files that change no image, as globs within the folder."""

_FOLDER = 0o40000
_LEFT_OUT = Globs(NO_INPUT)

_Tree: TypeAlias = "dict[bytes, tuple[int, str] | _Tree]"


def build_inputs(
    snapshot: Snapshot, folder: str, within: Collection[str] | None = None
) -> tuple[str, ...]:
    """The paths of the inputs of the unit in `folder`, sorted.

    `within` narrows them to files and folders, named from `folder`.
    """
    start = len(folder) + 1 if folder else 0
    return tuple(
        path
        for path in snapshot.below(folder)
        if path[start:] not in _LEFT_OUT and (within is None or _is_within(path[start:], within))
    )


def _is_within(path: str, within: Collection[str]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in within)


def build_inputs_id(snapshot: Snapshot, folder: str, within: Collection[str] | None = None) -> str:
    """Names the inputs by content: 40 hexadecimal digits, 64 in a repository with SHA-256.

    Raises `Unreadable` where a file's content is neither on the disk nor named by git.
    """
    start = len(folder) + 1 if folder else 0
    root: _Tree = {}
    for path in build_inputs(snapshot, folder, within):
        *parents, name = encode_path(path[start:]).split(b"/")
        tree = root
        for parent in parents:
            inner = tree.setdefault(parent, {})
            assert isinstance(inner, dict), "no path is a file and a folder"
            tree = inner
        tree[name] = (snapshot.entries[path].mode, snapshot.object_id(path))
    return _tree_id(root, snapshot.object_format)


def _tree_id(tree: Mapping[bytes, tuple[int, str] | _Tree], object_format: str) -> str:
    """The id of a tree object: entries sorted as git does, a folder as if it ended in `/`."""
    body = b"".join(
        b"%o %s\0%s" % (mode, name, bytes.fromhex(oid))
        for name, mode, oid in sorted(_members(tree, object_format), key=_git_order)
    )
    digest = sha256 if object_format == "sha256" else sha1
    return digest(b"tree %d\0" % len(body) + body).hexdigest()


def _members(
    tree: Mapping[bytes, tuple[int, str] | _Tree], object_format: str
) -> Iterator[tuple[bytes, int, str]]:
    for name, member in tree.items():
        if isinstance(member, dict):
            yield name, _FOLDER, _tree_id(member, object_format)
        else:
            yield name, *member


def _git_order(member: tuple[bytes, int, str]) -> bytes:
    name, mode, _ = member
    return name + b"/" if mode == _FOLDER else name
