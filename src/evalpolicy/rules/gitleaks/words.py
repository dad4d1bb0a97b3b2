"""What the GLK rules share: merging findings of several uses, and names without line numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.rule import Hit

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, WrittenAllowlist
    from evalpolicy.facts.gitleaks_uses import Use

UseHit: TypeAlias = "tuple[Use, Hit]"
"""A hit, with the use of gitleaks that it was found for."""


def merged(found: Iterable[UseHit]) -> Iterator[Hit]:
    """One hit for each place, however many uses it was found for; the first one's message."""
    groups: dict[tuple[str, Span, str], list[UseHit]] = {}
    for use, hit in found:
        groups.setdefault((hit.path, hit.span, hit.about), []).append((use, hit))
    for group in groups.values():
        first, hit = group[0]
        others = list(dict.fromkeys(str(use) for use, _ in group if str(use) != str(first)))
        worst = min((h.severity or "error" for _, h in group), key=_ORDER.index)
        severity = worst if any(h.severity for _, h in group) else None
        also = f"; so does {_listed(others)}" if others else ""
        yield replace(hit, message=hit.message + also, severity=severity)


_ORDER = ("error", "warning", "note")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def names(config: GitleaksConfig) -> Mapping[int, str]:
    """Each allowlist's form and its number among those of that form, by where it starts."""
    counts: dict[str, int] = {}
    found = {}
    for written in config.allowlists():
        scope = written.form if written.rule is None else f"{written.rule_id or '?'} {written.form}"
        counts[scope] = counts.get(scope, 0) + 1
        found[written.table.start] = f"{scope} {counts[scope]}"
    return found


def by_span(config: GitleaksConfig) -> Mapping[Span, WrittenAllowlist]:
    """The allowlists by the place of their table."""
    return {config.span(written.table): written for written in config.allowlists()}


def migrate_help(path: str, version: object) -> str:
    """The command that rewrites a configuration."""
    return f"evalpolicy gitleaks migrate {path} --to {version}"
