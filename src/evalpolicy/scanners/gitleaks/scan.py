"""Which of a tree's known secrets a loaded configuration still reports (detect/detect.go)."""

from __future__ import annotations

import math
import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from evalpolicy.scanners.gitleaks.model import Allowlist, GitleaksRule, Loaded
from evalpolicy.scanners.gitleaks.patterns import Patterns
from evalpolicy.scanners.gitleaks.versions import Version, table

ScanMode: TypeAlias = Literal["staged", "history", "directory", "stdin"]
"""What is scanned: the index, the commits, a folder's files, or standard input."""


class GitleaksHit(Struct, frozen=True):
    """What a rule matches: the whole match and the secret in it (None for a path-only rule)."""

    match: str
    secret: str


class Secret(Struct, frozen=True):
    """One line of one file, its path as gitleaks sees it, and what default rules match in it."""

    path: str
    line: str
    defaults: tuple[tuple[str, GitleaksHit], ...] = ()
    commit: str | None = None


def predict(
    loaded: Loaded,
    version: Version,
    tree: Iterable[Secret],
    mode: ScanMode = "staged",
    root: str = ".",
) -> frozenset[tuple[str, str]]:
    """The (path, rule id) pairs that a scan reports.

    A file's lines share its keywords and its required rules, so lines of one path belong together.
    `root` is what a directory scan was given.
    """
    files: dict[str, list[Secret]] = {}
    for secret in tree:
        files.setdefault(secret.path, []).append(secret)
    scan = _Scan(loaded, version)
    walk = Walk(root) if walks(mode, version) else None
    patterns = [allowlist.paths for allowlist in loaded.allowlists]
    return frozenset(
        (path, rule.id)
        for path, lines in files.items()
        if walk is None or not any(walk.passes_by(path, paths) for paths in patterns)
        for rule in loaded.rules
        if scan.reports(rule, lines)
    )


def walks(mode: ScanMode, version: Version) -> bool:
    """Whether a scan tries the names of folders against the paths of global allowlists."""
    return mode == "directory" and table().effect("directory-walk", version) == "yes"


class Walk:
    """A directory scan from `root`, as it was written (`.`, `src`)."""

    def __init__(self, root: str) -> None:
        self._root = posixpath.normpath(root or ".")
        self._depth = 0 if self._root == "." else self._root.count("/") + 1

    def passes_by(self, path: str, patterns: Patterns) -> bool:
        """Whether it never opens the file: the root, a folder below it, or the file matches."""
        names = path.split("/")
        below = ("/".join(names[:depth]) for depth in range(self._depth + 1, len(names) + 1))
        return any(patterns.allow(name) for name in (self._root, *below))


class _Scan:
    def __init__(self, loaded: Loaded, version: Version) -> None:
        self.loaded, self.version = loaded, version
        known = table()
        self.subject = known.effect("regex-subject", version)
        self.group = known.effect("default-group", version)
        self.folds_stopwords = known.effect("stopword-case", version) == "insensitive"
        self.folds_commits = known.effect("commit-case", version) == "insensitive"
        self.needs_digit = known.effect("generic-needs-digit", version) == "yes"
        self.empty_stopword = known.effect("empty-stopword", version) == "everything"
        self.hides_later = known.effect("and-hides-later", version) == "yes"

    def reports(self, rule: GitleaksRule, lines: Sequence[Secret]) -> bool:
        if rule.skip_report or not self.has_keyword(rule, lines):
            return False
        return any(self.finds(rule, line) for line in lines) and all(
            any(self.finds(needed, line) for line in lines)
            for needed in (self.loaded.rule(identity) for identity in rule.required)
            if needed is not None
        )

    def has_keyword(self, rule: GitleaksRule, lines: Sequence[Secret]) -> bool:
        if rule.muted:
            return False
        if rule.default and any(
            rule.id == identity for line in lines for identity, _ in line.defaults
        ):
            return True  # what a default rule matches has its keyword
        if not rule.keywords:
            return not rule.default
        content = "\n".join(line.line for line in lines).lower()
        return any(keyword.lower() in content for keyword in rule.keywords)

    def finds(self, rule: GitleaksRule, line: Secret) -> bool:
        if self.path_allowed(self.loaded.allowlists, line) or self.path_allowed(
            rule.allowlists, line
        ):
            return False
        if rule.path is not None and not rule.path.finds(line.path):
            return False
        if rule.regex is None and not rule.default:
            return rule.path is not None
        return any(self.stays(rule, hit, line) for hit in self.hits(rule, line))

    def stays(self, rule: GitleaksRule, hit: GitleaksHit, line: Secret) -> bool:
        lists = (*self.loaded.allowlists, *rule.allowlists)
        if any(self.hit_allowed(allowlist, hit, line) for allowlist in lists):
            return False
        if not rule.entropy:
            return True
        if shannon_entropy(hit.secret) <= rule.entropy:
            return False
        generic = self.needs_digit and rule.id.startswith("generic")
        return not generic or any(c in "0123456789" for c in hit.secret)

    def hits(self, rule: GitleaksRule, line: Secret) -> Iterable[GitleaksHit]:
        if rule.regex is None:
            yield from (hit for identity, hit in line.defaults if identity == rule.id)
            return
        for start, end in rule.regex.find_all(line.line):
            match = line.line[start:end].strip("\n")
            secret = self.secret(rule, match)
            if secret is not None:
                yield GitleaksHit(match, secret)

    def secret(self, rule: GitleaksRule, match: str) -> str | None:
        assert rule.regex is not None
        groups = rule.regex.search(match) or ()
        if rule.secret_group > 0:
            if len(groups) > rule.secret_group:
                return groups[rule.secret_group]
            # Before 8.19.0 such a match is left out; since, only if the regex found its groups.
            return (
                None if len(groups) >= 2 or self.group in ("whole-match", "only-group") else match
            )
        match self.group:
            case "only-group" if len(groups) == 2:
                return groups[1]
            case "first-group" if len(groups) == 2:
                return groups[1]
            case "first-group" | "first-non-empty-group":
                return next((group for group in groups[1:] if group), match)
            case _:
                return match

    def path_allowed(self, allowlists: Sequence[Allowlist], line: Secret) -> bool:
        for allowlist in allowlists:
            commit = self.commit_allowed(allowlist, line.commit)
            path = bool(line.path) and allowlist.paths.allow(line.path)
            if not allowlist.conjunct:
                if commit or path:
                    return True
                continue
            if allowlist.regexes.sources or allowlist.stopwords:
                if self.hides_later:
                    return False
                continue
            checks = [commit] if allowlist.commits else []
            checks += [path] if allowlist.paths.sources else []
            if all(checks):
                return True
        return False

    def hit_allowed(self, allowlist: Allowlist, hit: GitleaksHit, line: Secret) -> bool:
        regex = allowlist.regexes.allow(self.target(allowlist, hit, line))
        stopword = self.has_stopword(allowlist, hit.secret)
        if not allowlist.conjunct:
            return regex or stopword
        checks = [self.commit_allowed(allowlist, line.commit)] if allowlist.commits else []
        checks += [allowlist.paths.allow(line.path)] if allowlist.paths.sources else []
        checks += [regex] if allowlist.regexes.sources else []
        checks += [stopword] if allowlist.stopwords else []
        return all(checks)

    def target(self, allowlist: Allowlist, hit: GitleaksHit, line: Secret) -> str:
        if allowlist.regex_target == "line":
            return line.line
        if self.subject == "match" or allowlist.regex_target == "match":
            return hit.match
        return hit.secret

    def has_stopword(self, allowlist: Allowlist, secret: str) -> bool:
        if "" in allowlist.stopwords and self.empty_stopword and secret:
            return True
        words = [word for word in allowlist.stopwords if word]
        if self.folds_stopwords:
            folded = secret.lower()
            return any(word.lower() in folded for word in words)
        return any(word in secret for word in words)

    def commit_allowed(self, allowlist: Allowlist, commit: str | None) -> bool:
        if not commit:
            return False
        if self.folds_commits:
            return commit.lower() in {known.strip().lower() for known in allowlist.commits}
        return commit in allowlist.commits


def shannon_entropy(text: str) -> float:
    """Bits a character; gitleaks divides by the number of bytes (detect/utils.go)."""
    if not text:
        return 0.0
    length = len(text.encode("utf-8", "surrogateescape"))
    return -sum(count / length * math.log2(count / length) for count in Counter(text).values())
