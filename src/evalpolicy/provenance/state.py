"""Labels and build inputs of the fleet at a commit, or in the worktree."""

from __future__ import annotations

from typing import NamedTuple

from evalpolicy.config.reading import Layout
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.run_inputs import run_inputs
from evalpolicy.fleet.units import Role
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.cache import Cache


class Known(NamedTuple):
    """A value and its evidence; None with the reason why it is unknown (`unknown: …`)."""

    value: object
    evidence: str

    @classmethod
    def unknown(cls, why: str) -> Known:
        return cls(None, f"unknown: {why}")


class FleetState:
    """One state of a fleet, `where` is what an entry calls it. Units are found where they moved."""

    def __init__(self, snapshot: Snapshot, layout: Layout, cache: Cache, where: str) -> None:
        self.where = where
        self._snapshot = snapshot
        self._fleet = Fleet(snapshot, layout, cache)
        self._folders: dict[tuple[Role, str], str | None] = {}

    def close(self) -> None:
        self._snapshot.close()

    def holds(self, role: Role, name: str) -> bool:
        """Whether the unit is there."""
        return self._folder(role, name) is not None

    def label(self, role: Role, name: str, key: str) -> Known:
        """A label that the unit's own Dockerfile resolves."""
        folder = self._folder(role, name)
        if folder is None:
            return Known.unknown(f"{self.where} holds no {role} {name}")
        try:
            label = self._fleet.summary(f"{folder}/Dockerfile").labels.get(key)
        except Unreadable as reason:
            return Known.unknown(f"{folder}/Dockerfile at {self.where}: {reason}")
        if label is None:
            return Known.unknown(f"the {role}'s Dockerfile at {self.where} sets no {key}")
        if label.unresolved:
            variables = ", ".join(f"${{{variable}}}" for variable in label.unresolved)
            return Known.unknown(
                f"{key} at {self.where} is {variables}, which only the build supplies"
            )
        if not label.value.strip():
            return Known.unknown(f"{key} at {self.where} is empty")
        return Known(label.value, f"label: {key} at {self.where}")

    def run_inputs(self, name: str) -> Known:
        """What could change a run of a benchmark, by path within its folder."""
        folder = self._folder("benchmark", name)
        if folder is None:
            return Known.unknown(f"{self.where} holds no benchmark {name}")
        try:
            return Known(run_inputs(self._snapshot, folder), f"git: {folder} at {self.where}")
        except Unreadable as reason:
            return Known.unknown(f"{folder} at {self.where}: {reason}")

    def _folder(self, role: Role, name: str) -> str | None:
        if (role, name) not in self._folders:
            placed = self._fleet.folder_of(role, name)
            if placed is None or f"{placed}/Dockerfile" not in self._snapshot.entries:
                placed = self._elsewhere(role, name)
            self._folders[role, name] = placed
        return self._folders[role, name]

    def _elsewhere(self, role: Role, name: str) -> str | None:
        """The only folder of this name whose Dockerfile has this role: units move, too."""
        found = []
        for path in self._snapshot.entries:
            if not f"/{path}".endswith(f"/{name}/Dockerfile"):
                continue
            try:
                if self._fleet.summary(path).value("eval.type") == role:
                    found.append(path.rpartition("/")[0])
            except Unreadable:
                continue
        return found[0] if len(found) == 1 else None
