"""What rules on the whole fleet find, kept until something that they looked at changes.

Such a rule may read any file, so its row cannot have a key made from content. Instead the row
says what was looked at (`evalpolicy.snapshot.tracing`) and a digest of the answers; it holds while
the same looks have the same answers. Rules that share a fact which reads on while they ask it
(what one made it read, the others know) form a group, and a group runs, and is kept, as one; so,
to save rows, do rules that rest on the same settled facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem, Span, SpanRow
from evalpolicy.facts.facts import Facts, rested_on
from evalpolicy.policy.rule import Failure, Hit, HitRow, Rule
from evalpolicy.rules.rule_runs import hits as hits_of
from evalpolicy.snapshot.cache import key
from evalpolicy.snapshot.tracing import Look, Trace

# A submission is judged once, and so are replays; what they rest on (commits, messages, events,
# what containers did) is in no snapshot.
_JUDGED_ONCE = frozenset({"change", "comparison", "submitted", "replays"})


def hits_on_fleet(
    facts: Facts,
    of: Iterable[Sequence[Rule]],
    failures: list[Failure],
    outcomes: Iterable[Outcome] = (),
) -> Iterator[tuple[Rule, Hit]]:
    """What these groups find, from the cache where nothing that they looked at changed.

    `outcomes` are those of groups that were run already. Rules that fail are added to `failures`.
    """
    known = {tuple(one.rules): one for one in outcomes}
    for group in of:
        outcome = known.get(ids_of(group))
        if outcome is not None:
            yield from _delivered(facts, group, outcome)
        elif not facts.cache.keeps or is_judged_once(group):
            yield from _run(facts, group, failures)
        else:
            yield from _kept(facts, group, failures)


class Outcome(Struct, frozen=True):
    """What a group of rules found, as JSON-able values, and what it looked at.

    `rules` are its ids, `hits` rows of (rule, path, `Hit.row`), `looks` paths by kind of look,
    `problems` rows of (path, message, span).
    """

    rules: Sequence[str]
    hits: Sequence[Any]
    looks: Mapping[str, Sequence[str]]
    problems: Sequence[Any]


def ids_of(group: Iterable[Rule]) -> tuple[str, ...]:
    """What a group is known by."""
    return tuple(rule.id for rule in group)


def is_judged_once(group: Iterable[Rule]) -> bool:
    """Whether what these rules find rests on more than a snapshot."""
    return any(_JUDGED_ONCE & set(rule.needs) for rule in group)


def groups(rules: Sequence[Rule]) -> list[list[Rule]]:
    """The rules that share a fact which is not settled together, the others by their facts."""
    groups: list[tuple[frozenset[str], frozenset[str], list[Rule]]] = []
    for rule in rules:
        settled, others = rested_on(rule.needs)
        members = [rule]
        apart = []
        for its_settled, its_others, group in groups:
            if others & its_others or (settled == its_settled and not others | its_others):
                settled |= its_settled
                others |= its_others
                members = [*group, *members]
            else:
                apart.append((its_settled, its_others, group))
        groups = [*apart, (settled, others, members)]
    return [group for _, _, group in groups]


def _run(
    facts: Facts, rules: Iterable[Rule], failures: list[Failure]
) -> Iterator[tuple[Rule, Hit]]:
    for rule in rules:
        for hit in hits_of(rule, partial(facts.given, rule.needs), None, failures):
            yield rule, hit


def outcome_of(facts: Facts, group: Sequence[Rule]) -> Outcome | None:
    """Runs a group, and takes down what it looks at. None where something of it failed."""
    failures: list[Failure] = []
    return _worked_out(facts, group, failures)[1]


def _worked_out(
    facts: Facts, group: Sequence[Rule], failures: list[Failure]
) -> tuple[list[tuple[Rule, Hit]], Outcome | None]:
    """What a group finds, and the same to be kept: nothing is where the tool itself failed."""
    trace = Trace()
    failed = len(failures)
    with facts.snapshot.tracing(trace):
        found = list(_run(facts, group, failures))
    if len(failures) > failed:
        return found, None
    return found, _outcome(facts, group, trace, found)


def _delivered(facts: Facts, group: Sequence[Rule], outcome: Outcome) -> Iterator[tuple[Rule, Hit]]:
    if facts.cache.keeps:
        facts.cache.put(_row_key(facts, group), _row(facts, outcome))
    yield from _hits(facts, group, outcome.hits, outcome.problems)


def _hits(
    facts: Facts, group: Iterable[Rule], hits: Iterable[Any], problems: Iterable[Any]
) -> Iterator[tuple[Rule, Hit]]:
    """What rows say was found, once what they say could not be read is reported."""
    by_id = {rule.id: rule for rule in group}
    facts.kept_problems.extend(
        (path, Problem(message, Span(*span))) for path, message, span in problems
    )
    for id, path, hit in hits:
        yield by_id[id], Hit.from_row(path, hit)


def _kept(
    facts: Facts, group: Sequence[Rule], failures: list[Failure]
) -> Iterator[tuple[Rule, Hit]]:
    row_key = _row_key(facts, group)
    row = facts.cache.get(row_key, _Row)
    if row is not None and row.holds(facts, group):
        yield from _hits(facts, group, row.hits, row.problems)
        return
    found, outcome = _worked_out(facts, group, failures)
    yield from found
    if outcome is not None:
        facts.cache.put(row_key, _row(facts, outcome))


def _row_key(facts: Facts, group: Iterable[Rule]) -> str:
    return key("group", list(ids_of(group)), repr(facts.config), facts.snapshot.kind)


def _outcome(
    facts: Facts, group: Sequence[Rule], trace: Trace, found: Iterable[tuple[Rule, Hit]]
) -> Outcome | None:
    settled, others = rested_on(name for rule in group for name in rule.needs)
    made = [facts.made[name] for name in sorted(settled) if name in facts.made]
    traces = [facts.fleet.shared, *made, trace]
    looks: dict[str, list[str]] = {}
    for look in dict.fromkeys(look for trace in traces for look in trace.looks):
        looks.setdefault(look.kind, []).append(look.path)
    problems = [p for trace in traces for p in trace.problems] + facts.problems_of(others)
    # A fault is taken down once, by whoever met it first: whoever shares the fact rests on it, too.
    if any(problem.is_bug for _, problem in (*problems, *facts.fleet.problems)):
        return None
    return Outcome(
        ids_of(group),
        [[rule.id, hit.path, hit.row] for rule, hit in found],
        looks,
        [[path, problem.message, problem.span] for path, problem in problems],
    )


class _Row(Struct, frozen=True):
    """An outcome as it is kept, with the answers to its looks."""

    outline: str
    looks: dict[str, list[str]]
    state: str
    hits: list[tuple[str, str, HitRow]]
    problems: list[tuple[str, str, SpanRow]]

    def holds(self, facts: Facts, group: Iterable[Rule]) -> bool:
        """Whether the group would find the same now."""
        if self.outline != facts.fleet.outline_id:
            return False
        looks = [Look(kind, path) for kind, paths in self.looks.items() for path in paths]
        facts.snapshot.will_size(self.looks.get("size", ()))
        try:
            state = _state(facts, looks)
        except ValueError:  # a kind of look that there is not
            return False
        return self.state == state and {id for id, _, _ in self.hits} <= set(ids_of(group))


def _row(facts: Facts, outcome: Outcome) -> dict[str, Any]:
    looks = [Look(kind, path) for kind, paths in outcome.looks.items() for path in paths]
    return {
        "outline": facts.fleet.outline_id,
        "looks": outcome.looks,
        "state": _state(facts, looks),
        "hits": outcome.hits,
        "problems": outcome.problems,
    }


def _state(facts: Facts, looks: Iterable[Look]) -> str:
    digest = sha256()
    for look in looks:
        digest.update(facts.state(look).encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()
