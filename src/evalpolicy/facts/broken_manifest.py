"""The broken manifest of one snapshot."""

from __future__ import annotations

from evalpolicy.artifacts.broken_manifest import BrokenManifest, parse
from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.config.reading import Layout
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.model import understood

# Some ten thousand rows. A larger file is a mistake or an attack.
_LIMIT = 4 << 20


def broken_manifest_of(fleet: Fleet, layout: Layout) -> BrokenManifestFile:
    """The broken manifest of a fleet. What it cannot be read for is a problem of the fleet."""
    found = BrokenManifestFile(fleet.snapshot, layout.broken)
    for problem in found.problems:
        fleet.report(found.path, problem)
    return found


class BrokenManifestFile:
    """The recordings that are known to be bad. A missing manifest counts as an empty one."""

    def __init__(self, snapshot: Snapshot, path: str) -> None:
        self.path = path
        self.exists = path in snapshot.entries
        self.problems: tuple[Problem, ...] = ()
        self.manifest: BrokenManifest = parse(b'{"broken": []}')
        if self.exists:
            try:
                self.manifest = understood(parse, snapshot.read(path, _LIMIT))
            except Unreadable as reason:
                self.problems = (Problem(str(reason), is_bug=reason.is_bug),)

    def lists(self, path: str) -> bool:
        """Whether the manifest has a row for this fixture."""
        return path.rpartition("/")[2] in self.manifest.fixtures
