"""The effect of each criterion of an active allowlist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, WrittenAllowlist, entry_of
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.syntax.toml_spans import Array, KeyValue, TomlScalar
from evalpolicy.scanners.gitleaks.invocation import Invocation
from evalpolicy.scanners.gitleaks.keys import canonical
from evalpolicy.scanners.gitleaks.model import Allowlist
from evalpolicy.scanners.gitleaks.patterns import Patterns, as_joined, flags_left_on
from evalpolicy.scanners.gitleaks.scan import Walk, walks
from evalpolicy.scanners.gitleaks.secret_shapes import secrets
from evalpolicy.scanners.gitleaks.versions import Version, table
from evalpolicy.scanners.shortening import shortened

CRITERIA = ("commits", "paths", "regexes", "stopwords")

PROBES = ("a", "0", "Zz9_-/+=", "\u00e9", "x" * 40, "tests/a.jsonl", "Qk3v8ZpLw1Rt6Yx0")
"""What a list that lets all of these pass lets everything pass."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""A whole id of a commit (SHA-1 or SHA-256), as git writes it: no other text is compared equal."""

_LISTED_TRIALS = 500_000
"""Patterns times files beyond which a list is judged whole, not entry by entry."""


class PathEntry(Struct, frozen=True):
    """One pattern of `paths` and how many tracked files it matches by itself."""

    pattern: str
    span: Span
    files: int


class CriterionEffect(Struct, frozen=True):
    """One key of an allowlist: `commits`, `paths`, `regexes` or `stopwords`.

    `dead` are items that can never match beside others that can, each with its place.
    """

    key: str
    span: Span
    effect: Literal["works", "ignored", "broader", "narrower", "everything", "never"]
    why: str = ""
    entries: tuple[PathEntry, ...] = ()
    dead: tuple[tuple[str, Span], ...] = ()


class JudgedCriteria(Struct, frozen=True):
    """All criteria; `broader` states why the whole exempts more than it seems to.

    `outruns_condition`: because the scan skips what one of them names, before it looks at others.
    """

    criteria: tuple[CriterionEffect, ...]
    broader: str
    files: tuple[str, ...]
    paths_alone: bool
    outruns_condition: bool


def judge_criteria(
    config: GitleaksConfig,
    written: WrittenAllowlist,
    effective: Allowlist,
    version: Version,
    invocation: Invocation,
    tracked: Sequence[str],
    hidden: bool = False,
) -> JudgedCriteria:
    """The criteria as written, and their combined effect."""
    scanned = [path for path in map(invocation.scanned, tracked) if path is not None]
    globally = written.rule is None and not is_targeted(config, written, version)
    exempt = exempted_by(invocation, version, globally)
    matched = frozenset(path for path in scanned if exempt(path, effective.paths))
    judge = _CriteriaJudge(
        config, written, effective, version, invocation, tracked, hidden, scanned, matched, exempt
    )
    criteria = tuple(judge.all())
    alone = judge.paths_alone()
    files = judge.exempt() if alone else ()
    ignored, skipped = judge.ignored_condition(), judge.skipped_first()
    broader = ignored or skipped or judge.every_rule()
    return JudgedCriteria(criteria, broader, files, alone, bool(skipped) and not ignored)


def is_targeted(config: GitleaksConfig, written: WrittenAllowlist, version: Version) -> bool:
    """Whether a global allowlist is one of single rules, by a `targetRules` that is read."""
    entry = entry_of(written.table, "targetRules")
    filled = written.rule is None and entry is not None and _is_filled(entry)
    return filled and table().reads("global.targetRules", version)


def exempted_by(
    invocation: Invocation, version: Version, globally: bool
) -> Callable[[str, Patterns], bool]:
    """Whether the `paths` of an allowlist exempt a path, as gitleaks sees it.

    A directory scan passes by what is below a folder that a global allowlist names.
    """
    if globally and walks(invocation.mode, version):
        return Walk(invocation.target).passes_by
    return lambda path, patterns: patterns.allow(path)


def path_patterns(
    config: GitleaksConfig, written: WrittenAllowlist, joined: bool
) -> Iterator[tuple[str, str, Span]]:
    """Each pattern of `paths`: as written, as it is read beside the others, and its place.

    A text instead of a list holds patterns with commas between them.
    """
    entry = entry_of(written.table, "paths")
    as_list = entry is not None and isinstance(entry.value, Array)
    found = [
        (pattern, item.span)
        for item in config.texts(written.table, "paths")
        for pattern in ([item.text] if as_list else item.text.split(","))
    ]
    patterns = [pattern for pattern, _ in found]
    for (pattern, span), read in zip(
        found, as_joined(patterns) if joined else patterns, strict=True
    ):
        yield pattern, read, span


class _CriteriaJudge(Struct, frozen=True):
    config: GitleaksConfig
    written: WrittenAllowlist
    effective: Allowlist
    version: Version
    invocation: Invocation
    tracked: Sequence[str]
    hidden: bool
    scanned: Sequence[str]
    matched: frozenset[str]
    exempt_by: Callable[[str, Patterns], bool]

    @property
    def prefix(self) -> str:
        return "global." if self.written.rule is None else "rule."

    def entries(self) -> dict[str, KeyValue]:
        """The written keys by the name gitleaks gives them."""
        found = {canonical(self.prefix, e.key): e for e in self.written.table.entries.values()}
        return {name: entry for name, entry in found.items() if name is not None}

    def all(self) -> Iterator[CriterionEffect]:
        entries = self.entries()
        for name in CRITERIA:
            if (entry := entries.get(name)) is not None and _is_filled(entry):
                yield self.one(name, entry)

    def one(self, name: str, entry: KeyValue) -> CriterionEffect:
        span = self.config.span(entry)
        feature = table().features[self.prefix + name]
        if feature.effect(self.version) == "ignored":
            why = f"gitleaks {self.version} ignores {name} (read since {feature.introduced()})"
            return CriterionEffect(name, span, "ignored", why)
        match name:
            case "commits":
                return self.commits(span, entry)
            case "paths":
                return self.paths(span, entry)
            case "regexes":
                return self.regexes(span)
            case _:
                return self.stopwords(span)

    def commits(self, span: Span, entry: KeyValue) -> CriterionEffect:
        if self.invocation.mode != "history":
            why = f"a {self.invocation.mode} scan has no commit to compare with"
            return CriterionEffect("commits", span, "never", why)
        if self.hidden:
            return CriterionEffect("commits", span, "narrower", _HIDDEN)
        folds = table().effect("commit-case", self.version) == "insensitive"
        dead = tuple(
            (item.text, item.span)
            for item in self.config.texts(self.written.table, entry.key)
            if not _COMMIT.fullmatch(item.text.lower() if folds else item.text)
        )
        if len(dead) == len(self.effective.commits):
            why = f"{dead[0][0][:80]!r} is not the whole id of a commit, as git writes it"
            return CriterionEffect("commits", span, "never", why)
        return CriterionEffect("commits", span, "works", dead=dead)

    def paths(self, span: Span, entry: KeyValue) -> CriterionEffect:
        patterns = self.effective.paths
        scanned = self.scanned
        matched = sum(path in self.matched for path in scanned)
        entries = tuple(self.path_entries())
        if scanned and matched == len(scanned):
            why = f"they match all {len(scanned):,} tracked files"
            return CriterionEffect("paths", span, "everything", why, entries)
        if not scanned and _allows_all(patterns):
            return CriterionEffect("paths", span, "everything", "any path matches", entries)
        if scanned and not matched:
            return CriterionEffect("paths", span, "never", "no tracked file matches", entries)
        if leak := _leak(patterns):
            return CriterionEffect("paths", span, "broader", leak, entries)
        if self.hidden:
            return CriterionEffect("paths", span, "narrower", _HIDDEN, entries)
        return CriterionEffect("paths", span, "works", "", entries)

    def path_entries(self) -> Iterator[PathEntry]:
        joined = self.effective.paths.joined
        patterns = list(path_patterns(self.config, self.written, joined))
        if len(patterns) * len(self.scanned) > _LISTED_TRIALS:
            return
        for pattern, read, span in patterns:
            alone = Patterns((read,), joined)
            files = sum(self.exempt_by(path, alone) for path in self.scanned)
            yield PathEntry(pattern, span, files)

    def regexes(self, span: Span) -> CriterionEffect:
        patterns = self.effective.regexes
        if patterns.sources and all(map(patterns.allow, self.subjects())):
            why = f"they match made-up secrets of all {len(secrets())} kinds tried"
            return CriterionEffect("regexes", span, "everything", why)
        if not patterns.joined and all(_only_empty(source) for source in patterns.sources):
            why = f"at {self.version} an empty match does not count"
            return CriterionEffect("regexes", span, "never", why)
        if leak := _leak(patterns):
            return CriterionEffect("regexes", span, "broader", leak)
        if why := self.target():
            return CriterionEffect("regexes", span, "narrower", why)
        return CriterionEffect("regexes", span, "works")

    def subjects(self) -> Iterable[str]:
        """What the regexes are matched against, for a secret of each kind."""
        whole = table().effect("regex-subject", self.version) == "match"
        if self.effective.regex_target == "secret" and not whole:
            return secrets()
        return (f'token = "{secret}"' for secret in secrets())

    def target(self) -> str:
        """Why the regexes are not matched against what regexTarget names."""
        entry = self.entries().get("regexTarget")
        if entry is None or not isinstance(entry.value, TomlScalar):
            return ""
        wanted = entry.value.value
        since_match = table().effect("regex-subject", self.version) == "match"
        if wanted in ("", "secret") or wanted == self.effective.regex_target:
            return ""
        if since_match and wanted == "match":
            return ""
        sees = "the whole match" if since_match else "the secret"
        if wanted in ("match", "line"):
            return (
                f"gitleaks {self.version} ignores regexTarget: regexes are matched against {sees}"
            )
        named = shortened(str(wanted), 40)
        return f"regexTarget {named!r} is unknown: regexes are matched against {sees}"

    def stopwords(self, span: Span) -> CriterionEffect:
        words = self.effective.stopwords
        if "" in words and table().effect("empty-stopword", self.version) == "everything":
            return CriterionEffect(
                "stopwords", span, "everything", "an empty word is in any secret"
            )
        if not any(words):
            return CriterionEffect("stopwords", span, "never", "an empty word matches nothing")
        return CriterionEffect("stopwords", span, "works")

    def kinds(self) -> int:
        effective = self.effective
        lists = (
            effective.commits,
            effective.paths.sources,
            effective.regexes.sources,
            effective.stopwords,
        )
        return sum(map(bool, lists))

    def ignored_condition(self) -> str:
        condition = self.entries().get("condition")
        wants_and = condition is not None and str(
            getattr(condition.value, "value", "")
        ).upper() in ("AND", "&&")
        if wants_and and not self.effective.conjunct and self.kinds() > 1:
            since = table().features[f"{self.prefix}condition"].introduced()
            why = f"gitleaks {self.version} ignores condition (read since {since})"
            return f"{why}: any one criterion is enough"
        return ""

    def skipped_first(self) -> str:
        if self.prefix == "global." and self.effective.conjunct and self.kinds() > 1:
            mode = self.invocation.mode
            if walks(mode, self.version) and self.effective.paths.sources:
                return "a directory scan skips the paths, whatever the condition"
            skips = table().effect("git-commits-alone", self.version) == "yes"
            if mode == "history" and skips and self.effective.commits:
                return "a history scan skips the commits, whatever the condition"
        return ""

    def every_rule(self) -> str:
        targets = self.entries().get("targetRules")
        reads = table().reads("global.targetRules", self.version)
        if targets is not None and _is_filled(targets) and self.prefix == "global." and not reads:
            return (
                f"gitleaks {self.version} ignores targetRules (read since 8.25.0): it applies to "
                "every rule"
            )
        return ""

    def paths_alone(self) -> bool:
        effective = self.effective
        if not effective.paths.sources:
            return False
        if not effective.conjunct or self.kinds() == 1:
            return True
        return walks(self.invocation.mode, self.version) and self.prefix == "global."

    def exempt(self) -> tuple[str, ...]:
        found = []
        for path in self.tracked:
            scanned = self.invocation.scanned(path)
            if scanned is not None and scanned in self.matched:
                found.append(path)
        return tuple(found)


_HIDDEN = "an earlier allowlist with condition AND ends the check of paths (8.25.0)"


def _is_filled(entry: KeyValue) -> bool:
    value = entry.value
    return bool(value.items) if isinstance(value, Array) else getattr(value, "value", True) != ""


def _allows_all(patterns: Patterns) -> bool:
    return bool(patterns.sources) and all(patterns.allow(probe) for probe in PROBES)


def _only_empty(source: str) -> bool:
    return source in ("", "^", "$", "^$", "()", "(?:)")


def _leak(patterns: Patterns) -> str:
    if not patterns.joined:
        return ""
    for source in patterns.sources[:-1]:
        if flags := flags_left_on(source):
            return f"(?{flags}) also applies to the patterns after it: they are joined by |"
    return ""
