"""What stands around one unit: all that a rule on it may know beside its Dockerfile."""

from __future__ import annotations

from typing import Any

from evalpolicy.artifacts.build_args import from_bake, from_script
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.units import Unit
from evalpolicy.snapshot import Unreadable
from evalpolicy.snapshot.model import SUBMODULE, understood
from evalpolicy.snapshot.tracing import tracked

# No file of a unit that is larger is read for what it says of the build (bytes).
_LIMIT = 4 << 20


class UnitContext:
    """What stands around one unit: its folder's other files, its build, the fleet's images.

    A rule that asks for `unit` and `around` sees nothing else.
    """

    def __init__(self, fleet: Fleet, unit: Unit) -> None:
        self._fleet = fleet
        self._unit = unit
        self.images = fleet.images
        self.known: dict[object, Any] = {}
        """What is remembered about the unit, as long as this object lives."""

    @property
    def supplied_args(self) -> frozenset[str]:
        """The build arguments that scripts and bake files pass, and those that always are."""
        fleet = self._fleet
        always = frozenset(fleet.layout.supplied_args)
        return always | fleet.bake_args | self._folder_args

    @property
    @tracked
    def _folder_args(self) -> frozenset[str]:
        """The build arguments that the scripts and bake files of the unit's folder pass."""
        names: set[str] = set()
        for path, content in self.own_texts:
            try:
                if path.endswith((".hcl", "bake.json")):
                    names |= understood(from_bake, content)
                elif path.endswith((".sh", "/Makefile", "/justfile")):
                    names |= understood(from_script, content)
            except Unreadable as reason:
                self._fleet.unreadable(path, reason)
        return frozenset(names)

    @property
    @tracked
    def own_texts(self) -> tuple[tuple[str, bytes], ...]:
        """Path and content of every file of the unit's own folder but its Dockerfile."""
        found = ((path, self.read(path)) for path in self.paths)
        return tuple((path, content) for path, content in found if content is not None)

    def read(self, path: str) -> bytes | None:
        """The content of a file of the folder; None, and a problem, if it cannot be read."""
        try:
            return self._fleet.snapshot.read(path, _LIMIT)
        except Unreadable as reason:
            self._fleet.unreadable(path, reason)
            return None

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file of the unit's folder but its Dockerfile."""
        snapshot = self._fleet.snapshot
        return tuple(
            path
            for path in snapshot.below(self._unit.folder)
            if path != self._unit.path and snapshot.entries[path].mode != SUBMODULE
        )
