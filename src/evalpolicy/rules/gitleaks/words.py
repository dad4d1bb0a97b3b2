"""What the GLK rules share: one finding for all uses that have it, and names that hold no line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.rule import Hit

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, WrittenAllowlist
    from evalpolicy.facts.gitleaks_uses import Use

Said: TypeAlias = "tuple[Use, Hit]"


def merged(said: Iterable[Said]) -> Iterator[Hit]:
    """One hit for each place, whatever number of uses it was found for; the first one's words."""
    groups: dict[tuple[str, Span, str], list[Said]] = {}
    for use, hit in said:
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
    """Each allowlist by where it starts: its form and its number among those of that form."""
    counts: dict[str, int] = {}
    found = {}
    for written in config.allowlists():
        scope = written.form if written.rule is None else f"{written.rule_id or '?'} {written.form}"
        counts[scope] = counts.get(scope, 0) + 1
        found[written.table.start] = f"{scope} {counts[scope]}"
    return found


def by_span(config: GitleaksConfig) -> Mapping[Span, WrittenAllowlist]:
    """The allowlists by where their table stands."""
    return {config.span(written.table): written for written in config.allowlists()}


def migrate_help(path: str, version: object) -> str:
    """The command that rewrites a configuration."""
    return f"evalpolicy gitleaks migrate {path} --to {version}"
