"""The listing of `evalpolicy fleet`, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import Struct, to_builtins

from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Role, Unit
from evalpolicy.policy.portable import portable_values
from evalpolicy.policy.report import FileProblem
from evalpolicy.snapshot.model import Unreadable, understood

_LISTED: tuple[Role, ...] = ("agent", "model", "gateway", "core")


class ListedLabel(Struct, frozen=True):
    """A label's value as written and as the image would carry it.

    `unresolved` names the variables that have no value in the file, `supplied` says whether the
    unit's build passes them all.
    """

    raw: str
    value: str
    line: int
    unresolved: tuple[str, ...]
    supplied: bool


class ListedUnit(Struct, frozen=True):
    name: str
    path: str
    labels: Mapping[str, ListedLabel]
    fixtures: tuple[str, ...] = ()

    def short(self, key: str) -> str:
        """A benchmark's label by the last part of its key; `-` if it is not set."""
        label = self.labels.get(f"eval.benchmark.{key}")
        if label is None:
            return "-"
        return label.value or (label.raw if label.unresolved else "(empty)")


class ListedFixture(Struct, frozen=True):
    path: str
    benchmark: str | None
    task: str | None
    agent: str | None
    ambiguous: bool


class FleetListing(Struct, frozen=True):
    """Everything by name or path; `others` holds agents, models, gateways and core images."""

    benchmarks: tuple[ListedUnit, ...]
    others: Mapping[Role, tuple[ListedUnit, ...]]
    fixtures: tuple[ListedFixture, ...]
    problems: tuple[FileProblem, ...]

    def document(self) -> dict[str, Any]:
        """The listing as values for JSON, without bytes that are not Unicode."""
        units = {
            "benchmarks": self.benchmarks,
            **{_plural(role): listed for role, listed in self.others.items()},
        }
        document: dict[str, Any] = {
            name: [to_builtins(unit) for unit in listed] for name, listed in units.items()
        }
        document["fixtures"] = [to_builtins(fixture) for fixture in self.fixtures]
        document["problems"] = [problem._asdict() for problem in self.problems]
        clean: dict[str, Any] = portable_values(document)
        return clean


def listing(fleet: Fleet) -> FleetListing:
    """What `fleet` holds, in the order of paths."""
    fixtures = tuple(
        ListedFixture(f.path, f.benchmark, f.task, f.agent, len(f.readings) > 1)
        for f in fleet.fixtures
    )
    benchmarks = tuple(_units(fleet, "benchmark"))
    others = {role: tuple(_units(fleet, role)) for role in _LISTED}
    problems = tuple(
        FileProblem(path, problem.span.line, problem.message) for path, problem in fleet.problems
    )
    return FleetListing(benchmarks, others, fixtures, problems)


def _units(fleet: Fleet, role: Role) -> Iterator[ListedUnit]:
    """The units of a role; one that cannot be listed is a problem."""
    for unit in fleet.of(role):
        try:
            yield understood(partial(_unit, fleet), unit)
        except Unreadable as reason:
            fleet.unreadable(unit.path, reason)


def _unit(fleet: Fleet, unit: Unit) -> ListedUnit:
    labels = {
        key: ListedLabel(
            label.raw,
            label.value,
            label.span.line,
            label.unresolved,
            bool(label.unresolved)
            and set(label.unresolved) <= UnitContext(fleet, unit).supplied_args,
        )
        for key, label in sorted(unit.labels.items())
    }
    recorded = fleet.fixtures_of.get(unit.name, ()) if unit.role == "benchmark" else ()
    return ListedUnit(unit.name, unit.path, labels, tuple(f.path for f in recorded))


def _plural(role: Role) -> str:
    return "core" if role == "core" else f"{role}s"
