"""The configuration as gitleaks' own reader hands it on: viper, then mapstructure.

gitleaks never sees the TOML file. viper (1.8.1, from 8.24.1 on 1.19.0) lower-cases keys, takes
apart keys with dots and drops empty tables outside lists; mapstructure then fills Go structs
*weakly*: a string becomes a list (split at commas), a number a string, a table a list of one, a
date an empty struct; what the struct of that version has no field for is left out silently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from msgspec import Struct

from evalpolicy.artifacts.gitleaks_config import entry_of
from evalpolicy.artifacts.syntax.toml_spans import Array, KeyValue, Table, TomlScalar, Value
from evalpolicy.scanners.gitleaks.go_numbers import format_float, parse_bool, parse_float, parse_int
from evalpolicy.scanners.gitleaks.versions import Version, table

T = TypeVar("T")


class WrongTypeError(Exception):
    """A value that mapstructure rejects: gitleaks does not load the configuration."""

    def __init__(self, message: str, node: Value | KeyValue) -> None:
        super().__init__(message)
        self.message, self.node = message, node


class DecodedText(Struct, frozen=True):
    """A decoded string and the value it came from."""

    value: str
    node: Value


class RawAllowlist(Struct, frozen=True):
    """viperGlobalAllowlist / viperRuleAllowlist, with every field the version has."""

    node: Table
    condition: DecodedText | None
    regex_target: DecodedText | None
    commits: tuple[DecodedText, ...]
    paths: tuple[DecodedText, ...]
    regexes: tuple[DecodedText, ...]
    stopwords: tuple[DecodedText, ...]
    target_rules: tuple[DecodedText, ...]


class RawRule(Struct, frozen=True):
    """One rule as ViperConfig holds it."""

    node: Table
    id: DecodedText | None
    regex: DecodedText | None
    path: DecodedText | None
    entropy: float
    secret_group: int
    keywords: tuple[DecodedText, ...]
    skip_report: bool
    required: tuple[DecodedText, ...]
    allowlist: RawAllowlist | None
    allowlists: tuple[RawAllowlist, ...]


class RawConfig(Struct, frozen=True):
    """ViperConfig."""

    use_default: bool
    extend_path: DecodedText | None
    disabled_rules: tuple[DecodedText, ...]
    rules: tuple[RawRule, ...]
    allowlist: RawAllowlist | None
    allowlists: tuple[RawAllowlist, ...]
    optimizations: bool


def decode(root: Table, version: Version) -> RawConfig:
    """Fills the structs of a version from a file's tables; raises `WrongTypeError`."""
    top = _Struct(viper_settings(root), "", version)
    extend = _Struct(top.table("extend") or Table(0, 0), "extend.", version)
    extend.text("url")
    for name in ("title", "description", "minVersion"):
        top.text(name)
    allowlist = top.table("allowlist")
    return RawConfig(
        use_default=extend.boolean("useDefault"),
        extend_path=extend.text("path"),
        disabled_rules=extend.texts("disabledRules"),
        rules=tuple(_rule(node, version) for node in top.tables("rules")),
        allowlist=None if allowlist is None else _allowlist(allowlist, "global.", version),
        allowlists=tuple(_allowlist(n, "global.", version) for n in top.tables("allowlists")),
        optimizations=top.boolean("enableExperimentalAllowlistOptimizations"),
    )


def viper_settings(root: Table) -> Table:
    """What viper's AllSettings gives: keys flattened at dots, lower-cased, empty tables gone."""
    rebuilt = Table(root.start, root.end, origin="root")
    for path, entry, parents in _leaves(root, (), ()):
        table_ = rebuilt
        for depth, part in enumerate(path[:-1]):
            known = table_.entries.get(part)
            if known is None or not isinstance(known.value, Table):
                source = parents[min(depth, len(parents) - 1)] if parents else entry
                inner = Table(source.value.start, source.value.end)
                known = KeyValue(part, source.start, source.end, inner)
                table_.entries[part] = known
            assert isinstance(known.value, Table)
            table_ = known.value
        table_.entries[path[-1]] = KeyValue(path[-1], entry.start, entry.end, entry.value)
    return rebuilt


def _leaves(
    node: Table, path: tuple[str, ...], parents: tuple[KeyValue, ...]
) -> Iterator[tuple[tuple[str, ...], KeyValue, tuple[KeyValue, ...]]]:
    for key, entry in node.entries.items():
        here = (*path, *key.lower().split("."))
        if isinstance(entry.value, Table):
            yield from _leaves(entry.value, here, (*parents, entry))
        else:
            yield here, entry, parents


def _rule(node: Table, version: Version) -> RawRule:
    rule = _Struct(node, "rules.", version)
    allowlist = rule.table("allowlist")
    rule.text("description")
    rule.texts("tags")
    required: list[DecodedText] = []
    for inner in rule.tables("required"):
        fields = _Struct(inner, "rules.required.", version)
        required.append(fields.text("id") or DecodedText("", inner))
        fields.integer("withinLines")
        fields.integer("withinColumns")
    return RawRule(
        node=node,
        id=rule.text("id"),
        regex=rule.text("regex"),
        path=rule.text("path"),
        entropy=rule.number("entropy"),
        secret_group=rule.integer("entropyGroup") or rule.integer("secretGroup"),
        keywords=rule.texts("keywords"),
        skip_report=rule.boolean("skipReport"),
        required=tuple(required),
        allowlist=None if allowlist is None else _allowlist(allowlist, "rule.", version),
        allowlists=tuple(_allowlist(n, "rule.", version) for n in rule.tables("allowlists")),
    )


def _allowlist(node: Table, prefix: str, version: Version) -> RawAllowlist:
    fields = _Struct(node, prefix, version)
    fields.text("description")
    return RawAllowlist(
        node=node,
        condition=fields.text("condition"),
        regex_target=fields.text("regexTarget"),
        commits=fields.texts("commits"),
        paths=fields.texts("paths"),
        regexes=fields.texts("regexes"),
        stopwords=fields.texts("stopwords"),
        target_rules=fields.texts("targetRules"),
    )


class _Struct:
    """One Go struct being filled; a field that the version lacks is as if it were not written."""

    def __init__(self, node: Table, prefix: str, version: Version) -> None:
        self.node, self.prefix, self.version = node, prefix, version

    def value(self, name: str) -> Value | None:
        feature = table().features.get(self.prefix + name)
        if feature is None:
            return None
        # extend.url is a field that is read and never used: a wrong type is an error all the same.
        if feature.effect(self.version) == "ignored" and name != "url":
            return None
        entry = entry_of(self.node, name)
        return None if entry is None else entry.value

    def text(self, name: str) -> DecodedText | None:
        value = self.value(name)
        return None if value is None else DecodedText(_string(value), value)

    def texts(self, name: str) -> tuple[DecodedText, ...]:
        value = self.value(name)
        return () if value is None else tuple(_strings(value))

    def boolean(self, name: str) -> bool:
        return self._scalar(name, parse_bool, False)

    def integer(self, name: str) -> int:
        return self._scalar(name, parse_int, 0)

    def number(self, name: str) -> float:
        return self._scalar(name, parse_float, 0.0)

    def _scalar(self, name: str, parse: Callable[[TomlScalar], T | None], default: T) -> T:
        value = self.value(name)
        if value is None:
            return default
        parsed = parse(value) if isinstance(value, TomlScalar) else None
        if parsed is None:
            raise WrongTypeError(f"{name} cannot be read as a {type(default).__name__}", value)
        return parsed

    def table(self, name: str) -> Table | None:
        value = self.value(name)
        return None if value is None else _struct(value, name)

    def tables(self, name: str) -> tuple[Table, ...]:
        value = self.value(name)
        if value is None or (isinstance(value, TomlScalar) and value.value == ""):
            return ()
        if isinstance(value, Table) and not value.entries:
            return ()
        items = value.items if isinstance(value, Array) else [value]
        return tuple(_struct(item, name) for item in items)


def _struct(value: Value, name: str) -> Table:
    if isinstance(value, Table):
        return value
    if isinstance(value, TomlScalar) and value.kind == "datetime":
        return Table(value.start, value.end)
    found = "a list" if isinstance(value, Array) else f"a {value.kind}"
    raise WrongTypeError(f"{name} must be a table, not {found}", value)


def _strings(value: Value) -> Iterator[DecodedText]:
    if isinstance(value, TomlScalar) and value.kind == "string":
        written = str(value.value)
        yield from (DecodedText(part, value) for part in written.split(",")) if written else ()
    elif isinstance(value, Array):
        yield from (DecodedText(_string(item), item) for item in value.items)
    elif isinstance(value, TomlScalar) or value.entries:
        yield DecodedText(_string(value), value)


def _string(value: Value) -> str:
    if isinstance(value, TomlScalar) and value.kind != "datetime":
        match value.value:
            case bool(flag):
                return "1" if flag else "0"
            case float(number):
                return format_float(number)
            case other:
                return str(other)
    found = "a table" if isinstance(value, Table) else "a list"
    if isinstance(value, TomlScalar):
        found = "a date"
    raise WrongTypeError(f"a string is expected, not {found}", value)
