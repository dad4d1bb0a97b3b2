"""Whether a commit merges into another, by `git merge-tree`, which changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from evalpolicy.artifacts.syntax.source import START, Problem, Span
from evalpolicy.snapshot import git_process
from evalpolicy.snapshot.git_process import GitCommand
from evalpolicy.snapshot.model import Snapshot, Unreadable, decode_path, encode_path
from evalpolicy.snapshot.scratch import scratch
from evalpolicy.snapshot.store import ObjectStore
from evalpolicy.snapshot.submission.change import Conflict

_ABSENT = re.compile(r"unable to read (?:[a-z]+ )*\(?([0-9a-f]{40,64})")
# A file of more than this is not searched for the place of its conflict (bytes).
_LIMIT = 4 << 20


def merge(store: ObjectStore, base: str, head: str, snapshot: Snapshot) -> list[Conflict] | Problem:
    """The conflicts of merging `head` into `base`; a problem, with git's reason, where it gives up.

    `merge-tree --write-tree` (git 2.38) writes the merged trees into an object store: that of a
    scratch git directory. No merge driver counts, as for GitHub none does.
    """
    with scratch(store.objects, store.shallow_file, id_digits=len(base)) as place:
        folder = Path(place["GIT_WORK_TREE"])
        done = git_process.run(GitCommand.MERGE, base, head, folder=folder, place=place)
        if done.returncode == 0:
            return []
        if done.returncode != 1:
            return Problem(_gave_up(git_process.last_line(done), base, snapshot))
        tree, paths, kinds = _said(done.stdout)
        asked = b"".join(tree.encode() + b":" + encode_path(path) + b"\0" for path in paths)
        read = git_process.run(GitCommand.READ_PATHS, folder=folder, place=place, given=asked)
        merged = _merged(read.stdout, paths)
    found = []
    for path in paths:
        if path.startswith(snapshot.prefix):
            inside = path[len(snapshot.prefix) :]
            span = _place(merged.get(path, b""), inside, snapshot)
            found.append(Conflict(inside, span, kinds.get(path, "conflict")))
    return found


def _gave_up(output: str, base: str, snapshot: Snapshot) -> str:
    failed = f"whether this merges into {base[:12]} could not be determined"
    if "usage: git merge-tree" in output or "unknown option" in output:
        return f"{failed}: git merge-tree --write-tree needs git 2.38 or later"
    absent = _ABSENT.search(output)
    if absent is None:
        return f"{failed}: git merge-tree: {output}"
    path = next((e.path for e in snapshot.entries.values() if e.oid == absent[1]), None)
    which = f"{path} (object {absent[1][:12]})" if path else f"object {absent[1]}"
    return f"{failed}: git merge-tree failed, because {which} is not in this clone"


def _said(output: bytes) -> tuple[str, list[str], Mapping[str, str]]:
    """The merged tree, the files in conflict, and git's short word for each kind of conflict.

    With -z: the tree, then the paths, an empty field, and behind it messages, each as the number
    of its paths, these, its kind and its text (git-merge-tree's manual).
    """
    fields = output.split(b"\0")
    tree = fields[0].decode("ascii")
    end = fields.index(b"", 1)
    paths = [decode_path(field) for field in fields[1:end]]
    kinds: dict[str, str] = {}
    position = end + 1
    while position < len(fields) and fields[position].isdigit():
        count = int(fields[position])
        kind = fields[position + count + 1].decode("utf-8", "replace")
        if kind.startswith("CONFLICT"):
            for path in fields[position + 1 : position + count + 1]:
                kinds.setdefault(decode_path(path), kind.strip())
        position += count + 3
    return tree, paths, kinds


def _merged(printed: bytes, paths: list[str]) -> dict[str, bytes]:
    """The content that git made of each file in conflict, markers included."""
    found: dict[str, bytes] = {}
    left = printed
    for path in paths:
        head, _, left = left.partition(b"\n")
        words = head.split(b" ")
        if len(words) == 3 and words[1] == b"blob" and words[2].isdigit():
            size = int(words[2])
            found[path], left = left[:size], left[size + 1 :]
    return found


def _place(merged: bytes, path: str, snapshot: Snapshot) -> Span:
    """The place of the submission's side of the first conflict in the current file."""
    if len(merged) > _LIMIT:
        return START
    own: list[bytes] = []
    side = ""
    for line in merged.splitlines(keepends=True):
        if line.startswith(b"<<<<<<< "):
            side = "base"
        elif side and line.startswith(b"======="):
            side = "own"
        elif side and line.startswith(b">>>>>>> "):
            break
        elif side == "own":
            own.append(line)
    try:
        content = snapshot.read(path, _LIMIT)
    except Unreadable:
        return START
    found = content.find(b"".join(own)) if own else -1
    return START if found < 0 else Span.at(content[:found].count(b"\n") + 1, 1, 0)
