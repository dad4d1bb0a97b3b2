"""A gitleaks configuration as written, independent of how a version reads it."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import START, Located, Problem, Span
from evalpolicy.artifacts.syntax.toml_reader import parse_toml
from evalpolicy.artifacts.syntax.toml_spans import (
    Array,
    Deviation,
    KeyValue,
    Table,
    TomlDocument,
    TomlScalar,
    Value,
)

Form: TypeAlias = Literal[
    "[allowlist]",
    "[[allowlist]]",
    "[allowlists]",
    "[[allowlists]]",
    "[rules.allowlist]",
    "[[rules.allowlist]]",
    "[rules.allowlists]",
    "[[rules.allowlists]]",
]


class WrittenAllowlist(Struct, frozen=True):
    """One allowlist table; `rule` is the position of the rule it stands in, or None."""

    form: Form
    table: Table
    rule: int | None = None
    rule_id: str | None = None


class GitleaksConfig(Struct, frozen=True):
    """The parsed file; with a `problem`, nothing beyond it was read."""

    document: TomlDocument

    @property
    def root(self) -> Table:
        return self.document.root

    @property
    def problem(self) -> Problem | None:
        """Why the file is not TOML, unless it is."""
        return self.document.problem

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """What TOML 1.0 forbids and a parser may let pass."""
        return self.document.deviations

    def span(self, node: Value | KeyValue | None) -> Span:
        """The place of a node; the file's start for None."""
        return START if node is None else self.document.span_of(node)

    def rules(self) -> tuple[Table, ...]:
        """The rule tables, in order; a single `[rules]` counts as one."""
        return self.tables("rules")

    def tables(self, name: str) -> tuple[Table, ...]:
        """The tables under a key of the root."""
        entry = entry_of(self.root, name)
        return tuple(tables_of(entry.value)) if entry is not None else ()

    def texts(self, table: Table, name: str) -> tuple[Located, ...]:
        """The texts under a key: one, or those of a list."""
        entry = entry_of(table, name)
        value = None if entry is None else entry.value
        return tuple(
            Located(item.value, self.span(item))
            for item in (value.items if isinstance(value, Array) else [value])
            if isinstance(item, TomlScalar) and isinstance(item.value, str)
        )

    def allowlists(self) -> tuple[WrittenAllowlist, ...]:
        """Every allowlist of the file, global ones and those of rules, in order of position."""
        found = list(_allowlists(self.root, "", None, None))
        for number, rule in enumerate(self.rules()):
            identity = entry_of(rule, "id")
            name = getattr(identity.value, "value", None) if identity is not None else None
            found += _allowlists(rule, "rules.", number, name if isinstance(name, str) else None)
        return tuple(sorted(found, key=lambda written: written.table.start))


def parse(content: bytes) -> GitleaksConfig:
    """Reads a configuration; never raises, whatever the bytes."""
    return GitleaksConfig(parse_toml(content))


def entry_of(table: Table, name: str) -> KeyValue | None:
    """The entry of a key; gitleaks compares keys without regard to case."""
    exact = table.entries.get(name)
    if exact is not None:
        return exact
    folded = name.lower()
    return next((e for key, e in table.entries.items() if key.lower() == folded), None)


def tables_of(value: Value) -> list[Table]:
    """The tables in a value: itself, or those of a list."""
    if isinstance(value, Table):
        return [value]
    if isinstance(value, Array):
        return [item for item in value.items if isinstance(item, Table)]
    return []


def _allowlists(
    table: Table, prefix: Literal["", "rules."], rule: int | None, rule_id: str | None
) -> list[WrittenAllowlist]:
    found: list[WrittenAllowlist] = []
    for name in ("allowlist", "allowlists"):
        entry = entry_of(table, name)
        if entry is None:
            continue
        single = isinstance(entry.value, Table)
        form = cast(Form, f"[{prefix}{name}]" if single else f"[[{prefix}{name}]]")
        found += [WrittenAllowlist(form, item, rule, rule_id) for item in tables_of(entry.value)]
    return found
