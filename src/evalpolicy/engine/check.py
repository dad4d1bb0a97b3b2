"""Runs rules over the facts of one snapshot and collects what they find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from evalpolicy import errors
from evalpolicy.config.reading import Config, Level
from evalpolicy.engine.in_force import in_force
from evalpolicy.engine.parallel import begin
from evalpolicy.engine.quoting import excerpts, without_credentials
from evalpolicy.engine.remembering import FLEET, Remembering, RuleResult
from evalpolicy.engine.selection import judging, levels_in_force, selected
from evalpolicy.engine.subjects import Subjects, is_judged_once
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.facts.facts import Facts
from evalpolicy.facts.waivers import suppressions
from evalpolicy.facts.waivers.allowances import Allowances
from evalpolicy.facts.waivers.applying import Waivers
from evalpolicy.facts.waivers.baseline import Baseline
from evalpolicy.fleet.units import Unit
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.report import Checked, FileProblem, JudgedBy, Report
from evalpolicy.policy.rule import Failure, Finding, Hit, Rule
from evalpolicy.policy.selection import KnownRules
from evalpolicy.rules.rule_runs import WHOLE
from evalpolicy.rules.rule_runs import hits as hits_of
from evalpolicy.rules.rule_runs import problems as problems_of
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.cache import Cache

if TYPE_CHECKING:
    from evalpolicy.facts.replays.replayed import Replayed
    from evalpolicy.snapshot.submission.change import Submission


def check(
    snapshot: Snapshot,
    config: Config,
    *,
    chosen: Sequence[str] = (),
    ignored: Sequence[str] = (),
    paths: Sequence[str] = (),
    cache: Cache | None = None,
    baseline: Baseline | None = None,
    use_comments: bool = True,
    change: Submission | None = None,
    jobs: int | None = None,
    known: KnownRules | None = None,
    replays: Sequence[Replayed] | None = None,
    accept_policy_changes: bool = False,
) -> Report:
    """One snapshot judged by the chosen rules.

    `paths` narrow what is reported (an empty one stands for all), never what is known. Findings
    of the `baseline` (the snapshot's own, unless given), under `[[allow]]` and, with
    `use_comments`, in comments are waived. `jobs` processes at most share the work. `known` are
    the rules that there are, if not those of evalpolicy and the configuration's plug-ins. The RPL
    rules judge `replays`, and run only where these are given. A submission (`change`) is judged by
    the policy at its base, unless its own is accepted (see `in_force`). Raises `UsageError` for a
    selector or a path that stands for nothing, and `NotCheckedError` if there is nothing to check:
    an empty answer is not a pass.

    A row of the cache that its reader took and the rest could not use is a fault of the cache, not
    of the fleet: where something failed, everything is judged again without it.
    """
    judge = partial(
        _check, config=config, chosen=chosen, ignored=ignored, paths=paths, baseline=baseline,
        use_comments=use_comments, change=change, jobs=jobs, known=known, replays=replays,
        accepted=accept_policy_changes,
    )  # fmt: skip
    if cache is None or not cache.keeps or cache.is_empty:
        return judge(snapshot, cache=cache or Cache(None))
    before = errors.mark()
    try:
        report = judge(snapshot, cache=cache)
    except errors.PASSED:
        raise
    except Exception as error:  # noqa: BLE001 - raised again unless the cache is at fault
        errors.noted(error)
    else:
        if not errors.any_since(before):
            return report
    errors.forget_since(before)
    cache.discard()
    return judge(snapshot.anew(), cache=Cache(None))


def _check(
    snapshot: Snapshot,
    config: Config,
    *,
    chosen: Sequence[str],
    ignored: Sequence[str],
    paths: Sequence[str],
    cache: Cache,
    baseline: Baseline | None,
    use_comments: bool,
    change: Submission | None,
    jobs: int | None,
    known: KnownRules | None,
    replays: Sequence[Replayed] | None,
    accepted: bool,
) -> Report:
    policy = in_force(snapshot, config, change, known=known, baseline=baseline, accepted=accepted)
    known, config = policy.known, policy.config
    levels = levels_in_force(policy)
    rules = judging(selected(levels, chosen, ignored, known), chosen, change, replays, known)
    facts = Facts(snapshot, config, cache, change, jobs, replays, policy)
    _known_paths(snapshot, paths)
    # What was chosen may only judge exceptions; then the others run, to know what these hide.
    running = rules
    if all(rule.on_waivers for rule in rules) and any(rule.judges(None) for rule in rules):
        running = judging(selected(levels, (), (), known), (), change, replays, known)
    failures: list[Failure] = []
    silenced_anywhere = use_comments and any(rule.on_waivers for rule in (*rules, *running))
    hits = _hits(facts, running, failures, jobs, look_for_comments=silenced_anywhere)
    found = _sorted(
        without_credentials([_finding(rule, hit, levels.get(rule.id)) for rule, hit in hits])
    )
    failed = {failure.rule.id for failure in failures}
    waivers = Waivers(
        _suppressions(facts, found, everywhere=silenced_anywhere) if use_comments else (),
        Allowances(
            policy.checked_config.allowances,
            policy.checked_config.source,
            snapshot,
            policy.checked_rules,
        ),
        policy.baseline,
        ran={rule.id for rule in running if rule.id not in failed},
        standing=lambda: {rule.id for rule in selected(levels, (), (), known)},
        reported=lambda path: _within(path, paths),
        unread={path for path, _ in facts.problems},
        known=known,
        honoured=policy.honoured,
    )
    kept, waived = waivers.settle(found)
    chosen_ids = {rule.id for rule in rules}
    findings = _sorted(
        [
            *(f for f in kept if f.rule in chosen_ids and _within(f.path, paths)),
            *without_credentials([*_on_waivers(rules, facts, waivers, levels, failures)]),
        ]
    )
    facts.snapshot.save()
    problems = sorted(
        {
            FileProblem(path, problem.span.line, problem.message)
            for path, problem in facts.problems
            if path == WHOLE or _within(path, paths)
        }
        | set(_unchecked(config, known, failures, paths))
        | (
            {FileProblem(policy.checked_config.source or ".", 1, policy.problem)}
            if policy.problem
            else set()
        ),
        key=lambda problem: (problem.path, problem.line, problem.message),
    )
    on_fleet = any(rule.judges(None) for rule in rules)  # the others judge the change alone
    fleet = facts.fleet
    without_units = on_fleet and not fleet.dockerfiles and not fleet.fixtures
    narrowed = bool(paths) and all(paths)
    if (without_units or narrowed) and not problems and not findings:
        _refuse_unjudged(facts, rules, paths if narrowed else ())
    return Report(
        kind=snapshot.kind,
        revision=snapshot.revision,
        prefix=snapshot.prefix,
        place=snapshot.place,
        checked=_checked(facts, rules, paths),
        paths=paths if all(paths) else (),
        without_units=without_units,
        rules=rules,
        findings=findings,
        problems=problems,
        excerpts=excerpts(facts.snapshot, findings, {f.path for f in fleet.fixtures}),
        waived=[
            item
            for item in waived
            if item.finding.rule in chosen_ids and _within(item.finding.path, paths)
        ],
        base=change.comparison.merge_base if change and change.comparison else None,
        judged_by=None
        if policy.origin == "own"
        else JudgedBy(
            policy.origin,
            [
                item
                for item in waivers.refused
                if item.finding.rule in chosen_ids and _within(item.finding.path, paths)
            ],
        ),
    )


def _suppressions(
    facts: Facts, found: Iterable[Finding], *, everywhere: bool
) -> Sequence[suppressions.Suppression]:
    """What comments silence: all of it, or as far as it may concern what was found."""
    if everywhere:
        return facts.suppressions
    paths = {finding.path for finding in found}
    dockerfiles = Globs(facts.layout.dockerfiles)
    return suppressions.find(facts.snapshot, dockerfiles, facts.cache, facts.fleet.report, paths)


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.order)


def _on_waivers(
    rules: Sequence[Rule],
    facts: Facts,
    waivers: Waivers,
    levels: Mapping[str, Level],
    failures: list[Failure],
) -> Iterator[Finding]:
    """What the rules find that judge exceptions; nothing takes these findings back."""
    for rule in rules:
        if rule.on_waivers:
            for hit in hits_of(rule, partial(_about_waivers, rule, facts, waivers), None, failures):
                yield _finding(rule, hit, levels.get(rule.id))


def _about_waivers(rule: Rule, facts: Facts, waivers: Waivers) -> dict[str, object]:
    return {name: waivers if name == "waivers" else getattr(facts, name) for name in rule.needs}


def _unchecked(
    config: Config, known: KnownRules, failures: Sequence[Failure], paths: Sequence[str]
) -> Iterator[FileProblem]:
    """What rules left unchecked. What concerns no one file is reported whatever the paths."""
    source = config.source or WHOLE
    for reason in known.missing:
        yield FileProblem(source, config.plugins_line, reason)
    for path, message in problems_of(failures, source):
        if path == source:
            yield FileProblem(path, config.plugins_line, message)
        elif path == WHOLE or _within(path, paths):
            yield FileProblem(path, 1, message)


def _hits(
    facts: Facts,
    rules: Sequence[Rule],
    failures: list[Failure],
    jobs: int | None,
    *,
    look_for_comments: bool,
) -> Iterator[tuple[Rule, Hit]]:
    """What the rules find: file by file where they can, from the cache where nothing changed.

    Rules that fail are added to `failures`. What helpers work at is waited for once
    nothing else is left to do, `look_for_comments` included.
    """
    remembering, subjects = Remembering(facts, failures), Subjects(facts)
    of_dockerfiles = [rule for rule in rules if rule.per_dockerfile]
    of_units = [rule for rule in rules if rule.per_unit]
    others = [
        rule
        for rule in rules
        if not rule.per_unit and not rule.per_dockerfile and not rule.on_waivers
    ]
    once = [rule for rule in others if is_judged_once(rule)]
    kept = [rule for rule in others if not is_judged_once(rule)]
    begun = begin(facts, kept, jobs)
    if of_dockerfiles or of_units:
        for place in facts.fleet.walk():
            if of_dockerfiles:
                yield from remembering.hits(subjects.dockerfile(place), of_dockerfiles)
            if of_units and isinstance(place, Unit):
                yield from remembering.hits(subjects.unit(place), of_units)
    yield from remembering.hits(FLEET, once)
    yield from _of_families(remembering, subjects, [r for r in kept if r.id not in begun.rules], {})
    if look_for_comments:
        facts.suppressions  # noqa: B018 - asked for later
    waiting = [rule for rule in kept if rule.id in begun.rules]
    yield from _of_families(remembering, subjects, waiting, begun.verdicts())


def _of_families(
    remembering: Remembering,
    subjects: Subjects,
    rules: Sequence[Rule],
    known: Mapping[str, RuleResult],
) -> Iterator[tuple[Rule, Hit]]:
    for letters in dict.fromkeys(rule.family for rule in rules):
        family = [rule for rule in rules if rule.family == letters]
        yield from remembering.hits(subjects.fleet(letters), family, known)


def _finding(rule: Rule, hit: Hit, level: Level | None) -> Finding:
    severity = hit.severity or rule.severity
    if level is not None and level != "off":
        severity = level
    return Finding(
        rule.id, rule.name, severity, hit.path, hit.span, hit.message, hit.help, hit.subject,
        hit.about, hit.fix, hit.cause,
    )  # fmt: skip


def _refuse_unjudged(facts: Facts, rules: Sequence[Rule], paths: Sequence[str]) -> None:
    from evalpolicy.engine.judged_paths import is_any_judged

    if is_any_judged(facts, rules, lambda path: _within(path, paths)):
        return
    if paths:
        reason = f"below {', '.join(paths)}: none of the rules that ran judges a file there"
    else:
        reason = (
            f"in {facts.snapshot.place}: no Dockerfile and no fixture was found where the layout "
            "expects them, and none of the rules that ran judges anything else"
        )
    raise NotCheckedError(
        f"nothing to check {reason} (see `evalpolicy fleet`, and [layout] in evalpolicy.toml)"
    )


def _checked(facts: Facts, rules: Sequence[Rule], paths: Sequence[str]) -> Checked:
    """How much of what was asked for was looked at."""
    fleet = facts.fleet
    entries = facts.snapshot.entries.values()
    return Checked(
        files=sum(entry.is_file and _within(entry.path, paths) for entry in entries),
        dockerfiles=sum(_within(path, paths) for path in fleet.dockerfiles),
        benchmarks=sum(_within(unit.path, paths) for unit in fleet.of("benchmark")),
        agents=sum(_within(unit.path, paths) for unit in fleet.of("agent")),
        fixtures=sum(_within(fixture.path, paths) for fixture in fleet.fixtures),
        rules=len(rules),
    )


def _known_paths(snapshot: Snapshot, paths: Sequence[str]) -> None:
    for path in paths:
        if path and path not in snapshot.entries and path not in snapshot.folders:
            raise UsageError(f"{path} is not in {snapshot.place}")


def _within(path: str, paths: Sequence[str]) -> bool:
    return not paths or any(not p or path == p or path.startswith(f"{p}/") for p in paths)
