"""What helpers begin with while the process itself goes through the Dockerfiles.

Fixtures are most of what a fleet holds, and some facts about it (gates, documents, sizes) rest on
no Dockerfile: they can be worked out beside the walk. Where verdicts are kept, next to nothing is
left to do; helpers are forked for a run that knows nothing yet.

Measured on the reference fleet, in one process: of the processor time 27 % goes into the fixtures,
23 % into the rules of `_APART`, 50 % into all the rest. With one helper the longest chain is this
rest, half of the whole; with the fixtures alone beside the walk it would be 73 %, a wait of 1.5
times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from evalpolicy.engine.remembering import Remembering, RuleResult
from evalpolicy.errors import PASSED
from evalpolicy.facts.facts import Facts
from evalpolicy.facts.processes import Part, Shared, cores
from evalpolicy.policy.rule import Rule

if TYPE_CHECKING:
    from evalpolicy.facts.recordings.mapping import Recordings

# Facts that are expensive and need no parsed Dockerfile; those in one set read the same files.
_APART = (
    frozenset({"gates", "gitleaks"}),
    frozenset({"compose_files", "sizing"}),
    frozenset({"documents"}),
)
_AT_HAND = frozenset({"fleet", "layout", "config"})
_OF_FIXTURES = frozenset({"recordings", "recorded"})
# In a fleet of fewer files a helper costs more than it saves.
_WORTH_IT = 300


class Begun(NamedTuple):
    """Work that is under way.

    `rules` are the ids of those that wait for it; `verdicts` waits, and gives what is known of
    them.
    """

    rules: frozenset[str]
    verdicts: Callable[[], Mapping[str, RuleResult]]


class _Made(NamedTuple):
    """Some rules' verdicts, by id, and the rows for the cache that were made on the way.

    A rule that failed is left out: it is run again where its failure is reported.
    """

    verdicts: dict[str, RuleResult]
    rows: dict[str, Any]


def begin(facts: Facts, rules: Sequence[Rule], jobs: int | None) -> Begun:
    """Begins what these rules on the whole fleet need, in up to `jobs` processes."""
    helpers = (jobs or cores()) - 1
    if helpers < 1 or not facts.cache.is_empty:
        return Begun(frozenset(), dict)
    apart = _apart(rules) if len(facts.snapshot.entries) >= _WORTH_IT else []

    def make(number: int) -> _Made:
        remembering = Remembering(facts, [])
        verdicts = {rule.id: remembering.verdict(rule)[0] for rule in apart[number]}
        known = {id: verdict for id, verdict in verdicts.items() if verdict is not None}
        return _Made(known, facts.cache.taken())

    made_apart = Part(len(apart), make, _Made)
    parts: list[Part[Any]] = [made_apart]
    waiting = [rule for together in apart for rule in together]
    of_fixtures = [rule for rule in rules if not _OF_FIXTURES.isdisjoint(rule.needs)]
    recordings = _recordings(facts) if of_fixtures else None
    if recordings is not None and not recordings.are_many:
        recordings = None
    if recordings is not None:
        waiting += of_fixtures
        parts.insert(0, recordings.part)
    shared = Shared(parts, helpers, facts.forked)
    if recordings is not None:
        recordings.begun = shared

    def verdicts() -> Mapping[str, RuleResult]:
        found: dict[str, RuleResult] = {}
        for _, made in shared.results(made_apart):
            for key, row in made.rows.items():
                facts.cache.put(key, row)
            found.update(made.verdicts)
        return found

    return Begun(frozenset(rule.id for rule in waiting), verdicts)


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


def _apart(rules: Iterable[Rule]) -> list[list[Rule]]:
    """The rules that can be run beside the walk, those together that one process should run."""
    found: dict[frozenset[str], list[Rule]] = {}
    for rule in rules:
        needs = frozenset(rule.needs) - _AT_HAND
        for together in _APART:
            if needs and needs <= together:
                found.setdefault(together, []).append(rule)
    return sorted(found.values(), key=len, reverse=True)
