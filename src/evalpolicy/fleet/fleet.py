"""The fleet: benchmarks, agents, models, gateways, core images and fixtures of one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from evalpolicy.artifacts.build_args import from_bake
from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.config.reading import Layout
from evalpolicy.fleet.fixture_names import Decoding, decodings, stem_of
from evalpolicy.fleet.out_of_reach import DOCKERFILES, out_of_reach, repositories_within
from evalpolicy.fleet.units import ROLES, DockerfileSummary, Place, Role, SummaryRow, Unit
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.cache import Cache, key
from evalpolicy.snapshot.model import SUBMODULE, understood
from evalpolicy.snapshot.tracing import TracedSnapshot, looked, reported, tracing, tracked

if TYPE_CHECKING:
    from evalpolicy.artifacts.dockerfile import Dockerfile

# The role that a value of `eval.type` gives a Dockerfile wherever it stands.
_ROLE_OF_TYPE: Mapping[str, Role] = {
    "benchmark": "benchmark",
    "agent": "agent",
    "model": "model",
    "core": "core",
    "core-base": "core",
}
# BuildKit is given its input in messages of at most 16 MiB (bytes).
DOCKERFILE_LIMIT = 16 << 20
# No build script and no bake file is larger (bytes).
_SCRIPT_LIMIT = 4 << 20


class Fixture(NamedTuple):
    """A recorded run. `readings` are all decodings of its name, the likeliest first."""

    path: str
    stem: str
    readings: tuple[Decoding, ...]

    @property
    def benchmark(self) -> str | None:
        return self.readings[0].benchmark if self.readings else None

    @property
    def task(self) -> str | None:
        return self.readings[0].task if self.readings else None

    @property
    def agent(self) -> str | None:
        return self.readings[0].agent if self.readings else None


class Fleet:
    """What one snapshot holds, joined.

    `problems` collects, as (path, problem), what could not be read on the way; it grows while
    facts are asked for, so read it last.
    """

    def __init__(self, snapshot: Snapshot, layout: Layout, cache: Cache | None = None) -> None:
        self._cache = cache or Cache(None)
        self.snapshot = TracedSnapshot.over(snapshot, self._cache)
        self.layout = layout
        self.problems: list[tuple[str, Problem]] = []
        self._read: dict[str, DockerfileSummary] = {}

    @property
    def dockerfiles(self) -> Mapping[str, DockerfileSummary]:
        """Every readable Dockerfile of the snapshot, by path; `dockerfile` gives it whole."""
        return self._gathered[0]

    @property
    def units(self) -> tuple[Unit, ...]:
        """All units, by path: those that the layout names and those whose labels say so."""
        return self._gathered[1]

    @cached_property
    def _gathered(self) -> tuple[Mapping[str, DockerfileSummary], tuple[Unit, ...]]:
        with tracing(None):
            for _ in self.walk():
                pass
        gathered: tuple[Mapping[str, DockerfileSummary], tuple[Unit, ...]]
        gathered = self.__dict__["_gathered"]
        return gathered

    def walk(self) -> Iterator[Place]:
        """Each readable Dockerfile's place, as soon as it is read: a `Unit` if it is one's.

        Until the next one is asked for, a Dockerfile that had to be parsed is at hand: who goes
        through them once parses each file once, and never holds them all.
        """
        if "_gathered" in self.__dict__:
            known = {unit.path: unit for unit in self.units}
            for path in self.dockerfiles:
                yield known.get(path) or self._place(path)
            return
        for path, reason in out_of_reach(self.snapshot, self.layout):
            self._problem(path, reason)
        summaries = self._read = dict[str, DockerfileSummary]()
        units: list[Unit] = []
        for path in self._dockerfile_paths:
            try:
                summary, parsed = self._summary(path)
            except Unreadable as reason:
                self.unreadable(path, reason)
                continue
            summaries[path] = summary
            summary.tell(partial(looked, path=path))
            self.problems.extend((path, problem) for problem in summary.problems)
            unit = self._unit(path, summary)
            if unit is not None:
                units.append(unit)
            place = unit or self._place(path)
            with place.at_hand(parsed):
                yield place
        folders = {unit.folder for unit in units}
        for path, why in repositories_within(self.snapshot, self.layout, folders):
            self._problem(path, why)
        self.__dict__["_gathered"] = (summaries, tuple(units))

    def labels_id(self, path: str, *, values_only: bool) -> str:
        """Equal as long as a Dockerfile's final labels are, or their values; also in a `walk`."""
        summary = self._read.get(path) or self.dockerfiles.get(path)
        return "not there" if summary is None else summary.ids[values_only]

    @cached_property
    def _dockerfile_paths(self) -> tuple[str, ...]:
        globs = Globs(self.layout.dockerfiles)
        return tuple(
            path for path, entry in self.snapshot.entries.items() if entry.is_file and path in globs
        )

    def is_in_unit(self, path: str) -> bool:
        """Whether a file stands in a unit's folder; only the Dockerfiles above it are read."""
        above = {path[:at] for at, letter in enumerate(path) if letter == "/"}
        return any(
            self._is_unit(dockerfile)
            for dockerfile in self._dockerfile_paths
            if dockerfile.rpartition("/")[0] in above
        )

    def _is_unit(self, path: str) -> bool:
        try:
            return self._unit(path, self.summary(path)) is not None
        except Unreadable:
            return False

    def dockerfile(self, path: str) -> Dockerfile:
        """A Dockerfile of this snapshot, parsed. Raises `Unreadable`."""
        from evalpolicy.artifacts.dockerfile import parse

        return understood(parse, self.snapshot.read(path, DOCKERFILE_LIMIT))

    def summary(self, path: str) -> DockerfileSummary:
        """The final labels of one Dockerfile, none other read for it. Raises `Unreadable`."""
        return self._summary(path)[0]

    def folder_of(self, role: Role, name: str) -> str | None:
        """The folder in which the layout puts the unit of this name, if it has one."""
        return next(
            (
                folder
                for folder, its_role in self._placed_folders.items()
                if its_role == role and folder.rpartition("/")[2] == name
            ),
            None,
        )

    def changed_since(self, noted: object, folder: str) -> list[str]:
        """The inputs of a benchmark that differ from what an entry's `benchmark_tree` states.

        Raises `Unreadable`.
        """
        from evalpolicy.fleet.run_inputs import changed_since

        return changed_since(noted, self.snapshot, folder, self._cache)

    def _summary(self, path: str) -> tuple[DockerfileSummary, Dockerfile | None]:
        """What is known of a Dockerfile, and the whole of it if it had to be parsed for that."""
        if not self._cache.keeps:
            return self._parsed(path)
        row_key = key("dockerfile", self.snapshot.blob_id(path, DOCKERFILE_LIMIT))
        row = self._cache.get(row_key, SummaryRow)
        if row is not None:
            return DockerfileSummary.from_row(row), None
        summary, parsed = self._parsed(path)
        self._cache.put(row_key, summary.row)
        return summary, parsed

    def _parsed(self, path: str) -> tuple[DockerfileSummary, Dockerfile]:
        parsed = self.dockerfile(path)
        return understood(DockerfileSummary.of, parsed), parsed

    def _unit(self, path: str, summary: DockerfileSummary) -> Unit | None:
        folder, _, name = path.rpartition("/")
        role = None
        if name in DOCKERFILES:
            role = self._placed_folders.get(folder)
        placed = role is not None
        if role is None:
            kind = summary.value("eval.type")
            if kind is None:
                return None
            role = _ROLE_OF_TYPE.get(kind, "core")
        return Unit(
            role,
            path,
            placed,
            summary,
            partial(self.dockerfile, path),
            partial(self._was_read, path),
        )

    def _place(self, path: str) -> Place:
        return Place(None, path, partial(self.dockerfile, path), partial(self._was_read, path))

    def _was_read(self, path: str) -> None:
        looked("content", path)

    def of(self, role: Role) -> tuple[Unit, ...]:
        return self._by_role.get(role, ())

    @cached_property
    def benchmarks(self) -> Mapping[str, Unit]:
        """Benchmarks by the name of their folder."""
        return {unit.name: unit for unit in self.of("benchmark")}

    @cached_property
    def agents(self) -> Mapping[str, Unit]:
        """Agents by the name of their folder."""
        return {unit.name: unit for unit in self.of("agent")}

    @property
    def placed(self) -> Mapping[str, Role]:
        """The folders in which the layout puts a unit, also one without a Dockerfile."""
        return self._placed_folders

    @cached_property
    def images(self) -> frozenset[str]:
        """`core/entrypoint`, `benchmarks/aime` …: how images of this fleet end, without a tag."""
        return frozenset("/".join(folder.split("/")[-2:]) for folder in self._placed_folders)

    @cached_property
    def fixture_paths(self) -> tuple[str, ...]:
        """Where all recorded runs stand; no other file is read to know this."""
        globs = Globs(self.layout.fixtures)
        return tuple(
            path
            for path, entry in self.snapshot.entries.items()
            if path in globs and entry.mode != SUBMODULE
        )

    @property
    @tracked
    def fixtures(self) -> tuple[Fixture, ...]:
        """All recorded runs, by path. One whose bytes are not there is a problem as well."""
        found = []
        self.snapshot.will_size(self.fixture_paths)
        for path in self.fixture_paths:
            if self.snapshot.size(path) is None:
                self._problem(path, self._why_unreadable(path))
            stem = stem_of(path)
            found.append(
                Fixture(path, stem, decodings(stem, self.benchmark_names, self.agent_names))
            )
        return tuple(found)

    @cached_property
    def fixtures_elsewhere(self) -> tuple[str, ...]:
        """Files named like recordings of the fleet, where no glob of the layout matches any."""
        if self.fixture_paths:
            return ()
        globs = Globs(tuple(f"**/{glob.rpartition('/')[2]}" for glob in self.layout.fixtures))
        return tuple(
            path
            for path, entry in self.snapshot.entries.items()
            if path in globs
            and entry.mode != SUBMODULE
            and decodings(stem_of(path), self.benchmark_names, self.agent_names)
        )

    @property
    @tracked
    def fixtures_of(self) -> Mapping[str, tuple[Fixture, ...]]:
        """The fixtures of each benchmark that has any."""
        found: dict[str, list[Fixture]] = {}
        for fixture in self.fixtures:
            if fixture.benchmark is not None:
                found.setdefault(fixture.benchmark, []).append(fixture)
        return {name: tuple(fixtures) for name, fixtures in found.items()}

    @cached_property
    def bake_paths(self) -> tuple[str, ...]:
        """The bake files that belong to no unit."""
        globs = Globs(self.layout.bake)
        folders = self._placed_folders
        return tuple(
            path
            for path, entry in self.snapshot.entries.items()
            if path in globs and path.rpartition("/")[0] not in folders and entry.is_file
        )

    @property
    @tracked
    def bake_args(self) -> frozenset[str]:
        """What the bake files that belong to no unit supply to all."""
        names: set[str] = set()
        for path in self.bake_paths:
            try:
                names |= understood(from_bake, self.snapshot.read(path, _SCRIPT_LIMIT))
            except Unreadable as reason:
                self.unreadable(path, reason)
        return frozenset(names)

    @cached_property
    def _placed_folders(self) -> Mapping[str, Role]:
        """The folders in which the layout puts a unit. A leading `_` or `.` says: none."""
        layout = self.layout
        globs: tuple[tuple[Role, Globs], ...] = (
            ("benchmark", Globs(layout.benchmarks)),
            ("agent", Globs(layout.agents)),
            ("model", Globs(layout.models)),
            ("gateway", Globs(layout.gateways)),
            ("core", Globs(layout.core)),
        )
        found: dict[str, Role] = {}
        for folder in self.snapshot.folders:
            if folder.rpartition("/")[2].startswith(("_", ".")):
                continue
            for role, matcher in globs:
                if folder in matcher:
                    found[folder] = role
                    break
        return found

    @cached_property
    def _by_role(self) -> Mapping[Role, tuple[Unit, ...]]:
        return {role: tuple(u for u in self.units if u.role == role) for role in ROLES}

    @cached_property
    def benchmark_names(self) -> frozenset[str]:
        """All names by which a fixture may know a benchmark."""
        return self._folder_names("benchmark")

    @cached_property
    def agent_names(self) -> frozenset[str]:
        """All names by which a fixture may know an agent."""
        return self._folder_names("agent")

    def _folder_names(self, role: Role) -> frozenset[str]:
        """By the layout where it says so: a name is known even if its Dockerfile cannot be read."""
        placed = {f.rpartition("/")[2] for f, r in self._placed_folders.items() if r == role}
        return frozenset(placed | {unit.name for unit in self.of(role)})

    def _why_unreadable(self, path: str) -> str:
        try:
            self.snapshot.read(path, 0)
        except Unreadable as reason:
            return str(reason)
        return "it cannot be read"

    def unreadable(self, path: str, reason: Unreadable) -> None:
        """Takes down that a file which belongs to the fleet could not be read."""
        self.report(path, Problem(str(reason), is_bug=reason.is_bug))

    def report(self, path: str, problem: Problem) -> None:
        """Takes down what could not be read or understood, once."""
        reported(path, problem)
        if (path, problem) not in self.problems:
            self.problems.append((path, problem))

    def _problem(self, path: str, message: str) -> None:
        self.report(path, Problem(message))
