"""What the GLK rules share: merging findings of several uses, and names without line numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from evalpolicy.artifacts.syntax.source import START, Span
from evalpolicy.policy.rule import Hit
from evalpolicy.scanners.gitleaks.versions import COMMON

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, WrittenAllowlist
    from evalpolicy.facts.gitleaks_uses import Use

UseHit: TypeAlias = "tuple[Use, Hit]"
"""A hit, with the use of gitleaks that it was found for."""


def merged(found: Iterable[UseHit]) -> Iterator[Hit]:
    """One hit for each place, however many uses it was found for; the first one's message.

    Where nothing says which version runs, a hit that another version would not have is a warning
    at most, and has no fix.
    """
    groups: dict[tuple[str, Span, str], list[UseHit]] = {}
    for use, hit in found:
        groups.setdefault((hit.path, hit.span, hit.about), []).append((use, hit))
    for group in groups.values():
        judged = [(use, hit) for use, hit in group if not use.doubt]
        if not judged:
            continue
        first, hit = judged[0]
        others = list(dict.fromkeys(str(use) for use, _ in judged if str(use) != str(first)))
        worst = min((h.severity or "error" for _, h in judged), key=_ORDER.index)
        severity = worst if any(h.severity for _, h in judged) else None
        also = f"; so does {_listed(others)}" if others else ""
        hit = replace(hit, message=hit.message + also, severity=severity)
        if not any(_is_certain(use, group) for use, _ in judged):
            hit = replace(hit, severity="warning" if worst == "error" else severity, fix=None)
        yield hit if first.path is not None else _within_text(first, hit)


def _within_text(use: Use, hit: Hit) -> Hit:
    """A hit in the text of GITLEAKS_CONFIG_TOML, at its place in the file that sets it."""
    inline = use.pin.inline if use.pin is not None else None
    span = inline.span if inline is not None and hit.span == START else hit.span
    return replace(hit, span=use.span or span, fix=None)


def _is_certain(use: Use, group: list[UseHit]) -> bool:
    """Whether the version is known, or every version in use has the hit."""
    if not use.assumed:
        return True
    same = {other.version for other, _ in group if other.pin == use.pin and other.doubt}
    return same >= frozenset(COMMON)


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
