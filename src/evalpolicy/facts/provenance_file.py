"""The provenance file of one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from evalpolicy.artifacts.provenance import Provenance, ProvenanceEntry, parse
from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.config.reading import Layout
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.json_schema import Violation, violations
from evalpolicy.matching.shipped import schema
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.cache import Cache, key
from evalpolicy.snapshot.model import understood

# Some ten thousand entries. A larger file is a mistake or an attack.
_LIMIT = 16 << 20


def provenance_of(fleet: Fleet, layout: Layout, cache: Cache) -> ProvenanceFile:
    """The provenance file of a fleet. What it cannot be read for is a problem of the fleet."""
    found = ProvenanceFile(fleet.snapshot, layout.provenance, cache)
    for problem in found.problems:
        fleet.report(found.path, problem)
    return found


class ProvenanceFile:
    """The recorded provenance of the fixtures.

    `exists` states whether the snapshot has the file, `readable` whether its entries are known: a
    file that is not a JSON object has `problems`, and nothing is known of any fixture then. A
    file that is not there is readable and empty. `content` are the file's bytes.
    """

    def __init__(self, snapshot: Snapshot, path: str, cache: Cache | None = None) -> None:
        self.path = path
        self.exists = path in snapshot.entries
        self._cache = cache or Cache(None)
        self.content = b""
        problems: tuple[Problem, ...] = ()
        parsed = parse(b"{}")
        if self.exists:
            try:
                self.content = snapshot.read(path, _LIMIT)
                parsed = understood(parse, self.content)
            except Unreadable as reason:
                problems = (Problem(str(reason), is_bug=reason.is_bug),)
        self.parsed: Provenance = parsed
        self.problems = problems or parsed.problems
        self.readable = not self.problems

    @property
    def entries(self) -> Mapping[str, ProvenanceEntry]:
        return self.parsed.entries

    @cached_property
    def violations(self) -> list[Violation]:
        """The schema's violations: from the cache if the file is unchanged."""
        if not self.exists or not self.readable:
            return []
        contract = schema("provenance")
        known = key("provenance", self.content, contract)
        row = self._cache.get(known, list[Violation])
        if row is not None:
            return row
        found = violations(contract, self.parsed.value)
        self._cache.put(known, [list(v) for v in found])
        return found
