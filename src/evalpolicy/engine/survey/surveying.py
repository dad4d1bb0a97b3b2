"""From facts to the fleet as the web page tells it.

What state a fixture is in does not depend on which rules a report is of: the rules that decide it
are asked here once more, whatever was selected, suppressed or taken into a baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeVar

from evalpolicy.engine.survey.model import (
    STATES,
    Sized,
    State,
    Story,
    Survey,
    SurveyedBenchmark,
    SurveyedSizes,
)
from evalpolicy.facts.facts import Facts
from evalpolicy.facts.fixture_rows import FixtureRow, rows
from evalpolicy.facts.recordings.naming import naming
from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.policy.report import FileProblem
from evalpolicy.policy.rule import Hit, RuleFunction
from evalpolicy.rules.fixtures.content import fixture_format, fixture_no_turns, fixture_unreadable
from evalpolicy.rules.fixtures.names import fixture_agent_mismatch, fixture_name_ambiguous
from evalpolicy.rules.fixtures.quality import fixture_known_bad
from evalpolicy.rules.provenance.content import provenance_contradicts, provenance_digest
from evalpolicy.rules.provenance.staleness import provenance_stale_revision, stale_recordings
from evalpolicy.rules.rule_runs import WHOLE, hits
from evalpolicy.snapshot.model import Unreadable, understood

_DECIDING: tuple[tuple[State, RuleFunction], ...] = (
    ("unreadable", fixture_unreadable),
    ("bad", fixture_format),
    ("bad", fixture_no_turns),
    ("bad", fixture_known_bad),
    ("contradicted", provenance_contradicts),
    ("contradicted", provenance_digest),
    ("other-agent", fixture_agent_mismatch),
    ("stale", provenance_stale_revision),
    ("ambiguous", fixture_name_ambiguous),
)
_NO_SIZES = SurveyedSizes(0, 0, 0, None, ())
_Given = TypeVar("_Given")
_Surveyed = TypeVar("_Surveyed")
# At most so many files are listed.
_LARGEST = 25


def survey(facts: Facts, replays: Iterable[Replayed] = ()) -> Survey:
    """The fleet of one snapshot. A control does not replay a recording, so it is left out."""
    by_path = {one.path: one for one in replays if not one.control}
    stories = next(_each(facts, [facts], lambda _: WHOLE, partial(_stories, by_path)), ())
    sizes = next(_each(facts, [facts], lambda _: WHOLE, _sizes), _NO_SIZES)
    fleet = facts.fleet
    benchmarks = _benchmarks(facts)
    return Survey(
        benchmarks=benchmarks,
        agents=tuple(sorted(fleet.agent_names)),
        stories=stories,
        sizes=sizes,
        problems=tuple(
            sorted({FileProblem(path, p.span.line, p.message) for path, p in facts.problems})
        ),
        folders={
            **{unit.folder: unit.name for unit in fleet.of("benchmark")},
            **{f: f.rpartition("/")[2] for f, role in fleet.placed.items() if role == "benchmark"},
        },
    )


def _benchmarks(facts: Facts) -> tuple[SurveyedBenchmark, ...]:
    fleet = facts.fleet

    def path_of(name: str) -> str:
        unit = fleet.benchmarks.get(name)
        return unit.path if unit else WHOLE

    def surveyed(name: str) -> SurveyedBenchmark:
        unit = fleet.benchmarks.get(name)
        words = (unit.value(f"eval.benchmark.{key}") if unit else None for key in _LABELS)
        return SurveyedBenchmark(name, unit.path if unit else "", *(word or "-" for word in words))

    return tuple(_each(facts, sorted(fleet.benchmark_names), path_of, surveyed))


_LABELS = ("tasks", "env", "released")


def _stories(replays: Mapping[str, Replayed], facts: Facts) -> tuple[Story, ...]:
    fixture_rows = rows(facts)
    states: dict[str, set[State]] = {row.path: set() for row in fixture_rows}
    of_stem: dict[str, list[str]] = {}
    for row in fixture_rows:
        of_stem.setdefault(row.fixture, []).append(row.path)
        if row.verdict == "unreadable":
            states[row.path].add("unreadable")
        if facts.broken_manifest.lists(row.path):
            states[row.path].add("known-bad")
        if facts.provenance.readable and not row.provenance:
            states[row.path].add("unprovenanced")
    for stem, *_ in stale_recordings(facts.fleet, facts.provenance):
        for path in of_stem.get(stem, ()):
            states[path].add("stale")
    for state, function in _DECIDING:
        for hit in _hits(facts, function):
            for path in [hit.path] if hit.path in states else of_stem.get(hit.subject, ()):
                states[path].add(state)
    manifest = facts.broken_manifest.manifest.fixtures
    fixtures = {fixture.path: fixture for fixture in facts.fleet.fixtures}

    def story(row: FixtureRow) -> Story:
        entry = facts.provenance.entries.get(row.fixture)
        known_bad = manifest.get(row.path.rpartition("/")[2])
        replayed = replays.get(row.path)
        return Story(
            row,
            naming(fixtures[row.path], entry).readings,
            _ranked(
                states[row.path], None if replayed is None else replayed.reproduces(row.sha256)
            ),
            None if entry is None else entry.fields,
            known_bad.reason if known_bad else "",
            replayed,
        )

    return tuple(
        _each(facts, sorted(fixture_rows, key=lambda row: row.path), lambda r: r.path, story)
    )


def _each(
    facts: Facts,
    given: Iterable[_Given],
    path_of: Callable[[_Given], str],
    surveyed: Callable[[_Given], _Surveyed],
) -> Iterator[_Surveyed]:
    """The results of `surveyed`; an item for which it raises is a problem of its file."""
    for one in given:
        try:
            yield understood(surveyed, one)
        except Unreadable as reason:
            facts.fleet.unreadable(path_of(one), reason)


def _hits(facts: Facts, function: RuleFunction) -> Iterator[Hit]:
    """What one rule finds. A note means that the rule could not decide."""
    rule = vars(function)["rule"]
    for hit in hits(rule, partial(facts.given, rule.needs), None, []):  # `check` reports failures
        if (hit.severity or rule.severity) != "note" or rule.severity == "note":
            yield hit


def _ranked(states: set[State], reproduced: bool | None) -> tuple[State, ...]:
    """The states, the worst first; there is always at least one."""
    found = set(states)
    if reproduced is not None:
        found.add("reproduced" if reproduced else "not-reproduced")
    if not found:
        found.add("recorded")
    return tuple(state for state in STATES if state in found)


def _sizes(facts: Facts) -> SurveyedSizes:
    sizing = facts.sizing
    sizes = sizing.of
    fixtures = sizing.fixture_sizes

    def sized(path: str, size: int) -> Sized:
        if path in fixtures:
            return Sized(path, size, sizing.fixture_limit, True)
        return Sized(path, size, 0 if path in sizing.allowed else sizing.limit, False)

    largest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_LARGEST]
    return SurveyedSizes(
        len(sizes),
        sum(sizes.values()),
        sum(fixtures.values()),
        sizing.fixture_budget,
        tuple(sized(path, size) for path, size in largest),
    )
