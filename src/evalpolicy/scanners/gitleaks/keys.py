"""Keys of a configuration that no version knows, or that this version does not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, entry_of, tables_of
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.syntax.toml_spans import KeyValue, Table
from evalpolicy.scanners.gitleaks.versions import Version, table


class UnknownKey(Struct, frozen=True):
    """A key that no gitleaks 8 knows, with the nearest one that is known there."""

    key: str
    where: str
    span: Span
    nearest: str | None


class UnreadKey(Struct, frozen=True):
    """A key that gitleaks knows, but not at this version; `since` is None if none ever reads it."""

    key: str
    where: str
    span: Span
    since: Version | None
    until: Version | None


def judge_keys(
    config: GitleaksConfig, version: Version
) -> tuple[tuple[UnknownKey, ...], tuple[UnreadKey, ...]]:
    """Both kinds, in order of position."""
    unknown: list[UnknownKey] = []
    unread: list[UnreadKey] = []
    for prefix, where, entry in sorted(_entries(config), key=lambda found: found[2].start):
        name = canonical(prefix, entry.key)
        span = config.span(entry)
        if name is None:
            names = table().fields(prefix)
            near = len(unknown) < _COMPARED and len(entry.key) < 80
            close = difflib.get_close_matches(entry.key, names, n=1, cutoff=0.6) if near else []
            unknown.append(UnknownKey(entry.key, where, span, close[0] if close else None))
        elif not table().reads(prefix + name, version) and prefix + name not in _COSMETIC:
            feature = table().features[prefix + name]
            since = feature.introduced()
            past = since is not None and since < version
            last = next((r.last for r in feature.ranges if r.effect == "effective"), None)
            unread.append(
                UnreadKey(entry.key, where, span, None if past else since, last if past else None)
            )
    return tuple(unknown), tuple(unread)


def canonical(prefix: str, written: str) -> str | None:
    """The name of a key as gitleaks writes it, whatever its case; None if it is unknown."""
    folded = written.lower()
    return next((name for name in table().fields(prefix) if name.lower() == folded), None)


_COMPARED = 100
"""Unknown keys that are compared with the known ones; a file with more has other troubles."""

_COSMETIC = frozenset({"title", "global.description", "rule.description"})
"""Ignored by some versions, which does no harm."""


def _entries(config: GitleaksConfig) -> Iterator[tuple[str, str, KeyValue]]:
    yield from (("", "", entry) for entry in config.root.entries.values())
    extend = entry_of(config.root, "extend")
    if extend is not None and isinstance(extend.value, Table):
        yield from (("extend.", "[extend]", entry) for entry in extend.value.entries.values())
    for rule in config.rules():
        yield from (("rules.", "[[rules]]", entry) for entry in rule.entries.values())
        required = entry_of(rule, "required")
        for inner in tables_of(required.value) if required is not None else ():
            where = "[[rules.required]]"
            yield from (("rules.required.", where, entry) for entry in inner.entries.values())
    for written in config.allowlists():
        prefix = "global." if written.rule is None else "rule."
        yield from ((prefix, written.form, entry) for entry in written.table.entries.values())
