"""How a submission's own policy is weaker than the one at its base, setting by setting.

Differences that only tighten are not reported. If a difference cannot be classified, it counts as
weaker.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from evalpolicy.artifacts.large_files import DEFAULT_MAXKB
from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.artifacts.syntax.toml_reader import parse_toml
from evalpolicy.config.allowance import Allowance
from evalpolicy.config.fixtures import SizeSettings
from evalpolicy.config.reading import CONFIG_FILE, PYPROJECT, Config, Layout, Level
from evalpolicy.errors import UsageError
from evalpolicy.facts.in_force import InForce
from evalpolicy.facts.label_contracts import Contracts
from evalpolicy.facts.levels import levels_of
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Rule
from evalpolicy.policy.selection import KnownRules, UndecidedError, matching
from evalpolicy.rules.submission.words import listed
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.cache import Cache

_RANKS = ("off", "note", "warning", "error")
_CONFIG_LIMIT = 1 << 20
# Lists where each entry extends what is judged, and lists where each entry exempts more.
_STRICTER: Mapping[str, tuple[str, ...]] = {
    "secrets": ("internal_hosts",),
    "submission": (
        "rules_documents", "code", "changelogs", "pre_commit", "gitleaks", "workflows",
        "baselines", "ignore_files",
    ),
    "gates": ("commands",),
}  # fmt: skip
_LOOSER: Mapping[str, tuple[str, ...]] = {
    "submission": ("issue_references", "not_code", "bots"),
    "gates": ("not_gates",),
    "fixtures": ("refusals",),
    "layout": ("supplied_args", "supplied_contexts", "registries", "shared_services"),
}
# Settings with one strict value; every other value is weaker.
_STRICT: Mapping[str, object] = {
    "rules_changelog": True,
    "merge_commits": False,
    "sign_off": "author",
}
# An empty list disables their rules, and each entry exempts more.
_LISTS_THAT_SWITCH_ON = ("models", "replay_tests")
_FILES = ("dockerfiles", "fixtures", "bake", "compose", "documents")


class Loosened(NamedTuple):
    """One difference: the setting, its place in the submission, and its effect."""

    path: str
    line: int
    setting: str
    what: str


def loosened(policy: InForce, checked: Snapshot) -> Iterator[Loosened]:
    """Every difference that weakens the policy, where the base's policy applies.

    Raises `UsageError` for an invalid contract in the submission.
    """
    if policy.base is None:
        return
    base, own = policy.base, policy.checked_config
    where = _Places(own, base, checked)
    yield from _levels(policy, base, where)
    for name in base.plugins:
        if name not in own.plugins:
            yield where.of(("plugins",), f"plug-in {name}", f"plug-in {name} no longer runs")
    yield from _allowances(policy, base, where)
    yield from _baseline(policy)
    if own.layout != base.layout:
        yield from _layout(base.layout, own.layout, checked, where)
    yield from _contracts(policy, base, checked, where)
    yield from _sizes(base.sizes, own.sizes, where)
    yield from _lists(base, own, where)
    yield from _submission(base, own, where)
    yield from _nearer_roots(policy, checked)


class _Places:
    """The places of settings in the submission; the start of the base's file if it has none."""

    def __init__(self, own: Config, base: Config, checked: Snapshot) -> None:
        self.path = own.source or base.source or CONFIG_FILE
        self._prefix = ("tool", "evalpolicy") if self.path == PYPROJECT else ()
        content = b""
        if own.source is not None:
            with suppress(Unreadable):
                content = checked.read(own.source, _CONFIG_LIMIT)
        self._document = parse_toml(content)

    def of(self, key: tuple[str, ...], setting: str, what: str) -> Loosened:
        return Loosened(self.path, self._document.line_of(*self._prefix, *key), setting, what)

    def at(self, line: int, setting: str, what: str) -> Loosened:
        return Loosened(self.path, line if self._document.text else 1, setting, what)


def _levels(policy: InForce, base: Config, where: _Places) -> Iterator[Loosened]:
    before, after = (
        levels_of(base, policy.known),
        levels_of(policy.checked_config, policy.checked_rules),
    )
    words = {**_words(base, policy.known), **_words(policy.checked_config, policy.checked_rules)}
    lower: dict[str, tuple[Level, Level]] = {}
    for rule in policy.known.all():
        was, now = _level(rule, before), _level(rule, after)
        if _RANKS.index(now) < _RANKS.index(was):
            word = words.get(rule.id, rule.id)
            known = lower.setdefault(word, (was, now))
            lower[word] = max(known, (was, now), key=lambda two: _RANKS.index(two[0]))
    for word, (was, now) in lower.items():
        line = policy.checked_config.levels_lines.get(word, 1)
        yield where.at(line, f"rule {word}", f"rule {word} is lowered from {was} to {now}")


def _level(rule: Rule, levels: Mapping[str, Level]) -> Level:
    return levels.get(rule.id) or (rule.severity if rule.default else "off")


def _words(config: Config, known: KnownRules) -> dict[str, str]:
    """The key in `[rules]` that sets each rule's level: its own before its family's."""
    families: dict[str, str] = {}
    own: dict[str, str] = {}
    for word in config.levels:
        try:
            meant = matching(word, known)
        except (UsageError, UndecidedError):
            continue
        (own if len(meant) == 1 else families).update({rule.id: word for rule in meant})
    return {**families, **own}


def _allowances(policy: InForce, base: Config, where: _Places) -> Iterator[Loosened]:
    known = [(item, _ids(item, policy.known), Globs((item.path,))) for item in base.allowances]
    exact = {(item.rule, item.path, item.match) for item in base.allowances}
    for item in policy.checked_config.allowances:
        if (item.rule, item.path, item.match) in exact:
            continue
        ids = _ids(item, policy.checked_rules)
        if not any(_within(item, ids, *other) for other in known):
            what = f"there is a new allowance of {item.rule} in {item.path}"
            yield where.at(item.line, f"allowance of {item.rule} in {item.path}", what)


def _ids(item: Allowance, known: KnownRules) -> frozenset[str]:
    try:
        return frozenset(rule.id for rule in matching(item.rule, known))
    except (UsageError, UndecidedError):
        return frozenset()


def _within(
    item: Allowance, ids: frozenset[str], other: Allowance, theirs: frozenset[str], paths: Globs
) -> bool:
    """Whether another allowance already covered everything that this one covers."""
    if not ids or not ids <= theirs or other.match not in item.match:
        return False
    return item.path == other.path or (not set(item.path) & set("*?[") and item.path in paths)


def _baseline(policy: InForce) -> Iterator[Loosened]:
    """One difference per rule: the rows that the base's baseline has less often, or not at all."""
    if policy.baseline is None or policy.honoured is None:
        return
    new: dict[str, list[tuple[int, int]]] = {}
    for row, count in policy.baseline.rows.items():
        more = count - policy.honoured.times(row)
        if more > 0:
            new.setdefault(row.rule, []).append((policy.baseline.lines.get(row, 1), more))
    for rule, found in sorted(new.items()):
        number = sum(more for _, more in found)
        what = f"the baseline has {counted(number, 'new finding')} of {rule}"
        yield Loosened(policy.baseline.path, min(found)[0], f"baseline: {rule}", what)


def _layout(base: Layout, own: Layout, checked: Snapshot, where: _Places) -> Iterator[Loosened]:
    was, now = Fleet(checked, base).placed, Fleet(checked, own).placed
    roles: dict[str, list[str]] = {}
    for folder, role in was.items():
        if now.get(folder) != role:
            roles.setdefault(role if role == "core" else f"{role}s", []).append(folder)
    for name in _FILES:
        before, after = Globs(getattr(base, name)), Globs(getattr(own, name))
        lost = [path for path in checked.entries if path in before and path not in after]
        if lost:
            roles[name] = lost
    for name, lost in roles.items():
        what = f"layout.{name} no longer matches {listed(lost)}"
        yield where.of(("layout", name), f"layout.{name}", what)
    for name in ("provenance", "broken"):
        path = getattr(base, name)
        if getattr(own, name) != path and path in checked.entries:
            what = f"layout.{name} is no longer {path}, which still exists"
            yield where.of(("layout", name), f"layout.{name}", what)


def _contracts(
    policy: InForce, base: Config, checked: Snapshot, where: _Places
) -> Iterator[Loosened]:
    if not base.contracts and not policy.checked_config.contracts:
        return
    was = Contracts(base, policy.state, Cache(None)).schemas
    now = Contracts(policy.checked_config, checked, Cache(None)).schemas
    for role, schema in was.items():
        if _demands_less(json.loads(schema), json.loads(now[role])):
            path = policy.checked_config.contracts.get(role)
            same = path is not None and path == base.contracts.get(role)
            what = f"the contract of each {role} changes and may require less"
            if same and path is not None:
                yield Loosened(path, 1, f"contracts.{role}", what)
            else:
                yield where.of(("contracts", role), f"contracts.{role}", what)


def _demands_less(was: Any, now: Any) -> bool:
    """Whether a contract may require less: True for any change but further required keys."""
    if was == now:
        return False
    if not isinstance(was, dict) or not isinstance(now, dict):
        return True
    required = [set(each.get("required", ())) for each in (was, now)]
    rest = [{k: v for k, v in each.items() if k != "required"} for each in (was, now)]
    return rest[0] != rest[1] or not required[0] <= required[1]


def _sizes(base: SizeSettings, own: SizeSettings, where: _Places) -> Iterator[Loosened]:
    infinite = float("inf")
    # Without a limit the hook's applies, which a submission may also change.
    limits = {
        "limit": (base.limit or DEFAULT_MAXKB, own.limit or (infinite if base.limit else 0)),
        "fixture_limit": (base.fixture_limit, own.fixture_limit),
        "fixture_budget": (base.fixture_budget or infinite, own.fixture_budget or infinite),
    }
    for name, (was, now) in limits.items():
        if now > was:
            grown = "is removed" if now == infinite else f"is raised from {was:g} to {now:g} KiB"
            yield where.of(("sizes", name), f"sizes.{name}", f"sizes.{name} {grown}")


def _lists(base: Config, own: Config, where: _Places) -> Iterator[Loosened]:
    for table, names in _STRICTER.items():
        for name in names:
            was, now = (getattr(getattr(each, table), name) for each in (base, own))
            yield from _difference(table, name, was, now, "no longer contains", where)
    for table, names in _LOOSER.items():
        for name in names:
            was, now = (getattr(getattr(each, table), name) for each in (base, own))
            yield from _difference(table, name, now, was, "now contains", where)
    for name in _LISTS_THAT_SWITCH_ON:
        was, now = getattr(base.fixtures, name), getattr(own.fixtures, name)
        if was:
            yield from _difference("fixtures", name, now, was, "now contains", where)
            if not now:
                yield from _difference("fixtures", name, was, now, "no longer contains", where)


def _difference(
    table: str,
    name: str,
    these: Iterable[str],
    others: Collection[str],
    words: str,
    where: _Places,
) -> Iterator[Loosened]:
    more = [item for item in these if item not in others]
    if more:
        what = f"{table}.{name} {words} {listed(more)}"
        yield where.of((table, name), f"{table}.{name}", what)


def _submission(base: Config, own: Config, where: _Places) -> Iterator[Loosened]:
    for name, strict in _STRICT.items():
        was, now = getattr(base.submission, name), getattr(own.submission, name)
        if was == strict != now:
            what = f"submission.{name} is no longer {json.dumps(strict)}"
            yield where.of(("submission", name), f"submission.{name}", what)
    exempt = [
        f"{label} from {rule}"
        for rule, labels in own.submission.exempt_labels.items()
        for label in labels
        if label not in base.submission.exempts(rule)
    ]
    if exempt:
        what = f"there are new exempt labels: {listed(exempt)}"
        yield where.of(("submission", "exempt_labels"), "submission.exempt_labels", what)
    was, now = base.submission.governs, own.submission.governs
    less = [doc for doc, globs in now.items() if doc not in was or set(was[doc]) - set(globs)]
    if less:
        what = f"{listed(less)} may govern less code"
        yield where.of(("submission", "governs"), "submission.governs", what)


def _nearer_roots(policy: InForce, checked: Snapshot) -> Iterator[Loosened]:
    """New configurations, which would make their folders separate fleets."""
    for path in checked.entries:
        if path.endswith(f"/{CONFIG_FILE}") and path not in policy.state.entries:
            folder = path.rpartition("/")[0]
            what = f"{folder} becomes a separate fleet with its own policy"
            yield Loosened(path, 1, f"root {folder}", what)
