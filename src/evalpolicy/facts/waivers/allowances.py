"""`[[allow]]`: findings that the configuration waives, each with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.config.allowance import Allowance
from evalpolicy.errors import UsageError
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Finding, Rule
from evalpolicy.policy.selection import ALL, KnownRules, UndecidedError, matching
from evalpolicy.snapshot import Snapshot, Unreadable

# Source text is compared in files up to this size (bytes); in larger ones only the words are.
_LIMIT = 1 << 20
# What makes a glob of a path, and whatever else might mean more than itself.
_GLOB = re.compile(r"[^\w./-]|^[./]|/$")


class Allowances:
    """All allowances of a configuration, and which of them are used.

    A finding is allowed where `rule` stands for its rule, `path` matches its path, and `match`
    (if there is one) occurs, letter for letter, in its subject, in what it is about, in its
    message or in the source text that it points at.

    Raises `UsageError` for an unknown rule, and for one that judges waivers itself. One
    of a plug-in that could not be loaded stands for nothing.
    """

    def __init__(
        self,
        items: tuple[Allowance, ...],
        source: str | None,
        snapshot: Snapshot,
        known: KnownRules,
    ):
        self._known = known
        self.items = items
        self.source = source or ""
        self.used: set[int] = set()
        self._snapshot = snapshot
        self._texts: dict[str, list[str]] = {}
        self._known_pairs: dict[tuple[str, str], list[int]] = {}
        self._meant = [self._rules(item) for item in items]

    def covers(self, finding: Finding) -> Allowance | None:
        """The first allowance that covers a finding; each that does counts as used."""
        found = None
        for number in self._about(finding.rule, finding.path):
            if self._matches(self.items[number].match, finding):
                self.used.add(number)
                found = found or self.items[number]
        return found

    def _about(self, rule: str, path: str) -> list[int]:
        """The numbers of the allowances of a rule that match a path, in their order."""
        if (rule, path) not in self._known_pairs:
            literal, globs = self._by_rule.get(rule, ({}, []))
            matching = [number for number in globs if path in self._globs[number]]
            self._known_pairs[rule, path] = sorted([*literal.get(path, ()), *matching])
        return self._known_pairs[rule, path]

    @cached_property
    def _by_rule(self) -> dict[str, tuple[dict[str, list[int]], list[int]]]:
        """Of each rule the allowances of one path each, by it, and those of globs."""
        found: dict[str, tuple[dict[str, list[int]], list[int]]] = {}
        for number, item in enumerate(self.items):
            for rule in self._meant[number]:
                literal, globs = found.setdefault(rule.id, ({}, []))
                if _GLOB.search(item.path):
                    globs.append(number)
                else:
                    literal.setdefault(item.path, []).append(number)
        return found

    def unused(self) -> Iterator[tuple[Allowance, tuple[Rule, ...]]]:
        """Those that covered nothing, with the rules that they name."""
        for number, item in enumerate(self.items):
            if number not in self.used and self._meant[number]:
                yield item, self._meant[number]

    @cached_property
    def _globs(self) -> list[Globs]:
        return [Globs([item.path]) for item in self.items]

    def _rules(self, item: Allowance) -> tuple[Rule, ...]:

        where = f"{self.source}:{item.line}: allow.rule"
        if item.rule.strip().upper() == ALL:
            raise UsageError(f"{where}: name a rule or a family: not everything can be allowed")
        try:
            rules = matching(item.rule, self._known)
        except UndecidedError:
            return ()
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
        if any(rule.on_waivers for rule in rules if rules[1:] == ()):
            raise UsageError(f"{where}: {item.rule} cannot be allowed: it reports on allowances")
        return tuple(rule for rule in rules if not rule.on_waivers)

    def _matches(self, text: str, finding: Finding) -> bool:
        if not text:
            return True
        words = (finding.subject, finding.about, finding.message)
        return any(text in word for word in words) or text in self._source(finding)

    def _source(self, finding: Finding) -> str:
        if finding.path not in self._texts:
            try:
                content = self._snapshot.read(finding.path, _LIMIT)
            except Unreadable:
                content = b""
            text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
            self._texts[finding.path] = text.split("\n")
        return flagged(self._texts[finding.path], finding.span)


def flagged(lines: list[str], span: Span) -> str:
    """The text of a span: from its first column to before its last one."""
    part = lines[span.line - 1 : span.end_line]
    if not part:
        return ""
    if span.end_line - span.line < len(part):
        part[-1] = part[-1][: span.end_column - 1]
    part[0] = part[0][span.column - 1 :]
    return "\n".join(part)
