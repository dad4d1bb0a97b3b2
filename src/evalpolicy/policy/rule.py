"""Rules and their findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import START, Span, SpanRow
from evalpolicy.policy.fix import Fix, FixRow

if TYPE_CHECKING:
    from evalpolicy.snapshot.submission.change import Submission

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Worst first."""

HitRow: TypeAlias = tuple[str, SpanRow, str, str, str, Severity | None, FixRow | None, str]
"""A hit as it is cached, without its path (see `Hit.row`)."""

_ID = re.compile(r"[A-Z]{3}[0-9]{3}")


class Hit(Struct, frozen=True):
    """What a rule yields: where its file has to change, and why.

    `subject` names the part of the fleet that is concerned (a benchmark, a fixture); `about`
    distinguishes hits with the same subject, independent of lines (a label's key). `severity`
    overrides the rule's own if it has several; configuration overrides both. `fix` removes the
    finding. `cause` is what hits of one rule share if one reason explains them all (the file that
    is gone, the hook whose limit they exceed): a report says such hits once, with their number.
    It is never shown. Without it, a hit shares its cause only with those that have the same path,
    subject and `about`.
    """

    path: str
    message: str
    span: Span = START
    help: str = ""
    subject: str = ""
    about: str = ""
    severity: Severity | None = None
    fix: Fix | None = None
    cause: str = ""

    @property
    def row(self) -> list[Any]:
        """The hit as JSON-able values, without its path."""
        fix = self.fix and self.fix.row
        return [
            self.message, self.span, self.help, self.subject, self.about, self.severity, fix,
            self.cause,
        ]  # fmt: skip

    @classmethod
    def from_row(cls, path: str, row: HitRow) -> Hit:
        message, where, help, subject, about, severity, fix, cause = row
        proposed = Fix.from_row(fix) if fix else None
        return cls(path, message, Span(*where), help, subject, about, severity, proposed, cause)


RuleFunction: TypeAlias = Callable[..., Iterator[Hit]]


class Plugin(NamedTuple):
    """The source of a rule that is not built in: an entry point and its package.

    `stamp` identifies the exact code of the package.
    """

    name: str
    package: str
    version: str
    stamp: str

    @property
    def source(self) -> str:
        """The package and its version."""
        return f"{self.package} {self.version}".strip()


class Deferred:
    """A rule's function, imported when it is first called or its documentation is read."""

    def __init__(self, module: str, name: str) -> None:
        self.__module__ = module
        self.__name__ = name

    @cached_property
    def function(self) -> RuleFunction:
        from importlib import import_module

        function: RuleFunction = getattr(import_module(self.__module__), self.__name__)
        return function

    def __call__(self, **facts: Any) -> Iterator[Hit]:
        return self.function(**facts)


class Rule(Struct, frozen=True):
    """One rule: `function` with its id, its name and its documentation.

    `needs` are the facts that the function asks for, by the names of its parameters (see
    `evalpolicy.facts.facts.Facts`). A rule with `default=False` runs only where configuration or
    `--select` names it.
    """

    id: str
    name: str
    severity: Severity
    function: RuleFunction
    needs: tuple[str, ...]
    default: bool = True
    plugin: Plugin | None = None

    @property
    def kept_as(self) -> str:
        """The cache key of its findings: those of a plug-in are only valid for its exact code."""
        return self.id if self.plugin is None else f"{self.id} {self.plugin.stamp}"

    @property
    def per_unit(self) -> bool:
        """Whether the rule is called once per unit, and only sees what belongs to it."""
        return "unit" in self.needs

    @property
    def on_replays(self) -> bool:
        """Whether the rule judges replays, which only `evalpolicy replay run` makes."""
        return "replays" in self.needs

    def judges(self, change: Submission | None, replays: bool = False) -> bool:
        """Whether the rule has something to judge: those on submissions need one (see `Facts`)."""
        if self.on_replays:
            return replays
        if "comparison" in self.needs or "submitted_files" in self.needs:
            return change is not None and change.comparison is not None
        return "change" not in self.needs or change is not None

    @property
    def per_dockerfile(self) -> bool:
        """Whether the rule is called once per Dockerfile, and sees nothing else."""
        return "dockerfile" in self.needs or "place" in self.needs

    @property
    def on_waivers(self) -> bool:
        """Whether the rule judges waivers, which happens after all other rules."""
        return "waivers" in self.needs

    @property
    def family(self) -> str:
        return self.id[:3]

    @property
    def documentation(self) -> str:
        """The docstring, which is the rule's page (Markdown)."""
        from inspect import cleandoc

        function = self.function
        if isinstance(function, Deferred):
            function = function.function
        return cleandoc(function.__doc__ or "")

    @property
    def title(self) -> str:
        """The first paragraph of the documentation, on one line."""
        return " ".join(self.documentation.split("\n\n", 1)[0].split())


def rule(
    id: str, name: str, severity: Severity, *, default: bool = True
) -> Callable[[RuleFunction], RuleFunction]:
    """Turns a function that yields `Hit`s into a rule; its parameters name the facts it gets."""
    if not _ID.fullmatch(id):
        raise ValueError(f"{id!r} is not a rule id: use three letters and three digits")

    def decorate(function: RuleFunction) -> RuleFunction:
        made = Rule(id, name, severity, function, parameters(function), default)
        vars(function)["rule"] = made  # a mark that the index looks for
        return function

    return decorate


def parameters(function: Callable[..., object]) -> tuple[str, ...]:
    """The names of a function's parameters, or of those that make an object of a class."""
    from inspect import signature

    return tuple(signature(function).parameters)


class Finding(Struct, frozen=True):
    """A hit together with its rule's id, name and severity, which every reporter gets."""

    rule: str
    name: str
    severity: Severity
    path: str
    span: Span
    message: str
    help: str = ""
    subject: str = ""
    about: str = ""
    fix: Fix | None = None
    cause: str = ""

    @property
    def fixable(self) -> bool:
        return self.fix is not None

    @property
    def fingerprint(self) -> str:
        """Identifies this finding across commits, without its line and message (hex, 128 bits)."""
        return _digest(self.rule, self.path, self.subject, self.about)

    @property
    def cause_id(self) -> str:
        """Equal for findings that have one cause (hex, 128 bits; see `Hit.cause`)."""
        return _digest(self.rule, self.cause) if self.cause else self.fingerprint

    @property
    def order(self) -> tuple[str, int, int, str, str, str]:
        """Findings are sorted by path, line, column, rule; then by what they are about."""
        span = self.span
        return (self.path, span.line, span.column, self.rule, self.about, self.message)


def _digest(*parts: str) -> str:
    text = "\0".join(parts)
    try:
        content = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a pair, as JSON may have it
        content = text.encode("utf-8", "surrogatepass")
    return sha256(content).hexdigest()[:32]


class Failure(NamedTuple):
    """A rule that failed: in the file that it was called for, or (None) in the whole fleet."""

    rule: Rule
    path: str | None
    reason: str
