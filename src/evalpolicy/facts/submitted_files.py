"""What the SUB rules know about a submission besides its paths: the artifacts of both states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from evalpolicy.artifacts import broken_manifest, rules_document
from evalpolicy.artifacts import provenance as provenance_file
from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.config.reading import Config
from evalpolicy.facts.waivers.baseline import BASELINE_FILE
from evalpolicy.fleet.fixture_names import stem_of
from evalpolicy.fleet.run_inputs import changed, changed_since, run_inputs
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.model import understood
from evalpolicy.snapshot.submission.change import Comparison, PathChange

if TYPE_CHECKING:
    from evalpolicy.artifacts.broken_manifest import BrokenManifest
    from evalpolicy.artifacts.gate_settings import Setting, Settings
    from evalpolicy.artifacts.provenance import Provenance
    from evalpolicy.artifacts.rules_document import RulesDocument
    from evalpolicy.artifacts.tool_runs import Weaker

# No document, list or gate of a fleet is larger (bytes).
_LIMIT = 16 << 20

_Read = TypeVar("_Read")
_Listed = TypeVar("_Listed", "Provenance", "BrokenManifest")


class DocumentChange(Struct, frozen=True):
    """A rules document that the submission changes; None for a state in which it does not exist."""

    path: str
    before: RulesDocument | None
    after: RulesDocument | None


class GateChange(Struct, frozen=True):
    """A file that configures a gate, with its settings before and after.

    `gone`: the file was deleted. `new`: there was none. A file that went and one of the same name
    that came elsewhere are one that moved.
    """

    path: str
    before: tuple[Setting, ...]
    after: tuple[Setting, ...]
    gone: bool = False
    new: bool = False


class SubmittedFiles:
    """The artifacts of the two states that a submission changes, each read when first asked for.

    What cannot be read becomes a problem of the comparison.
    """

    def __init__(self, comparison: Comparison, config: Config) -> None:
        self.comparison = comparison
        self.settings = config.submission
        self.plugins = config.plugins
        self.layout = config.layout
        self._fixtures = Globs(config.layout.fixtures)

    @cached_property
    def documents(self) -> tuple[DocumentChange, ...]:
        """The rules documents whose content changed, by path."""
        globs = Globs(self.settings.rules_documents)
        return tuple(
            DocumentChange(
                change.path,
                self._before(change, rules_document.parse),
                self._after(change, rules_document.parse),
            )
            for change in self.comparison.changes
            if (change.path in globs or change.old_path in globs) and not change.same_content
        )

    @cached_property
    def code(self) -> tuple[PathChange, ...]:
        """The changes of code: what `code` matches, `not_code` does not, and no rules document."""
        code, other = Globs(self.settings.code), Globs(self.settings.not_code)
        documents = Globs(self.settings.rules_documents)
        return tuple(
            change
            for change in self.comparison.changes
            if change.path in code and change.path not in other and change.path not in documents
        )

    def governed(self, document: str) -> tuple[PathChange, ...]:
        """The changes of the code that a rules document governs."""
        globs = [g for key, found in self.settings.governs.items() if document in Globs((key,))
                 for g in found]  # fmt: skip
        if not globs:
            return self.code
        matcher = Globs(globs)
        return tuple(change for change in self.code if change.path in matcher)

    @cached_property
    def fixtures(self) -> tuple[PathChange, ...]:
        """The changes of fixtures, deleted ones included."""
        return tuple(
            change
            for change in self.comparison.changes
            if change.path in self._fixtures or change.old_path in self._fixtures
        )

    def is_fixture(self, path: str) -> bool:
        return path in self._fixtures

    @cached_property
    def provenance_before(self) -> Mapping[str, Mapping[str, object]]:
        """The provenance entries before the submission, by stem."""
        return self._entries(self.comparison.before)

    @cached_property
    def provenance(self) -> Mapping[str, Mapping[str, object]]:
        """The provenance entries that the submission leaves, by stem."""
        return self._entries(self.comparison.after)

    @cached_property
    def broken(self) -> Mapping[str, str]:
        """Why each fixture of the broken manifest is bad, by file name."""
        return {
            fixture.fixture.rpartition("/")[2]: fixture.reason
            for manifest in self._each(
                self.comparison.after, (self.layout.broken,), broken_manifest.parse
            )
            for fixture in manifest.fixtures.values()
        }

    def recorded_anew(self, change: PathChange) -> bool:
        """Whether the provenance entry of a fixture has a new capture time."""
        now = self.provenance.get(stem_of(change.path), {}).get("captured")
        then = self.provenance_before.get(stem_of(change.old_path), {}).get("captured")
        return now is not None and now != then

    def recorded_against(self, fixture: str, folder: str) -> bool:
        """Whether a fixture's provenance states the current inputs of the benchmark there."""
        named = self.provenance.get(stem_of(fixture), {}).get("benchmark_tree")
        if not named:
            return False
        try:
            return not changed_since(named, self.comparison.after, folder)
        except Unreadable as reason:
            self._problem(folder, Problem(str(reason)))
            return False

    def inputs_changed(self, folder: str) -> list[str]:
        """The inputs of the benchmark in `folder` that the submission changes, by path."""
        return self._between(self.comparison.changes, folder, lambda: self.comparison.after)

    def inputs_changed_upstream(self, folder: str) -> list[str]:
        """Those that the base has changed since the submission branched off."""
        return self._between(self.comparison.upstream, folder, lambda: self.comparison.tip)

    def _between(
        self, changes: Sequence[PathChange], folder: str, state: Callable[[], Snapshot]
    ) -> list[str]:
        """What differs between the merge base and another state; read only if a file there does."""
        within = f"{folder}/"
        inside = [c for c in changes if c.path.startswith(within) or c.old_path.startswith(within)]
        if not inside:
            return []
        was = folder
        if folder not in self.comparison.before.folders:
            # A folder that moved is known by where its files were.
            moved = (c for c in inside if c.status == "renamed")
            ends = ((c.old_path, c.path.removeprefix(folder)) for c in moved)
            was = min((old.removesuffix(end) for old, end in ends), default=folder)
        try:
            names = changed(run_inputs(self.comparison.before, was), run_inputs(state(), folder))
        except Unreadable as reason:
            self._problem(folder, Problem(str(reason)))
            return []
        return [f"{folder}/{name}" for name in names]

    @cached_property
    def tool_runs(self) -> tuple[tuple[str, tuple[Weaker, ...]], ...]:
        """The workflows, by path, in which this tool no longer runs as it did, and how it does."""
        from evalpolicy.artifacts.tool_runs import runs, weaker

        workflows = Globs(self.settings.workflows)
        found = []
        for change in self.comparison.changes:
            was_one = change.old_path in workflows
            if (change.same_content and was_one) or not (change.path in workflows or was_one):
                continue
            before = (self._before(change, runs) or ()) if was_one else ()
            after = (self._after(change, runs) or ()) if change.path in workflows else ()
            if weak := tuple(weaker(before, after)):
                found.append((change.path, weak))
        return tuple(found)

    @cached_property
    def gates(self) -> tuple[GateChange, ...]:
        """The files that configure gates, where they changed."""
        from evalpolicy.artifacts import gate_settings as gates

        names = self.settings
        readers: tuple[tuple[Globs, Callable[[bytes], Settings]], ...] = (
            (Globs(names.pre_commit), gates.pre_commit),
            (Globs(names.gitleaks), gates.gitleaks),
            (Globs(names.baselines), gates.baseline),
            (Globs(names.ignore_files), gates.ignore_file),
            (Globs(names.workflows), gates.workflow),
        )
        found: dict[str, GateChange] = {}
        for change in self.comparison.changes:
            reader = next((r for globs, r in readers if change.path in globs), None)
            # What waives this tool's own findings is not a gate beside it: see `in_force`.
            own = change.path == BASELINE_FILE
            if reader is not None and not own and not change.same_content:
                found[change.path] = GateChange(
                    change.path,
                    self._settings(self._before(change, reader), ""),
                    self._settings(self._after(change, reader), change.path),
                    gone=change.status == "deleted",
                    new=change.status == "added",
                )
        return tuple(_moved_joined(found.values()))

    def content(self, path: str, snapshot: Snapshot | None = None) -> bytes | None:
        """A file as the submission (or another state) has it; unreadable ones are problems."""
        return self._read(snapshot or self.comparison.after, path)

    def _settings(self, read: Settings | None, path: str) -> tuple[Setting, ...]:
        """What was set. A file that is unreadable before is not a gate; one after is a problem."""
        if read is None:
            return ()
        for problem in read.problems if path else ():
            self._problem(path, problem)
        return read.settings

    def _before(self, change: PathChange, parse: Callable[[bytes], _Read]) -> _Read | None:
        if change.status == "added":
            return None
        content = self._read(self.comparison.before, change.old_path)
        return None if content is None else self._parsed(change.old_path, parse, content)

    def _after(self, change: PathChange, parse: Callable[[bytes], _Read]) -> _Read | None:
        if change.status == "deleted":
            return None
        content = self._read(self.comparison.after, change.path)
        return None if content is None else self._parsed(change.path, parse, content)

    def _entries(self, snapshot: Snapshot) -> Mapping[str, Mapping[str, object]]:
        return {
            stem: entry.fields
            for recorded in self._each(snapshot, (self.layout.provenance,), provenance_file.parse)
            for stem, entry in recorded.entries.items()
        }

    def _each(
        self, snapshot: Snapshot, patterns: tuple[str, ...], parse: Callable[[bytes], _Listed]
    ) -> Iterator[_Listed]:
        globs = Globs(patterns)
        for path in snapshot.entries:
            content = self._read(snapshot, path) if path in globs else None
            parsed = None if content is None else self._parsed(path, parse, content)
            if parsed is None:
                continue
            for problem in parsed.problems if snapshot is self.comparison.after else ():
                self._problem(path, problem)
            yield parsed

    def _read(self, snapshot: Snapshot, path: str) -> bytes | None:
        try:
            return snapshot.read(path, _LIMIT)
        except Unreadable as reason:
            state = "" if snapshot is self.comparison.after else " (before the submission)"
            self._problem(path, Problem(f"{reason}{state}"))
            return None

    def _parsed(self, path: str, parse: Callable[[bytes], _Read], content: bytes) -> _Read | None:
        try:
            return understood(parse, content)
        except Unreadable as reason:
            self._problem(path, Problem(str(reason), is_bug=reason.is_bug))
            return None

    def _problem(self, path: str, problem: Problem) -> None:
        if (path, problem) not in self.comparison.problems:
            self.comparison.problems.append((path, problem))


def _moved_joined(gates: Iterable[GateChange]) -> Iterator[GateChange]:
    """The gates, where one that went and one of the same name that came are one that moved."""
    by_name: dict[str, list[GateChange]] = {}
    for gate in gates:
        by_name.setdefault(gate.path.rpartition("/")[2], []).append(gate)
    for same in by_name.values():
        gone = [gate for gate in same if gate.gone]
        new = [gate for gate in same if gate.new]
        if len(gone) == len(new) == 1:
            yield GateChange(new[0].path, gone[0].before, new[0].after)
            same = [gate for gate in same if not gate.gone and not gate.new]
        yield from same
