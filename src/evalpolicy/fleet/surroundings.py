"""What stands around one unit: all that a rule on it may know beside its Dockerfile."""

from __future__ import annotations

from functools import cached_property

from evalpolicy.artifacts.build_args import from_bake, from_script
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.units import Unit
from evalpolicy.snapshot import Unreadable
from evalpolicy.snapshot.cache import key
from evalpolicy.snapshot.model import SUBMODULE, understood

# No file of a unit that is larger is read for what it says of the build (bytes).
_LIMIT = 4 << 20


class Surroundings:
    """What stands around one unit: its folder's other files, its build, the fleet's images.

    A rule that asks for `unit` and `around` sees nothing else, so that what it found can be
    kept until one of them changes (`id`).
    """

    def __init__(self, fleet: Fleet, unit: Unit) -> None:
        self._fleet = fleet
        self._unit = unit
        self.images = fleet.images

    @cached_property
    def supplied_args(self) -> frozenset[str]:
        """The build arguments that scripts and bake files pass, and those that always are."""
        fleet = self._fleet
        always = frozenset(fleet.layout.supplied_args)
        return always | fleet.bake_args | self._folder_args

    @cached_property
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

    @cached_property
    def own_texts(self) -> tuple[tuple[str, bytes], ...]:
        """Path and content of every file of the unit's own folder but its Dockerfile."""
        found = []
        for path in self._paths:
            try:
                found.append((path, self._fleet.snapshot.read(path, _LIMIT)))
            except Unreadable as reason:
                self._fleet.unreadable(path, reason)
        return tuple(found)

    @cached_property
    def id(self) -> str | None:
        """Equal as long as nothing around the unit changed; None if something is unreadable."""
        snapshot, fleet = self._fleet.snapshot, self._fleet
        try:
            files = [(path, snapshot.blob_id(path)) for path in (self._unit.path, *self._paths)]
        except Unreadable:
            return None
        return key(self._unit.role, self._unit.placed, files, fleet.common_id)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        snapshot = self._fleet.snapshot
        return tuple(
            path
            for path in snapshot.below(self._unit.folder)
            if path != self._unit.path and snapshot.entries[path].mode != SUBMODULE
        )
