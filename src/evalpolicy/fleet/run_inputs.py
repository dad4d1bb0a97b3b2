"""What could change a run of a benchmark, file by file.

These are the instructions of its Dockerfile; the files of its folder that COPY, ADD or a bind mount
takes, where `.dockerignore` lets the build see them; and the bake files and scripts of the folder
that build the image. Of each it is its meaning that counts: comments, blank lines and labels are
left out, so a note beside a line makes no recording stale. Compose files run an image, and
documents describe it; where the whole folder is copied, they are left out.

Base images, and files outside of the folder, are not part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256

from evalpolicy.artifacts.dockerfile import parse
from evalpolicy.artifacts.dockerfile.context import context_sources, recipe
from evalpolicy.artifacts.dockerignore import DockerIgnore
from evalpolicy.artifacts.dockerignore import parse as parse_ignore
from evalpolicy.artifacts.engine_calls import engine_calls
from evalpolicy.artifacts.syntax.significant import is_read, significant
from evalpolicy.fleet.build_inputs import NO_INPUT, build_inputs_id
from evalpolicy.fleet.out_of_reach import DOCKERFILES
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.cache import Cache, key
from evalpolicy.snapshot.model import understood

# A file of more than this (bytes) is compared as it is.
_LIMIT = 4 << 20
# No list of patterns is longer (bytes).
_IGNORE_LIMIT = 64 << 10
_DIGITS = 32
_MOST_FILES = 32
_BAKE = (".hcl", "bake.json", "bake.override.json")
_SCRIPTS = (".sh", ".bash", "/Makefile", "/justfile")
_BUILDS = frozenset(("build", "buildx", "bake"))
_LEFT_OUT = Globs((*NO_INPUT, *DOCKERFILES, "**/.dockerignore", "**/*.dockerignore"))


def run_inputs(snapshot: Snapshot, folder: str, cache: Cache | None = None) -> Mapping[str, str]:
    """The inputs of the benchmark in `folder`: by path within it, a digest of what it says.

    Sorted by path; 32 hexadecimal digits each. Of more than 32 files, those in folders are folded:
    the folder's name, with a `/` behind it, stands for them. Raises `Unreadable` where a file's
    content is neither on the disk nor named by git.
    """
    start = len(folder) + 1 if folder else 0
    paths = [path[start:] for path in snapshot.below(folder)]
    if cache is None or not cache.keeps:
        return _inputs(snapshot, folder, paths)
    files = [(path, snapshot.entries[f"{folder}/{path}"].mode) for path in paths]
    row_key = key("run inputs", files, [snapshot.object_id(f"{folder}/{path}") for path in paths])
    found = cache.get(row_key, dict[str, str])
    if found is None:
        found = _inputs(snapshot, folder, paths)
        cache.put(row_key, found)
    return found


def _inputs(snapshot: Snapshot, folder: str, paths: list[str]) -> dict[str, str]:
    name = next((name for name in DOCKERFILES if name in paths), None)
    found: dict[str, str] = {}
    taken: set[str] = set()
    if name is not None:
        dockerfile = understood(parse, snapshot.read(f"{folder}/{name}"))
        found[name] = _digest(json.dumps(recipe(dockerfile)).encode())
        ignore = _ignore(snapshot, folder, name)
        sources = context_sources(dockerfile)
        taken.update(p for p in _taken(paths, sources) if not ignore.excludes(p))
    for path in paths:
        if path in taken or _builds(snapshot, f"{folder}/{path}"):
            found[path] = _content_id(snapshot, f"{folder}/{path}")
    return _folded(dict(sorted(found.items())))


def _folded(found: dict[str, str]) -> dict[str, str]:
    """With many files, one digest for each folder in place of those of its files."""
    if len(found) <= _MOST_FILES:
        return found
    folders: dict[str, list[str]] = {}
    for path, digest in found.items():
        top, inside, rest = path.partition("/")
        folders.setdefault(f"{top}/" if inside else path, []).append(f"{rest} {digest}")
    return {
        path: _digest("\n".join(digests).encode("utf-8", "surrogateescape"))
        if path.endswith("/")
        else found[path]
        for path, digests in folders.items()
    }


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The paths at which two such mappings differ, sorted."""
    return sorted(path for path in before.keys() | after if before.get(path) != after.get(path))


def changed_since(
    noted: object, snapshot: Snapshot, folder: str, cache: Cache | None = None
) -> list[str]:
    """The paths within `folder` that differ from what an entry's `benchmark_tree` states.

    An id instead of a mapping is that of the folder's whole tree, as earlier entries have it: the
    folder stands for whatever differs (`.`). Empty for an entry that states nothing.
    """
    if isinstance(noted, Mapping):
        return changed(noted, run_inputs(snapshot, folder, cache))
    if isinstance(noted, str):
        return [] if noted == build_inputs_id(snapshot, folder) else ["."]
    return []


def _ignore(snapshot: Snapshot, folder: str, dockerfile: str) -> DockerIgnore:
    """That of the Dockerfile itself goes before the folder's."""
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        if f"{folder}/{name}" in snapshot.entries:
            return understood(parse_ignore, snapshot.read(f"{folder}/{name}", _IGNORE_LIMIT))
    return DockerIgnore()


def _taken(paths: list[str], sources: frozenset[str] | None) -> Iterator[str]:
    """The paths that a build copies; documents only where it asks for them or their folder."""
    named = Globs(sorted(filter(None, sources or ())))
    everything = sources is None or "" in sources
    for path in paths:
        above = (path[:at] for at, letter in enumerate(path) if letter == "/")
        asked_for = path in named or any(folder in named for folder in above)
        if asked_for or (everything and path not in _LEFT_OUT):
            yield path


def _builds(snapshot: Snapshot, path: str) -> bool:
    """Whether a file decides how the image is built: a bake file, a script that calls an engine."""
    if path.endswith(_BAKE):
        return True
    if not path.endswith(_SCRIPTS) or not snapshot.entries[path].is_file:
        return False
    calls = understood(engine_calls, snapshot.read(path, _LIMIT))
    return any(call.verb in _BUILDS for call in calls)


def _content_id(snapshot: Snapshot, path: str) -> str:
    entry = snapshot.entries[path]
    if entry.is_file and is_read(path) and (snapshot.size(path) or 0) <= _LIMIT:
        text = snapshot.read(path).decode("utf-8", "surrogateescape")
        content = significant(path, text).encode("utf-8", "surrogateescape")
    else:
        content = snapshot.object_id(path).encode()
    return _digest(b"%o\0" % entry.mode + content)


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:_DIGITS]
