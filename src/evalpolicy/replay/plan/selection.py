"""Which fixtures are replayed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from msgspec import Struct

from evalpolicy.artifacts.trajectory import served_turns
from evalpolicy.errors import UsageError
from evalpolicy.facts.facts import Facts
from evalpolicy.facts.fixture_rows import named
from evalpolicy.facts.recordings.mapping import Recordings
from evalpolicy.facts.recordings.naming import naming
from evalpolicy.fleet.fleet import Fixture
from evalpolicy.fleet.units import Unit
from evalpolicy.matching.nearest import nearest
from evalpolicy.replay.plan.model import Skipped
from evalpolicy.reporters.safe import shown
from evalpolicy.snapshot.model import Unreadable, understood

if TYPE_CHECKING:
    from evalpolicy.artifacts.provenance import ProvenanceEntry

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
Broken = Literal["skip", "include", "only"]
"""What to do with fixtures that the broken manifest lists."""


class Selection(Struct, frozen=True):
    """Which fixtures to replay. Empty means every fixture.

    `words` are paths, names or beginnings of names. `shard` is (i, n), i from 1: of n parts the
    i-th, whole images in each.
    """

    words: tuple[str, ...] = ()
    benchmarks: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None
    broken: Broken = "skip"


class Chosen(Struct, frozen=True):
    """A fixture that can be replayed. `per_task` says that the task has an image of its own."""

    fixture: Fixture
    benchmark: Unit
    agent: Unit
    task: str
    model: str | None
    turns: int
    sha256: str
    reward: float | None
    per_task: bool


def parse_shard(text: str) -> tuple[int, int]:
    """`i/n`. Raises `UsageError`."""
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if match and 1 <= int(match[1]) <= int(match[2]):
        return int(match[1]), int(match[2])
    raise UsageError(f"--shard {text}: use I/N, such as 1/4")


def select(
    facts: Facts,
    selection: Selection,
    typed: Callable[[str], str] = str,
    changed: Callable[[Chosen], bool] | None = None,
) -> tuple[list[Chosen], list[Skipped]]:
    """The fixtures to replay, by path, and those of them that cannot be, with the reason.

    `typed` makes a path from the fleet's root of what a user typed; `changed` says whether a
    fixture belongs to the change that was asked for. Raises `UsageError` for an unknown name.
    """
    _check_names("--benchmark", selection.benchmarks, facts.fleet.benchmark_names)
    _check_names("--agent", selection.agents, facts.fleet.agent_names)
    chosen: list[Chosen] = []
    skipped: list[Skipped] = []
    asked: list[_Asked] = []
    for fixture in _wanted(facts, selection.words, typed):
        found = _or_skipped(fixture, partial(_asked, facts, selection), fixture)
        if isinstance(found, Skipped):
            skipped.append(found)
        elif found is not None:
            asked.append(found)
    paths = [one.fixture.path for one in asked]
    recordings = Recordings(
        facts.fleet, facts.cache, facts.config.secrets.internal_hosts, paths=paths
    )
    for one in asked:
        read = _or_skipped(one.fixture, partial(_chosen, facts, recordings), one)
        if isinstance(read, Skipped):
            skipped.append(read)
            continue
        concerned = changed is None or _or_skipped(one.fixture, changed, read)
        if isinstance(concerned, Skipped):
            skipped.append(concerned)
        elif concerned:
            chosen.append(read)
    return chosen, sorted(skipped, key=lambda one: one.path)


def _or_skipped(
    fixture: Fixture, work: Callable[[_Given], _Made], given: _Given
) -> _Made | Skipped:
    """What `work` makes; the fixture skipped where it raises."""
    try:
        return understood(work, given)
    except Unreadable as reason:
        return Skipped(fixture.path, str(reason))


def each_or_skipped(
    chosen: Iterable[Chosen], work: Callable[[Chosen], _Made]
) -> tuple[list[tuple[Chosen, _Made]], list[Skipped]]:
    """What `work` makes of each fixture, and those for which it raises."""
    made: list[tuple[Chosen, _Made]] = []
    skipped: list[Skipped] = []
    for one in chosen:
        found = _or_skipped(one.fixture, work, one)
        if isinstance(found, Skipped):
            skipped.append(found)
        else:
            made.append((one, found))
    return made, skipped


def shard_of(
    chosen: Sequence[Chosen], shard: tuple[int, int] | None, group: Callable[[Chosen], str]
) -> list[Chosen]:
    """The shard's part: groups stay whole; the largest are assigned first, to the smallest part."""
    if shard is None:
        return list(chosen)
    number, count = shard
    groups: dict[str, int] = {}
    for one in chosen:
        groups[group(one)] = groups.get(group(one), 0) + 1
    laden = [0] * count
    part: dict[str, int] = {}
    for name, size in sorted(groups.items(), key=lambda pair: (-pair[1], pair[0])):
        least = laden.index(min(laden))
        laden[least] += size
        part[name] = least + 1
    return [one for one in chosen if part[group(one)] == number]


def _wanted(facts: Facts, words: Sequence[str], typed: Callable[[str], str]) -> Iterable[Fixture]:
    fixtures = facts.fleet.fixtures
    if not words:
        return fixtures
    found: dict[str, Fixture] = {}
    for word in words:
        path = typed(word)
        folder = f"{path.rstrip('/')}/" if path else ""
        inside = [f for f in fixtures if word and f.path.startswith(folder)]
        for fixture in inside or [named(fixtures, word, path)]:
            found[fixture.path] = fixture
    return [found[path] for path in sorted(found)]


class _Asked(NamedTuple):
    """A chosen fixture, before it is read."""

    fixture: Fixture
    benchmark: Unit
    agent: Unit
    task: str
    entry: ProvenanceEntry | None


def _asked(facts: Facts, selection: Selection, fixture: Fixture) -> _Asked | Skipped | None:
    """None for a fixture that was not chosen."""
    entry = facts.provenance.entries.get(fixture.stem)
    best = naming(fixture, entry).best
    listed = facts.broken_manifest.manifest.fixtures.get(fixture.path.rpartition("/")[2])
    if best is None:
        if selection.benchmarks or selection.agents:
            return None
        return Skipped(fixture.path, "its name does not match any benchmark, task and agent")
    if selection.benchmarks and best.benchmark not in selection.benchmarks:
        return None
    if selection.agents and best.agent not in selection.agents:
        return None
    if shown(fixture.path) != fixture.path:
        return Skipped(fixture.path, "its name has unsafe characters: rename it")
    if selection.broken == "only" and listed is None:
        return None
    if selection.broken == "skip" and listed is not None:
        return Skipped(fixture.path, f"known to be broken: {listed.reason}", broken=True)
    benchmark = facts.fleet.benchmarks.get(best.benchmark)
    agent = facts.fleet.agents.get(best.agent)
    if benchmark is None or agent is None:
        kind, name = ("benchmark", best.benchmark) if benchmark is None else ("agent", best.agent)
        return Skipped(fixture.path, f"the {kind} {name} has no readable Dockerfile")
    return _Asked(fixture, benchmark, agent, best.task, entry)


def _chosen(facts: Facts, recordings: Recordings, asked: _Asked) -> Chosen | Skipped:
    path, entry = asked.fixture.path, asked.entry
    recording = recordings.get(path)
    if recording is None:
        reasons = [problem.message for where, problem in facts.fleet.problems if where == path]
        return Skipped(path, reasons[0] if reasons else "cannot be read")
    summary = recording.summary
    if summary.problems:
        first = summary.problems[0]
        return Skipped(path, f"line {first.span.line}: {first.message}")
    turns = served_turns(summary, path)
    if not turns:
        return Skipped(path, "it has no usable turn to serve")
    return Chosen(
        asked.fixture,
        asked.benchmark,
        asked.agent,
        asked.task,
        (entry.text("model") if entry else None) or _most_frequent(dict(summary.models)),
        turns,
        summary.sha256,
        _reward(entry.fields.get("reward") if entry else None),
        asked.benchmark.value("eval.benchmark.env") == "per-task",
    )


def _most_frequent(models: Mapping[str, int]) -> str | None:
    return min(models, key=lambda name: (-models[name], name), default=None)


def _reward(value: object) -> float | None:
    """The recorded reward; a boolean does not count."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return None


def _check_names(option: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in set(known):
            close = nearest(name, known)
            hint = f"did you mean {close}?" if close else "see `evalpolicy fleet`"
            raise UsageError(f"{option} {name}: no such name: {hint}")
