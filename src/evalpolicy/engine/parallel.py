"""What helpers begin with while the process itself goes through the Dockerfiles.

Fixtures are most of what a fleet holds, and some facts about it (gates, documents, sizes) rest on
no Dockerfile: they can be worked out beside the walk. Where verdicts are kept, next to nothing is
left to do; helpers are forked for a run that knows nothing yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import to_builtins

from evalpolicy.engine.incremental import Outcome, is_judged_once, outcome_of
from evalpolicy.errors import PASSED
from evalpolicy.facts.facts import Facts, rested_on
from evalpolicy.facts.processes import Part, Shared, cores
from evalpolicy.policy.rule import Rule

if TYPE_CHECKING:
    from evalpolicy.facts.recordings.mapping import Recordings

# Facts that are dear and need no parsed Dockerfile; those beside each other read the same files.
_APART = (
    frozenset({"gates", "gitleaks"}),
    frozenset({"composes", "sizing"}),
    frozenset({"documents"}),
)
_OF_FIXTURES = frozenset({"recordings", "recorded"})
# In a fleet of fewer files a helper costs more than it saves.
_WORTH_IT = 300


class Begun(NamedTuple):
    """Work that is under way.

    `groups` are those that wait for it, `outcomes` waits, and gives what is known of them.
    """

    groups: Sequence[Sequence[Rule]]
    outcomes: Callable[[], Iterable[Outcome]]


class _Made(NamedTuple):
    """The outcomes of some groups, and the rows for the cache that were made on the way.

    A group that failed is left out: it is run again where its failure is reported.
    """

    outcomes: list[Outcome]
    rows: dict[str, Any]


def begin(facts: Facts, groups: Sequence[Sequence[Rule]], jobs: int | None) -> Begun:
    """Begins what these groups of rules on the whole fleet need, in up to `jobs` processes."""
    helpers = (jobs or cores()) - 1
    if helpers < 1 or not facts.cache.is_empty:
        return Begun((), tuple)
    apart = _apart(groups) if len(facts.snapshot.entries) >= _WORTH_IT else []

    def make(number: int) -> _Made:
        outcomes = [outcome_of(facts, group) for group in apart[number]]
        return _Made([one for one in outcomes if one is not None], facts.cache.taken())

    def from_row(row: list[Any]) -> _Made:
        return _Made([Outcome(**outcome) for outcome in row[0]], row[1])

    verdicts = Part(len(apart), make, to_builtins, from_row)
    parts: list[Part[Any]] = [verdicts]
    waiting = [group for together in apart for group in together]
    of_fixtures = [group for group in groups if _OF_FIXTURES & _settled(group)]
    recordings = _recordings(facts) if of_fixtures else None
    if recordings is not None and not recordings.are_many:
        recordings = None
    if recordings is not None:
        waiting += of_fixtures
        parts.insert(0, recordings.part)
    shared = Shared(parts, helpers, facts.forked)
    if recordings is not None:
        recordings.begun = shared

    def outcomes() -> Iterable[Outcome]:
        for _, made in shared.results(verdicts):
            for key, row in made.rows.items():
                facts.cache.put(key, row)
            yield from made.outcomes

    return Begun(waiting, outcomes)


def _recordings(facts: Facts) -> Recordings | None:
    """The fixtures' content; None where it fails, which the rules that need it report."""
    try:
        facts.given(("recordings",))
    except PASSED:
        raise
    except Exception:  # noqa: BLE001 - it is raised again for each of these rules
        return None
    recordings: Recordings = facts.recordings
    return recordings


def _settled(group: Iterable[Rule]) -> frozenset[str]:
    return rested_on(name for rule in group for name in rule.needs)[0]


def _apart(groups: Iterable[Sequence[Rule]]) -> list[list[Sequence[Rule]]]:
    """The groups that can be run beside the walk, those together that one process should run."""
    found: dict[frozenset[str], list[Sequence[Rule]]] = {}
    for group in groups:
        settled, others = rested_on(name for rule in group for name in rule.needs)
        for together in _APART:
            if others and others <= together and not settled and not is_judged_once(group):
                found.setdefault(together, []).append(group)
    return sorted(found.values(), key=lambda together: sum(map(len, together)), reverse=True)
