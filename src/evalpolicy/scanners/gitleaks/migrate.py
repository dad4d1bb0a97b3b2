"""Rewrites a configuration for another gitleaks version, or states why it cannot.

The result means at the new version what the original was *written* to mean: an allowlist works,
condition and targetRules hold, patterns stand each for itself, whatever the version it was pinned
to made of them. `written_for` names that version where it matters what it really did (since 8.28.0
patterns are joined; before 8.16.3 they see the whole match). Comments, order and quoting stay,
because the text is edited where it has to change and nowhere else.
"""

from __future__ import annotations

from msgspec import Struct

from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, WrittenAllowlist, parse
from evalpolicy.scanners.gitleaks.load import load
from evalpolicy.scanners.gitleaks.model import LoadError, ReadFile
from evalpolicy.scanners.gitleaks.obstacles import obstacle
from evalpolicy.scanners.gitleaks.rewrite import (
    CannotRewriteError,
    TextEdit,
    apply,
    downgrade,
    upgrade,
    wrap_flags,
)
from evalpolicy.scanners.gitleaks.versions import Version, table


class MigrationStep(Struct, frozen=True):
    """One edit, for the reader."""

    line: int
    message: str


class Migrated(Struct, frozen=True):
    """The new text; without changes it is the old one."""

    text: str
    changes: tuple[MigrationStep, ...]


class MigrationRefusal(Struct, frozen=True):
    """Why the meaning cannot be kept, and the line that stands in the way."""

    line: int
    reason: str


def migrate(
    source: str, to: Version, written_for: Version | None = None, read: ReadFile | None = None
) -> Migrated | MigrationRefusal:
    """The configuration for version `to`; a refusal changes nothing."""
    config = parse(source.encode("utf-8", "surrogateescape"))
    if config.problem is not None:
        return MigrationRefusal(config.problem.span.line, config.problem.message)
    if config.deviations:
        first = config.deviations[0]
        line = config.document.span(first.start, first.end).line
        return MigrationRefusal(line, f"{first.message}: not every version reads this file")
    found = obstacle(config, to, written_for)
    if found is not None:
        return MigrationRefusal(config.span(found.node).line, found.reason)
    try:
        edits = _edits(config, to, written_for)
    except CannotRewriteError as error:
        return MigrationRefusal(config.span(error.node).line, error.reason)
    text = apply(source, edits)
    loaded = load(parse(text.encode("utf-8", "surrogateescape")), to, read or _nothing)
    if isinstance(loaded, LoadError) and not loaded.message.startswith("extend.path"):
        return MigrationRefusal(
            loaded.span.line, f"gitleaks {to} would not load it: {loaded.message}"
        )
    changes = tuple(
        MigrationStep(config.document.span(e.start, e.end).line, e.message) for e in edits
    )
    return Migrated(text, changes)


def _edits(config: GitleaksConfig, to: Version, written_for: Version | None) -> list[TextEdit]:
    edits: list[TextEdit] = []
    for group in _groups(config):
        feature = "allowlists" if group[0].rule is None else "rules.allowlists"
        if table().reads(feature, to):
            edits += upgrade(config, group)
        else:
            edits += downgrade(config, group, to)
    joined = written_for is not None and table().effect("patterns", written_for) == "joined"
    if table().effect("patterns", to) == "joined" and not joined:
        edits += wrap_flags(config)
    return sorted(edits, key=lambda edit: edit.start)


def _groups(config: GitleaksConfig) -> list[list[WrittenAllowlist]]:
    """The allowlists of the file, those of one scope together."""
    groups: dict[int | None, list[WrittenAllowlist]] = {}
    for written in config.allowlists():
        groups.setdefault(written.rule, []).append(written)
    return list(groups.values())


def _nothing(path: str) -> bytes | None:
    return None
