"""A configuration as one gitleaks version holds it in memory: rules, allowlists, patterns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.source import Problem, Span
from evalpolicy.artifacts.syntax.toml_spans import Table
from evalpolicy.scanners.gitleaks.goregex import GoRegex
from evalpolicy.scanners.gitleaks.patterns import Patterns

RegexTarget: TypeAlias = Literal["secret", "match", "line"]
ReadFile: TypeAlias = Callable[[str], "bytes | None"]
"""A file's bytes by its path from the repository's root; None if it is not there."""


class LoadError(Struct, frozen=True):
    """Why a version rejects a configuration, and where; `path` is set for an extended file.

    Not `certain` is what this tool's own limits rejected: gitleaks might load it.
    """

    message: str
    span: Span
    path: str | None = None
    certain: bool = True


class Allowlist(Struct, frozen=True):
    """An allowlist in force; `node` is the table it was written as."""

    node: Table
    path: str | None
    conjunct: bool = False
    commits: tuple[str, ...] = ()
    paths: Patterns = field(default_factory=Patterns)
    regex_target: RegexTarget = "secret"
    regexes: Patterns = field(default_factory=Patterns)
    stopwords: tuple[str, ...] = ()


class GitleaksRule(Struct, frozen=True):
    """A rule in force; of a `default` one only the id and what was merged into it is known."""

    id: str
    node: Table | None = None
    default: bool = False
    regex: GoRegex | None = None
    path: GoRegex | None = None
    entropy: float = 0.0
    secret_group: int = 0
    keywords: tuple[str, ...] = ()
    skip_report: bool = False
    required: tuple[str, ...] = ()
    allowlists: tuple[Allowlist, ...] = ()
    muted: bool = False
    """Its keywords are lost to the pre-filter, so that it never runs."""

    @property
    def silent(self) -> bool:
        """Whether it can never find anything."""
        return not self.default and self.regex is None and self.path is None


class Loaded(Struct, frozen=True):
    """What a version works with after it has read a configuration and what it extends."""

    rules: tuple[GitleaksRule, ...]
    allowlists: tuple[Allowlist, ...]
    extends_default: bool = False
    disabled: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    dropped: tuple[Allowlist, ...] = ()
    files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def rule(self, identity: str) -> GitleaksRule | None:
        return next((rule for rule in self.rules if rule.id == identity), None)

    def with_rules(self, rules: Sequence[GitleaksRule]) -> Loaded:
        return replace(self, rules=tuple(rules))
