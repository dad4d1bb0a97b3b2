"""How much of a configuration is judged; a larger one is reported as not judged, never passed.

gitleaks' own configuration has some 220 rules and a few hundred patterns; the limits are far
beyond any written by hand and keep a hostile file of ten megabytes under five seconds.
"""

from __future__ import annotations

from evalpolicy.scanners.gitleaks.decode import RawConfig

MAX_RULES = 5_000
MAX_ALLOWLISTS = 500
MAX_PATTERNS = 10_000
MAX_PATTERN_LENGTH = 500_000


def beyond_limits(raw: RawConfig) -> str | None:
    """Why a configuration is not judged, or None."""
    lists = [*raw.allowlists, *((raw.allowlist,) if raw.allowlist else ())]
    for rule in raw.rules:
        lists += [*rule.allowlists, *((rule.allowlist,) if rule.allowlist else ())]
    patterns = [text.value for written in lists for text in (*written.paths, *written.regexes)]
    length = sum(map(len, patterns))
    for count, most, name in (
        (len(raw.rules), MAX_RULES, "rules"),
        (len(lists), MAX_ALLOWLISTS, "allowlists"),
        (len(patterns), MAX_PATTERNS, "patterns"),
        (length, MAX_PATTERN_LENGTH, "characters in patterns"),
    ):
        if count > most:
            return f"not judged: {count} {name}, more than {most}"
    return None
