"""What a configuration expresses and a version cannot."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.gitleaks_config import (
    GitleaksConfig,
    WrittenAllowlist,
    entry_of,
    tables_of,
)
from evalpolicy.artifacts.syntax.toml_spans import Array, KeyValue, Table, TomlScalar, Value
from evalpolicy.scanners.gitleaks.goregex import GoRegex, compile_go
from evalpolicy.scanners.gitleaks.patterns import flags_left_on
from evalpolicy.scanners.gitleaks.versions import Version, default_rules, table

_CRITERIA = ("commits", "paths", "regexes", "stopwords")


class Obstacle(Struct, frozen=True):
    """The place and the reason."""

    node: Value | KeyValue
    reason: str


def obstacle(config: GitleaksConfig, to: Version, written_for: Version | None) -> Obstacle | None:
    """The first thing that `to` cannot express, in order of position."""
    found = [*_top(config, to), *_overrides(config, to, written_for)]
    for written in config.allowlists():
        found += _allowlist(config, written, to, written_for)
    return min(found, key=lambda one: one.node.start, default=None)


def _top(config: GitleaksConfig, to: Version) -> Iterator[Obstacle]:
    extend = entry_of(config.root, "extend")
    if extend is not None and not table().reads("extend", to):
        yield Obstacle(extend, f"[extend] is not read before 8.9.0, and {to} would have no rules")
    tables = tables_of(extend.value) if extend is not None else []
    named: list[tuple[str, Table, tuple[str, ...]]]
    named = [("extend.", t, ("disabledRules",)) for t in tables]
    keys = ("secretGroup", "keywords", "required", "skipReport")
    named += [("rules.", rule, keys) for rule in config.rules()]
    for prefix, inner, names in named:
        for name in names:
            entry = entry_of(inner, name)
            if entry is not None and filled(entry) and not table().reads(prefix + name, to):
                since = table().features[prefix + name].introduced()
                yield Obstacle(entry, f"{name} is not read before {since}")


def _overrides(
    config: GitleaksConfig, to: Version, written_for: Version | None
) -> Iterator[Obstacle]:
    extend = entry_of(config.root, "extend")
    if extend is None:
        return
    known = default_rules(to)
    mode = table().effect("override", to)
    before = table().effect("override", written_for) if written_for is not None else mode
    for rule in config.rules():
        identity = entry_of(rule, "id")
        name = getattr(identity.value, "value", None) if identity is not None else None
        if name not in known or identity is None:
            continue
        whole = entry_of(rule, "regex") is not None or entry_of(rule, "path") is not None
        fields = [
            key for key in rule.entries if key.lower() not in ("id", "allowlist", "allowlists")
        ]
        if mode == "replaces" and (not whole or before != "replaces"):
            yield Obstacle(
                identity, f"at {to} this rule replaces the default rule with the same id"
            )
        elif mode.startswith("merges-criteria") and (fields or to < Version(8, 20)):
            yield Obstacle(identity, f"at {to} an override of a default rule does not say this")
        elif mode == "merges-fields" and before == "replaces":
            yield Obstacle(identity, f"at {to} this rule is merged, it no longer replaces")


def _allowlist(
    config: GitleaksConfig, written: WrittenAllowlist, to: Version, written_for: Version | None
) -> Iterator[Obstacle]:
    prefix = "global." if written.rule is None else "rule."
    held = {name: entry for name in _CRITERIA if (entry := criterion(written.table, name))}
    condition = entry_of(written.table, "condition")
    if condition is not None and is_and(condition) and len(held) > 1:
        if not table().reads(f"{prefix}condition", to):
            since = table().features[f"{prefix}condition"].introduced()
            yield Obstacle(condition, f"condition AND is not read before {since}")
        elif table().effect("and-hides-later", to) == "yes":
            yield Obstacle(condition, f"in {to} condition AND ends the check of later allowlists")
    targets = entry_of(written.table, "targetRules")
    if targets is not None and filled(targets) and written.rule is None:
        effect = table().effect("global.targetRules", to)
        if effect == "ignored":
            yield Obstacle(targets, "targetRules is not read before 8.25.0")
        elif effect == "only-without-extend" and entry_of(config.root, "extend") is not None:
            yield Obstacle(
                targets, f"{to} drops targetRules where [extend] is used; 8.29.0 keeps it"
            )
    if "stopwords" in held and not table().reads(f"{prefix}stopwords", to):
        yield Obstacle(held["stopwords"], "stopwords are not read before 8.8.0")
    empty = (
        [word for word in texts(held["stopwords"].value) if word.value == ""]
        if ("stopwords" in held)
        else []
    )
    if empty:
        yield Obstacle(empty[0], "an empty stopword is in every secret until 8.28.0, then in none")
    if "regexes" in held:
        yield from _subject(written.table, held["regexes"], to, written_for)
    for name in ("paths", "regexes"):
        if name in held:
            yield from _patterns(held[name], to, written_for)


def _subject(
    node: Table, regexes: KeyValue, to: Version, written_for: Version | None
) -> Iterator[Obstacle]:
    subject = table().effect("regex-subject", to)
    before = table().effect("regex-subject", written_for) if written_for is not None else "secret"
    target = entry_of(node, "regexTarget")
    wanted = str(getattr(target.value, "value", "")) if target is not None else ""
    reads = table().reads("global.regexTarget", to)
    if wanted == "line" and target is not None and not reads:
        yield Obstacle(target, "regexTarget is not read before 8.16.0")
    elif subject == "match" and before == "secret" and wanted not in ("match", "line"):
        yield Obstacle(regexes, "before 8.16.3 regexes see the whole match, not the secret")
    elif subject == "secret" and before == "match" and target is None:
        yield Obstacle(regexes, "from 8.16.3 on regexes see the secret: say regexTarget first")


def _patterns(entry: KeyValue, to: Version, written_for: Version | None) -> Iterator[Obstacle]:
    after = table().effect("patterns", to) == "joined"
    before = written_for is not None and table().effect("patterns", written_for) == "joined"
    for text in texts(entry.value):
        compiled = compile_go(str(text.value))
        if not isinstance(compiled, GoRegex):
            yield Obstacle(text, "this is not a Go regular expression: no version loads it")
        elif after != before and compiled.finds(""):
            now = "lets everything pass" if after else "does not count"
            yield Obstacle(text, f"a pattern that matches nothing {now} at {to}")
        elif before and not after and flags_left_on(str(text.value)):
            yield Obstacle(text, f"at {to} the flag no longer reaches the patterns after it")


def criterion(node: Table, name: str) -> KeyValue | None:
    """A criterion that holds something."""
    entry = entry_of(node, name)
    return entry if entry is not None and filled(entry) else None


def filled(entry: KeyValue) -> bool:
    """Whether a value is more than an empty list or text."""
    value = entry.value
    if isinstance(value, Array):
        return bool(value.items)
    return not isinstance(value, TomlScalar) or value.value not in ("", 0, False)


def is_and(condition: KeyValue) -> bool:
    """Whether a condition asks for all criteria."""
    return str(getattr(condition.value, "value", "")).upper() in ("AND", "&&")


def texts(value: Value) -> list[TomlScalar]:
    """The strings in a list, or the string itself."""
    items = value.items if isinstance(value, Array) else [value]
    return [item for item in items if isinstance(item, TomlScalar) and isinstance(item.value, str)]
