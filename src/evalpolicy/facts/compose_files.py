"""The compose files of a fleet, joined by `include` and `extends`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from evalpolicy.artifacts.compose import Compose, Service, Variable, parse
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Unreadable
from evalpolicy.snapshot.tracing import tracked

# A larger file is not read as one (bytes), and a longer chain of includes or extends is a cycle.
_LIMIT = 1 << 20
_LONGEST = 20


class ComposeFiles:
    """Each file is read once and cached by its content."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @property
    def paths(self) -> list[str]:
        """All compose files by the layout, sorted."""
        globs = Globs(self._fleet.layout.compose)
        entries = self._fleet.snapshot.entries
        return [path for path, entry in entries.items() if entry.is_file and path in globs]

    @tracked
    def get(self, path: str) -> Compose | None:
        """One file; None if it does not exist or is not readable (which is then a problem)."""
        snapshot = self._fleet.snapshot
        if path not in snapshot.entries:
            return None
        try:
            compose = snapshot.kept("compose", path, _LIMIT, parse, Compose)
        except Unreadable as reason:
            self._fleet.unreadable(path, reason)
            return None
        if compose.problem is not None:
            self._fleet.report(path, compose.problem)
            return None
        return compose

    def target(self, path: str, relative: str) -> str | None:
        """The target of a path in a file; None if it has a variable or leads outside the fleet."""
        if "$" in relative or "://" in relative:
            return None
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))
        return None if joined.startswith(("../", "/")) or joined == ".." else joined

    def included(self, path: str, depth: int = 0) -> Iterator[tuple[str, Service]]:
        """The services that a file includes, with the files that declare them."""
        compose = self.get(path)
        if compose is None or depth > _LONGEST:
            return
        for include in compose.includes:
            target = self.target(path, include.text)
            found = self.get(target) if target else None
            if target is None or found is None:
                continue
            for service in found.services:
                yield target, service
            yield from self.included(target, depth + 1)

    def variable(self, path: str, service: Service, name: str) -> Variable | None:
        """A variable of a service's environment, its own or of what it extends."""
        for _ in range(_LONGEST):
            own = [each for each in service.environment if each.name == name]
            if own:
                return own[-1]
            extends = service.extends
            target = self.target(path, extends.file) if extends and extends.file else path
            compose = self.get(target) if target else None
            base = compose.service(extends.service) if compose and extends else None
            if base is None or target is None:
                return None
            path, service = target, base
        return None
