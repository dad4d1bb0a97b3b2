"""Writes entries for fixtures that have none, from evidence only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from evalpolicy.config.reading import Config
from evalpolicy.errors import NotCheckedError
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.facts.recordings.mapping import Recordings
from evalpolicy.facts.recordings.shown import RecordedAgents, shown_by
from evalpolicy.fleet.fleet import Fixture, Fleet
from evalpolicy.provenance.entries import COMMIT_DIGITS, Earlier, EntryEvidence, captured_at, entry
from evalpolicy.provenance.history import Ancestry, Arrival, arrivals
from evalpolicy.provenance.state import FleetState
from evalpolicy.snapshot import Snapshot, Unreadable, git
from evalpolicy.snapshot.cache import Cache
from evalpolicy.snapshot.model import understood
from evalpolicy.snapshot.objects import CommitSnapshot

_POINTER = "a Git LFS pointer: what it stands for is not here (`git lfs pull`)"


class Backfill(Struct):
    """What a backfill would write, and what it has to report.

    `entries` are those that are new or were completed, by fixture. `contradictions` has, by
    fixture, the agent of the name and the one that recorded. `unreadable` has the paths whose
    content is not there, with the reason; `undecoded` those whose name says nothing.
    """

    entries: dict[str, dict[str, object]] = field(default_factory=dict)
    kept: int = 0
    contradictions: dict[str, tuple[str, str]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    undecoded: list[str] = field(default_factory=list)


def backfill(
    snapshot: Snapshot, config: Config, provenance: ProvenanceFile, cache: Cache
) -> Backfill:
    """Entries for all fixtures without one, and for those whose content was missing before."""
    fleet = Fleet(snapshot, config.layout, cache)
    waiting = [f for f in fleet.fixtures if _is_waiting(f, provenance)]
    found = Backfill(kept=len({f.stem for f in fleet.fixtures} - {f.stem for f in waiting}))
    with witnesses(snapshot, config, fleet, cache, waiting) as evidences:
        for evidence in evidences:
            try:
                understood(partial(_take, found, provenance), evidence)
            except Unreadable as reason:
                found.unreadable[evidence.fixture.path] = str(reason)
    return found


def _is_waiting(fixture: Fixture, provenance: ProvenanceFile) -> bool:
    value = provenance.parsed.value
    known = provenance.entries.get(fixture.stem)
    if known is None:
        # Never replace an invalid entry; PRV003 reports it.
        return not (isinstance(value, Mapping) and fixture.stem in value)
    return _was_unreadable(known.fields) or _is_earlier(known.fields)


def _was_unreadable(fields: Mapping[str, object]) -> bool:
    said = _evidence_of(fields).values()
    return any(why in said for why in (f"unknown: {git.ABSENT}", f"unknown: {_POINTER}"))


def _is_earlier(fields: Mapping[str, object]) -> bool:
    """Whether an earlier version wrote the entry: by a tree id, or a commit's date as the time."""
    evidence = _evidence_of(fields)
    has_id = isinstance(fields.get("benchmark_tree"), str)
    return (has_id and str(evidence.get("benchmark_tree")).startswith("git")) or (
        fields.get("captured") is not None and str(evidence.get("captured")).startswith("git")
    )


def _evidence_of(fields: Mapping[str, object]) -> Mapping[str, object]:
    evidence = fields.get("evidence")
    return evidence if isinstance(evidence, Mapping) else {}


def _take(found: Backfill, provenance: ProvenanceFile, evidence: EntryEvidence) -> None:
    fixture = evidence.fixture
    if evidence.unreadable:
        found.unreadable[fixture.path] = evidence.unreadable
    elif evidence.recorded and evidence.recorded.problem:
        found.unreadable[fixture.path] = evidence.recorded.problem
    made = entry(evidence)
    if made is None:
        found.undecoded.append(fixture.path)
        return
    if evidence.contradiction is not None and evidence.reading is not None:
        found.contradictions[fixture.stem] = (evidence.reading.agent, evidence.contradiction)
    before = provenance.entries.get(fixture.stem)
    if before is None:
        found.entries[fixture.stem] = made
    elif evidence.unreadable:
        found.kept += 1
    else:
        found.entries[fixture.stem] = _completed(before.fields, made)


def _completed(before: Mapping[str, object], made: Mapping[str, object]) -> dict[str, object]:
    """Makes an entry anew that is incomplete, or an earlier version's; keeps a person's values."""
    old, new = before.get("evidence"), made["evidence"]
    assert isinstance(old, Mapping), "an entry without evidence is not completed"
    assert isinstance(new, Mapping), "every entry that is made has evidence"
    theirs = {
        name
        for name in before.keys() - {"evidence"}
        if str(old.get(name, "option")).startswith("option")
    }
    fresh = made.keys() - theirs - {"evidence"}
    return {
        **before,
        **{name: made[name] for name in fresh},
        "evidence": {**old, **{name: new[name] for name in fresh if name in new}},
    }


@contextmanager
def witnesses(
    snapshot: Snapshot,
    config: Config,
    fleet: Fleet,
    cache: Cache,
    fixtures: Collection[Fixture],
    told: Mapping[str, object] | None = None,
) -> Iterator[Iterator[EntryEvidence]]:
    """The evidence for these fixtures from git, labels and content; closes the states at the end.

    Raises `NotCheckedError` outside of git and in a shallow clone.
    """
    repository = git.locate(Path(snapshot.top))
    if repository is None or repository.top is None:
        raise NotCheckedError(
            f"{snapshot.top} is not a git worktree, so there is no history of its fixtures"
        )
    paths = [fixture.path for fixture in fixtures]
    recorded = shown_by(Recordings(fleet, cache, paths=paths))
    came = arrivals(repository, _wanted(snapshot, fixtures, recorded), cache)
    ancestry = Ancestry(repository) if came else None
    states: dict[str, FleetState] = {}

    def state(commit: str) -> FleetState:
        if commit not in states:
            if commit and ancestry:
                old: Snapshot = CommitSnapshot(repository, commit, snapshot.prefix)
                where = f"{commit[:COMMIT_DIGITS]} ({ancestry.date(commit)})"
                states[commit] = FleetState(old, config.layout, cache, where)
            else:
                states[commit] = FleetState(snapshot, config.layout, cache, "the worktree")
        return states[commit]

    def earlier(arrival: Arrival | None, captured: float | None) -> Earlier | None:
        if arrival is None or ancestry is None or captured is None:
            return None
        then = state(ancestry.before(arrival.commit, captured))
        return Earlier(then, state(ancestry.parent(arrival.commit)))

    def each() -> Iterator[EntryEvidence]:
        for fixture in fixtures:
            content = recorded.get(fixture.path)
            arrival = came.get(snapshot.prefix + fixture.path)
            why = "" if content else _why(snapshot, fixture)
            if content and content.is_pointer:
                why = _POINTER
            captured = captured_at(content, arrival, told)
            now = state(arrival.commit if arrival else "")
            before = earlier(arrival, captured)
            yield EntryEvidence(fixture, content, now, before, arrival, why, told)

    try:
        yield each()
    finally:
        for commit, opened in states.items():
            if commit:
                opened.close()


def _wanted(
    snapshot: Snapshot, fixtures: Collection[Fixture], recorded: Mapping[str, RecordedAgents]
) -> dict[str, tuple[str, RecordedAgents | None]]:
    """Each fixture by its path in the repository, with the id of its content."""
    found = {}
    for fixture in fixtures:
        try:
            oid = snapshot.object_id(fixture.path)
        except Unreadable:
            continue
        found[snapshot.prefix + fixture.path] = (oid, recorded.get(fixture.path))
    return found


def _why(snapshot: Snapshot, fixture: Fixture) -> str:
    try:
        snapshot.read(fixture.path, 0)
    except Unreadable as reason:
        return str(reason)
    return "it cannot be read"
