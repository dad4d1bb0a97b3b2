"""A fixture's benchmark, task and agent, by its name and its provenance entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from evalpolicy.artifacts.provenance import ProvenanceEntry
from evalpolicy.fleet.fixture_names import Decoding
from evalpolicy.fleet.fleet import Fixture

_PARTS = (("benchmark", "benchmark"), ("task_id", "task"), ("agent", "agent"))


class Naming(NamedTuple):
    """The readings of a name that its entry leaves, the likeliest first.

    `settled` states whether there is one only.
    """

    readings: tuple[Decoding, ...]

    @property
    def is_unambiguous(self) -> bool:
        return len(self.readings) == 1

    def is_other(self, is_agent: Callable[[str], bool]) -> bool:
        """Whether the name can only be read as that of an agent which `is_agent` rejects."""
        return bool(self.readings) and not any(is_agent(r.agent) for r in self.readings)

    @property
    def best(self) -> Decoding | None:
        return self.readings[0] if self.readings else None


def naming(fixture: Fixture, entry: ProvenanceEntry | None) -> Naming:
    """The readings of the name; an entry that fits some of them rules out the others.

    One that fits none contradicts the name (PRV004) and settles nothing.
    """
    if entry is None:
        return Naming(fixture.readings)
    fitting = tuple(
        reading
        for reading in fixture.readings
        if all(entry.text(field) in (None, getattr(reading, part)) for field, part in _PARTS)
    )
    return Naming(fitting or fixture.readings)
