"""What the layout expects and the tool does not reach: behind links, in submodules, unlisted.

A unit or a recording that is built or replayed, and of which no rule ever sees a file, must not
count as checked. Links are not followed to units (what is built by one name would be judged by
another), and a submodule's files belong to another repository.

The default layout names folders of two conventions (`containers/models` and `models`), and a
repository keeps to one. A link or a submodule that only has such a folder's name is the
repository's own affair, unless units of that convention stand beside it or behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

from evalpolicy.config.reading import Layout
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.model import SUBMODULE, SYMLINK, TreeEntry

DOCKERFILES = ("Dockerfile", "Containerfile")
"""The names under which a Dockerfile makes the folder that it stands in a unit's."""

_WILD = frozenset("*?[")
_UNITS: Mapping[str, str] = {
    "benchmarks": "a benchmark",
    "agents": "an agent",
    "models": "a model",
    "gateways": "a gateway",
    "core": "a core image",
}
"""What a unit is called, by the key of `[layout]` that says where it stands."""


def out_of_reach(snapshot: Snapshot, layout: Layout) -> Iterator[tuple[str, str]]:
    """Path and reason of each place where the layout expects something that cannot be read."""
    expected = _Expected(snapshot, layout)
    dockerfiles = Globs(layout.dockerfiles)
    for path, entry in _other_than_files(snapshot):
        if entry.mode == SUBMODULE and (what := expected.at(path)):
            yield (
                path,
                f"a separate repository (a submodule) where the layout expects {what}: its files "
                "are not part of this one, so they were not checked. Run evalpolicy in it, or "
                "keep the files here",
            )
        elif entry.mode == SYMLINK and path in dockerfiles:
            yield (
                path,
                "a symbolic link: Dockerfiles are not read through links, so it was not checked. "
                "Replace it with the file itself",
            )
        elif entry.mode == SYMLINK and (what := expected.at(path)) and snapshot.size(path) is None:
            yield (
                path,
                f"a symbolic link where the layout expects {what}: links to folders are not "
                "followed, so its target was not checked. Replace it with the folder itself, or "
                "name that folder in [layout]",
            )
    for path, reason in snapshot.unlisted.items():
        yield path, f"it cannot be listed ({reason}), so its content was not checked"


def repositories_within(
    snapshot: Snapshot, layout: Layout, units: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Path and reason of each submodule below a unit's folder: a build copies from there.

    `units` are the folders of those that there are. Where the layout expects another one, the
    folder of one that is not known counts as well: its Dockerfile may be what is in the submodule.
    """
    expected = _Expected(snapshot, layout)
    for path, entry in _other_than_files(snapshot):
        if entry.mode != SUBMODULE or expected.at(path):
            continue
        above = [path[:at] for at, letter in enumerate(path) if letter == "/"]
        unit = next((f for f in ["", *above] if f in units or expected.is_placed(f)), None)
        if unit is not None:
            yield (
                path,
                "a repository of its own (a submodule) in the folder of the unit "
                f"`{unit or '.'}`: its files are not part of this one, so what a build copies from "
                "there was not checked. Keep the files here, or move the submodule out of the "
                "unit's folder",
            )


def _other_than_files(snapshot: Snapshot) -> Iterator[tuple[str, TreeEntry]]:
    return ((path, entry) for path, entry in snapshot.entries.items() if not entry.is_file)


class _Expected:
    """What the layout expects at a path, or below it where a glob names the path itself."""

    def __init__(self, snapshot: Snapshot, layout: Layout) -> None:
        self._snapshot = snapshot
        self._layout = layout
        self._globs: dict[str, tuple[str, ...]] = {key: getattr(layout, key) for key in _UNITS}

    @cached_property
    def _places(self) -> list[tuple[str, Globs]]:
        return [(key, Globs(globs)) for key, globs in self._globs.items()]

    @cached_property
    def _recordings(self) -> Globs:
        return Globs(filter(None, map(folder_of, self._layout.fixtures)))

    @cached_property
    def _above(self) -> Mapping[str, list[str]]:
        """The globs that find something below a folder, by each folder that they spell out."""
        found: dict[str, list[str]] = {}
        for globs in (*self._globs.values(), self._layout.fixtures):
            for glob in globs:
                for folder in _named(glob):
                    found.setdefault(folder, []).append(glob)
        return found

    def at(self, path: str) -> str | None:
        """`a benchmark`, `recordings` …; None for a path at which nothing is expected."""
        if path in self._recordings:
            return "recordings"
        if (key := self._unit_at(path)) is not None:
            return _UNITS[key]
        globs = self._above.get(path)
        if globs is None:
            return None
        named = "/" in path or any(map(self._is_in_use, globs))
        return "units or recordings" if named or self._is_behind(path) else None

    def is_placed(self, folder: str) -> bool:
        """Whether it is a unit's folder by a glob that is in use."""
        key = self._unit_at(folder)
        return key is not None and any(
            self._is_in_use(glob) and folder in Globs((glob,)) for glob in self._globs[key]
        )

    def _unit_at(self, path: str) -> str | None:
        if path.rpartition("/")[2].startswith(("_", ".")):
            return None
        return next((key for key, globs in self._places if path in globs), None)

    def _is_in_use(self, glob: str) -> bool:
        """Whether the repository wrote this glob, or has units that one of its convention finds."""
        default = Layout()
        of_units = [glob for key in _UNITS for glob in getattr(default, key)]
        if glob in default.fixtures:
            return bool(self._finding)
        return glob not in of_units or any(
            _convention(glob) == _convention(other) for other in self._finding if other in of_units
        )

    @cached_property
    def _finding(self) -> frozenset[str]:
        """The globs by which the layout finds a unit."""
        folders = [
            folder
            for folder, names in self._snapshot.folders.items()
            if self._unit_at(folder) and not set(DOCKERFILES).isdisjoint(names)
        ]
        globs = ((glob, Globs((glob,))) for its in self._globs.values() for glob in its)
        return frozenset(glob for glob, one in globs if any(folder in one for folder in folders))

    def _is_behind(self, path: str) -> bool:
        """Whether there would be units or recordings here that are not known by another path.

        In a submodule there may be some, unless units stand elsewhere; where nobody can know, too.
        """
        if self._snapshot.entries[path].mode == SUBMODULE:
            return not self._finding
        try:
            folder = self._snapshot.folder_behind(path)
        except Unreadable:
            return True
        if folder is None:
            return False
        return any(
            (what := self._held(f"{path}/{there[len(folder) :].lstrip('/')}")) is not None
            and what != self._held(there)
            for there in self._snapshot.below(folder)
        )

    def _held(self, path: str) -> str | None:
        """What a file of this path would belong to."""
        folder, _, name = path.rpartition("/")
        if path in self._fixtures:
            return "recordings"
        return self._unit_at(folder) if name in DOCKERFILES else None

    @cached_property
    def _fixtures(self) -> Globs:
        return Globs(self._layout.fixtures)


def folder_of(glob: str) -> str | None:
    """The folders in which a glob finds files, as a glob; None where that is any folder."""
    folder = _clean(glob).rpartition("/")[0]
    return None if folder.startswith("**") else folder or None


def _convention(glob: str) -> str:
    """The folder that the folders of all roles stand in."""
    return _clean(glob).rpartition("/")[0].rpartition("/")[0]


def _named(glob: str) -> Iterator[str]:
    """The folders above what a glob finds, as far as it spells them out."""
    folder = ""
    for part in _clean(glob).split("/")[:-1]:
        if _WILD & set(part):
            return
        folder = f"{folder}/{part}" if folder else part
        yield folder


def _clean(glob: str) -> str:
    return glob.replace("\\", "/").removeprefix("./").strip("/")
