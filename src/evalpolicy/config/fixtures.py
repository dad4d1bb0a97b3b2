"""`[fixtures]`, `[sizes]` and `[secrets]`: settings of the rules on fixtures, sizes and secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class FixtureSettings(Struct, frozen=True):
    """`models` are the fleet's models of record, `replay_tests` the files (globs) that name the
    fixtures which a test replays, `refusals` the benchmarks (globs) in which a refusal is a right
    answer."""

    models: tuple[str, ...] = ()
    replay_tests: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


class SizeSettings(Struct, frozen=True):
    """In KiB, as pre-commit's hook counts.

    `limit` is for every tracked file that is not a fixture; without one it is the hook's `--maxkb`,
    or its default. `fixture_limit` is for each fixture, `fixture_budget` for all of them.
    """

    limit: int | None = None
    fixture_limit: int = 10240
    fixture_budget: int | None = None


class SecretSettings(Struct, frozen=True):
    """`internal_hosts` are RE2 patterns of host names that nobody outside should read."""

    internal_hosts: tuple[str, ...] = ()


def wrong_setting(table: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """The first table and key with a pattern that does not compile, and why."""
    import re

    from evalpolicy.matching.globs import Globs
    from evalpolicy.matching.re2 import PatternError, compiled

    for pattern in table.get("secrets", {}).get("internal_hosts", ()):
        try:
            if compiled(pattern).search("") is not None:
                return "secrets", "internal_hosts", f"{pattern!r} also matches the empty string"
            if compiled(pattern).search("host.internal.invalid") is not None:
                why = (
                    "also matches host.internal.invalid, which redaction writes in place of a host"
                )
                return "secrets", "internal_hosts", f"{pattern!r} {why}"
        except PatternError as error:
            return "secrets", "internal_hosts", str(error)
    for setting in ("replay_tests", "refusals"):
        try:
            Globs(table.get("fixtures", {}).get(setting, ()))
        except re.error as error:
            return "fixtures", setting, f"not a glob: {error}"
    return None
