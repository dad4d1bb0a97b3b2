"""What rules found, kept until something that they looked at changes.

A rule may read any file, so what it found cannot have a key made from content. Instead the row
of a subject (the fleet for one family of rules, a unit, a Dockerfile) says of each rule what it
looked at (`evalpolicy.snapshot.tracing`), by itself or through facts, with a digest of the
answers; it holds while the same looks have the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct, to_builtins

from evalpolicy.artifacts.syntax.source import Problem, Span, SpanRow
from evalpolicy.facts.facts import Facts
from evalpolicy.policy.rule import Failure, Hit, HitRow, Rule
from evalpolicy.rules.rule_runs import hits as hits_of
from evalpolicy.snapshot.cache import key
from evalpolicy.snapshot.tracing import Look, Trace, tracing


class Subject(NamedTuple):
    """What rules are called for: the fleet (`path` is None), or the unit or Dockerfile at `path`.

    `name` tells apart what never shares a row. `given` are the facts that are its own. `ground` is
    equal as long as what they may know without looking at a file (the listing, which units there
    are) is; None if that is unknown.
    """

    name: str
    path: str | None
    ground: str | None
    given: Mapping[str, Callable[[], object]]


FLEET = Subject("fleet", None, None, {})
"""The fleet for rules of which nothing is kept."""


class RuleResult(Struct, frozen=True):
    """What a rule found (path and `Hit.row`), what it reported and looked at, as JSON-able values.

    `looks` are paths by kind of look.
    """

    hits: list[tuple[str, HitRow]]
    problems: list[tuple[str, str, SpanRow]]
    looks: dict[str, list[str]]


class _Kept(Struct, frozen=True, array_like=True):
    """A verdict as it is kept; `rests_on` is the place of its answers in the row."""

    rests_on: int
    hits: list[tuple[str, HitRow]]
    problems: list[tuple[str, str, SpanRow]]


class _Answers(Struct, frozen=True):
    """Looks, as paths by kind, and a digest of the answers to them."""

    state: str
    looks: dict[str, list[str]]


class _Row(Struct):
    """What is kept of one subject: verdicts by rule, and the answers that they rest on."""

    ground: str
    answers: list[_Answers]
    verdicts: dict[str, _Kept]


_Lists: TypeAlias = "dict[frozenset[Look], dict[str, list[str]]]"


class Remembering:
    """Runs the rules of one check, or knows what they find."""

    def __init__(self, facts: Facts, failures: list[Failure]) -> None:
        self._facts = facts
        self._failures = failures
        self._states: dict[Look, str] = {}
        self._renewed_rows: dict[str, _Row] = {}
        """Those that other rules may be added to."""

    def hits(
        self,
        subject: Subject,
        rules: Sequence[Rule],
        known: Mapping[str, RuleResult] = {},
    ) -> Iterator[tuple[Rule, Hit]]:
        """What the rules find in the subject. `known` are verdicts of this run, by rule."""
        if subject.ground is None or not self._facts.cache.keeps:
            for rule in rules:
                if rule.id in known:
                    yield from self._told(rule, known[rule.id])
                    continue
                for hit in self._run(subject, rule):
                    yield rule, hit
            return
        row_key = key("verdicts", subject.name, self._facts.snapshot.kind, subject.path)
        row = self._renewed_rows.get(row_key) or self._facts.cache.get(row_key, _Row)
        if row is None or row.ground != subject.ground:
            row = _Row(subject.ground, [], {})
        holds: dict[int, bool] = {}
        fresh: dict[str, RuleResult] = {}
        lists: _Lists = {}
        for rule in rules:
            kept = row.verdicts.get(rule.kept_as)
            if kept is not None and self._holds(row, kept.rests_on, holds):
                yield from self._told(rule, kept)
                continue
            verdict = known.get(rule.id)
            if verdict is None:
                verdict, hits = self.verdict(rule, subject, lists)
                for hit in hits:
                    yield rule, hit
            else:
                yield from self._told(rule, verdict)
            if verdict is not None:
                fresh[rule.kept_as] = verdict
        if fresh:
            renewed = self._renewed(row, fresh, {rule.kept_as for rule in rules})
            self._facts.cache.put(row_key, to_builtins(renewed))
            if subject.path is None:
                self._renewed_rows[row_key] = renewed

    def verdict(
        self, rule: Rule, subject: Subject = FLEET, lists: _Lists | None = None
    ) -> tuple[RuleResult | None, list[Hit]]:
        """Runs a rule and takes down what it looks at; None where the tool itself failed.

        Rules that looked at the same get the same of `lists`.
        """
        trace = Trace()
        failed = len(self._failures)
        with tracing(trace):
            hits = list(self._run(subject, rule))
        problems = trace.all_problems
        if len(self._failures) > failed or any(problem.is_bug for _, problem in problems):
            return None, hits
        seen = trace.all_looks
        looks = None if lists is None else lists.get(seen)
        if looks is None:
            looks = {}
            for look in sorted(seen):
                looks.setdefault(look.kind, []).append(look.path)
            if lists is not None:
                lists[seen] = looks
        rows: list[Any] = [(hit.path, hit.row) for hit in hits]
        reported: list[Any] = [(path, p.message, p.span) for path, p in problems]
        return RuleResult(rows, reported, looks), hits

    def _run(self, subject: Subject, rule: Rule) -> Iterator[Hit]:
        given = partial(self._facts.given, rule.needs, subject.given)
        return hits_of(rule, given, subject.path, self._failures)

    def _told(self, rule: Rule, known: RuleResult | _Kept) -> Iterator[tuple[Rule, Hit]]:
        """What a verdict says was found, once what it says could not be read is reported."""
        self._facts.kept_problems.extend(
            (path, Problem(message, Span(*span))) for path, message, span in known.problems
        )
        for path, hit in known.hits:
            yield rule, Hit.from_row(path, hit)

    def _holds(self, row: _Row, number: int, known: dict[int, bool]) -> bool:
        if number not in known:
            answers = row.answers[number]
            try:
                known[number] = self._state(answers.looks) == answers.state
            except ValueError:  # a kind of look that there is not
                known[number] = False
        return known[number]

    def _renewed(self, row: _Row, fresh: Mapping[str, RuleResult], current: set[str]) -> _Row:
        """The row with these verdicts; those of other rules stay, with the answers they rest on."""
        new = _Row(row.ground, [], {})
        numbers: dict[tuple[str, str], int] = {}

        def rests_on(answers: _Answers) -> int:
            number = numbers.setdefault((answers.state, repr(answers.looks)), len(new.answers))
            if number == len(new.answers):
                new.answers.append(answers)
            return number

        for name, old in row.verdicts.items():
            # What a plug-in found before it was changed is of no more use.
            if name not in fresh and (" " not in name or name in current):
                number = rests_on(row.answers[old.rests_on])
                new.verdicts[name] = _Kept(number, old.hits, old.problems)
        shared: dict[int, int] = {}
        for name, verdict in fresh.items():
            if id(verdict.looks) not in shared:
                answers = _Answers(self._state(verdict.looks), verdict.looks)
                shared[id(verdict.looks)] = rests_on(answers)
            number = shared[id(verdict.looks)]
            new.verdicts[name] = _Kept(number, verdict.hits, verdict.problems)
        return new

    def _state(self, looks: Mapping[str, Sequence[str]]) -> str:
        """A digest of the answers to these looks."""
        self._facts.snapshot.will_size(looks.get("size", ()))
        digest = sha256()
        for kind, paths in looks.items():
            for path in paths:
                answer = self._answer(Look(kind, path))
                digest.update(answer.encode("utf-8", "surrogateescape") + b"\0")
        return digest.hexdigest()

    def _answer(self, look: Look) -> str:
        known = self._states.get(look)
        if known is None:
            facts = self._facts
            if look.kind in ("labels", "values"):
                known = facts.fleet.labels_id(look.path, values_only=look.kind == "values")
            else:
                known = facts.snapshot.state(look)
            self._states[look] = known
        return known
