"""What rules on the whole fleet find, kept until something that they looked at changes.

Such a rule may read any file, so its row cannot have a key made from content. Instead the row
says what was looked at (`evalpolicy.snapshot.watched`) and a digest of the answers; it holds while
the same looks have the same answers. Rules that share a fact which reads on while they ask it
(what one made it read, the others know) form a group, and a group runs, and is kept, as one; so,
to save rows, do rules that rest on the same settled facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from evalpolicy.artifacts.source import Problem, Span
from evalpolicy.cache import key
from evalpolicy.facts import Facts, rested_on
from evalpolicy.rules.model import Hit, Rule
from evalpolicy.snapshot.watched import Look, Trace

# A submission is judged once, and so are replays; what they rest on (commits, messages, events,
# what containers did) is in no snapshot.
_JUDGED_ONCE = frozenset({"change", "comparison", "submitted", "replays"})


def hits_on_fleet(facts: Facts, rules: Sequence[Rule]) -> Iterator[tuple[Rule, Hit]]:
    """What the rules find, from the cache where nothing that they looked at changed."""
    for group in _groups(rules):
        if not facts.cache.keeps or any(_JUDGED_ONCE & set(rule.needs) for rule in group):
            yield from _run(facts, group)
        else:
            yield from _kept(facts, group)


def _groups(rules: Sequence[Rule]) -> list[list[Rule]]:
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


def _run(facts: Facts, rules: Iterable[Rule]) -> Iterator[tuple[Rule, Hit]]:
    for rule in rules:
        for hit in rule.function(**{name: getattr(facts, name) for name in rule.needs}):
            yield rule, hit


def _kept(facts: Facts, group: Sequence[Rule]) -> Iterator[tuple[Rule, Hit]]:
    by_id = {rule.id: rule for rule in group}
    row_key = key("group", list(by_id), repr(facts.config), facts.snapshot.kind)
    row = facts.cache.get(row_key)
    if isinstance(row, dict) and row["outline"] == facts.fleet.outline_id:
        looks = [Look(kind, path) for kind, paths in row["looks"].items() for path in paths]
        facts.snapshot.will_size(row["looks"].get("size", ()))
        if row["state"] == _state(facts, looks):
            facts.kept_problems.extend(
                (path, Problem(message, Span(*span))) for path, message, span in row["problems"]
            )
            for id, path, hit in row["hits"]:
                yield by_id[id], Hit.from_row(path, hit)
            return
    trace = Trace()
    with facts.snapshot.tracing(trace):
        found = list(_run(facts, group))
    yield from found
    facts.cache.put(row_key, _row(facts, group, trace, found))


def _row(
    facts: Facts, group: Sequence[Rule], trace: Trace, found: Iterable[tuple[Rule, Hit]]
) -> dict[str, Any]:
    settled, others = rested_on(name for rule in group for name in rule.needs)
    made = [facts.made[name] for name in sorted(settled) if name in facts.made]
    traces = [facts.fleet.shared, *made, trace]
    looks: dict[str, list[str]] = {}
    for look in dict.fromkeys(look for trace in traces for look in trace.looks):
        looks.setdefault(look.kind, []).append(look.path)
    ordered = [Look(kind, path) for kind, paths in looks.items() for path in paths]
    problems = [p for trace in traces for p in trace.problems] + facts.problems_of(others)
    return {
        "outline": facts.fleet.outline_id,
        "looks": looks,
        "state": _state(facts, ordered),
        "hits": [[rule.id, hit.path, hit.row] for rule, hit in found],
        "problems": [[path, problem.message, problem.span] for path, problem in problems],
    }


def _state(facts: Facts, looks: Iterable[Look]) -> str:
    digest = sha256()
    for look in looks:
        digest.update(facts.state(look).encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()
