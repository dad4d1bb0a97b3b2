"""What the layout expects and the tool does not reach: behind links, in submodules, unlisted.

A unit or a recording that is built or replayed, and of which no rule ever sees a file, must not
count as checked. Links are not followed to units (what is built by one name would be judged by
another), and a submodule's files belong to another repository.
"""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.config.reading import Layout
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.model import SUBMODULE, SYMLINK

_WILD = frozenset("*?[")


def out_of_reach(snapshot: Snapshot, layout: Layout) -> Iterator[tuple[str, str]]:
    """Path and reason of each place where the layout expects something that cannot be read."""
    expected = _Expected(layout)
    dockerfiles = Globs(layout.dockerfiles)
    for path, entry in snapshot.entries.items():
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
                "followed, so its target was not checked. Replace it with the folder itself",
            )
    for path, reason in snapshot.unlisted.items():
        yield path, f"it cannot be listed ({reason}), so its content was not checked"


class _Expected:
    """What the layout expects at a path, or below it where a glob names the path itself."""

    def __init__(self, layout: Layout) -> None:
        units = {
            "a benchmark": layout.benchmarks,
            "an agent": layout.agents,
            "a model": layout.models,
            "a gateway": layout.gateways,
            "a core image": layout.core,
        }
        recordings = tuple(filter(None, map(folder_of, layout.fixtures)))
        self._places = [(what, Globs(globs)) for what, globs in units.items()]
        self._recordings = Globs(recordings)
        above = [folder for globs in units.values() for glob in globs for folder in _named(glob)]
        above += [folder for glob in layout.fixtures for folder in _named(glob)]
        self._above = frozenset(above)

    def at(self, path: str) -> str | None:
        """`a benchmark`, `recordings` …; None for a path at which nothing is expected."""
        if path in self._recordings:
            return "recordings"
        if not path.rpartition("/")[2].startswith(("_", ".")):
            for what, globs in self._places:
                if path in globs:
                    return what
        return "units or recordings" if path in self._above else None


def folder_of(glob: str) -> str | None:
    """The folders in which a glob finds files, as a glob; None where that is any folder."""
    folder = _clean(glob).rpartition("/")[0]
    return None if folder.startswith("**") else folder or None


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
