"""The fix for a form: the file as `gitleaks migrate` writes it for the pinned version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.fix import Edit, Fix

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig
    from evalpolicy.scanners.gitleaks.versions import Version

# A larger file is migrated by hand, with the command.
_LARGEST = 200_000


def migration(config: GitleaksConfig, version: Version, *, safe: bool) -> Fix | None:
    """The lines that `migrate` changes, as one edit; None if it refuses or changes nothing.

    It keeps what was *written*; it is `safe` only if that was already in effect. An allowlist
    that was ignored takes effect, which has to be requested (`--unsafe-fixes`).
    """
    from evalpolicy.scanners.gitleaks.migrate import Migrated, migrate

    text = config.document.text
    if len(text) > _LARGEST:
        return None
    found = migrate(text, version, version)
    if not isinstance(found, Migrated) or found.text == text:
        return None
    old, new = text.split("\n"), found.text.split("\n")
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    kept = "\n".join(new[first : len(new) - last]).replace("\r\n", "\n").rstrip("\r")
    end = len(old) - last
    if end < len(old):  # whole lines: one that only goes leaves no empty line behind
        span = Span(first + 1, 1, end + 1, 1)
        return Fix((Edit(span, f"{kept}\n" if first < len(new) - last else ""),), safe=safe)
    span = Span(first + 1, 1, end, len(old[end - 1].rstrip("\r")) + 1)
    return Fix((Edit(span, kept),), safe=safe)
