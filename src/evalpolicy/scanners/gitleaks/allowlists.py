"""One allowlist, checked and put in force as a version does (config.go parseAllowlist)."""

from __future__ import annotations

from collections.abc import Sequence

from evalpolicy.artifacts.syntax.toml_spans import Value
from evalpolicy.scanners.gitleaks.decode import DecodedText, RawAllowlist
from evalpolicy.scanners.gitleaks.goregex import (
    GoRegex,
    RefusedPattern,
    compile_go,
    join_or,
    validity,
)
from evalpolicy.scanners.gitleaks.model import Allowlist, RegexTarget
from evalpolicy.scanners.gitleaks.patterns import Patterns, reaches_out
from evalpolicy.scanners.gitleaks.versions import Version, table
from evalpolicy.scanners.shortening import shortened

AND = frozenset({"AND", "&&"})
OR = frozenset({"", "OR", "||"})


class ConfigRefusal(Exception):  # noqa: N818 - gitleaks rejects; nothing went wrong here
    """What makes gitleaks stop while it reads an allowlist or a pattern."""

    def __init__(self, message: str, node: Value, certain: bool = True) -> None:
        super().__init__(message)
        self.message, self.node, self.certain = message, node, certain


def global_allowlist(
    raw: RawAllowlist, version: Version, path: str | None, joined: bool
) -> Allowlist:
    """A global allowlist; raises `ConfigRefusal`."""
    allowlist = _allowlist(raw, "global", version, path, joined)
    if not table().reads("global.regexes", version):
        allowlist = Allowlist(
            allowlist.node, path, commits=allowlist.commits, paths=allowlist.paths
        )
    return allowlist


def rule_allowlist(
    raw: RawAllowlist, version: Version, path: str | None, joined: bool
) -> Allowlist:
    """A rule's allowlist; raises `ConfigRefusal`."""
    return _allowlist(raw, "rule", version, path, joined)


def compiled(text: DecodedText | None) -> GoRegex | None:
    """A rule's regex or path; an empty one counts as none."""
    if text is None or not text.value:
        return None
    found = compile_go(text.value)
    if isinstance(found, RefusedPattern):
        raise ConfigRefusal(_invalid(text.value, found), text.node, found.certain)
    return found


def _allowlist(
    raw: RawAllowlist, scope: str, version: Version, path: str | None, joined: bool
) -> Allowlist:
    known = table()
    condition = raw.condition.value.upper() if raw.condition else ""
    if raw.condition is not None and condition not in AND | OR:
        raise ConfigRefusal(
            f"unknown condition {raw.condition.value!r}: and, or", raw.condition.node
        )
    target = raw.regex_target.value if raw.regex_target else ""
    valid = target in ("", "secret", "match", "line")
    checked = known.effect(f"regexTarget-value.{scope}", version) == "error"
    if raw.regex_target is not None and checked and not valid:
        raise ConfigRefusal(f"unknown regexTarget {target!r}: match, line", raw.regex_target.node)
    patterns = known.effect("patterns", version)
    at_once = patterns == "joined" or (patterns == "each-unless-experimental" and joined)
    allowlist = Allowlist(
        node=raw.node,
        path=path,
        conjunct=condition in AND,
        commits=tuple(text.value for text in raw.commits),
        paths=_patterns(raw.paths, at_once),
        regex_target=_target(target),
        regexes=_patterns(raw.regexes, at_once),
        stopwords=tuple(text.value for text in raw.stopwords),
    )
    if known.effect(f"empty-allowlist.{scope}", version) == "error" and not (
        raw.commits or raw.paths or raw.regexes or raw.stopwords
    ):
        message = "an allowlist without commits, paths, regexes or stopwords"
        raise ConfigRefusal(message, raw.node)
    return allowlist


def _target(written: str) -> RegexTarget:
    if written == "match":
        return "match"
    return "line" if written == "line" else "secret"


def _patterns(texts: Sequence[DecodedText], joined: bool) -> Patterns:
    for text in texts:
        if (refused := validity(text.value)) is not None:
            raise ConfigRefusal(_invalid(text.value, refused), text.node, refused.certain)
    sources = tuple(text.value for text in texts)
    # Patterns that compile alone fail together only over a \Q left open.
    if joined and any(map(reaches_out, sources)):
        whole = compile_go(join_or(sources))
        if isinstance(whole, RefusedPattern):
            message = f"each pattern compiles, but all of them joined by | do not: {whole.message}"
            raise ConfigRefusal(message, texts[0].node, whole.certain)
    return Patterns(sources, joined)


def _invalid(pattern: str, refused: RefusedPattern) -> str:
    if not refused.certain:
        return f"{shortened(pattern, 80)!r} was not judged: {refused.message}"
    return f"{shortened(pattern, 80)!r} is not a Go regular expression: {refused.message}"
