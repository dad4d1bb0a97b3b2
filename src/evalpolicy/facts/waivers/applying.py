"""Waivers of findings: comments in files, `[[allow]]`, and the baseline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from evalpolicy.config.allowance import Allowance
from evalpolicy.errors import UsageError
from evalpolicy.facts.waivers.allowances import Allowances
from evalpolicy.facts.waivers.baseline import Baseline, BaselineRow
from evalpolicy.facts.waivers.suppressions import Suppression
from evalpolicy.policy.report import Waived
from evalpolicy.policy.rule import Finding, Rule
from evalpolicy.policy.selection import ALL, KnownRules, UndecidedError, matching

if TYPE_CHECKING:
    from evalpolicy.facts.in_force import Honoured


class StaleRow(NamedTuple):
    """A row of the baseline: how often it may occur, and how often it occurs."""

    row: BaselineRow
    line: int
    allowed: int
    occurs: int
    known: bool


class Waivers:
    """Applies them to the findings of one run, and knows which of them had no effect.

    `ran` and `standing` are rule ids: those that were run, and those that a run without
    selection would run. Nothing is called unused unless all that it speaks of was run.
    `reported` tells which paths are, `unread` are those that could not be checked: of both
    nothing is said, and all others count. `known` are the rules that there are. `honoured` says
    which waivers count, where not all do.
    """

    def __init__(
        self,
        suppressions: Sequence[Suppression],
        allowances: Allowances,
        baseline: Baseline | None,
        *,
        ran: Collection[str],
        standing: Callable[[], Collection[str]],
        reported: Callable[[str], bool] = lambda _: True,
        unread: Collection[str] = (),
        known: KnownRules,
        honoured: Honoured | None = None,
    ) -> None:
        self._known = known
        self._honoured = honoured
        self.refused: list[Waived] = []
        """The findings that a waiver would cover if it also existed at the base."""
        self.refused_comments: dict[Suppression, list[Finding]] = {}
        """Those of them that comments would cover."""
        self.suppressions = suppressions
        self.allowances = allowances
        self.baseline = baseline
        self._reported = reported
        self._unread = frozenset(unread)
        self._ran = frozenset(ran)
        self._standing = standing
        self._used: set[tuple[int, str]] = set()
        self.occurs: dict[BaselineRow, int] = {}
        self._meant: dict[str, frozenset[str] | UsageError] = {}
        self._by_line: dict[tuple[str, int], list[int]] = {}
        for number, item in enumerate(suppressions):
            for line in item.covers:
                self._by_line.setdefault((item.path, line), []).append(number)

    def settle(self, findings: Iterable[Finding]) -> tuple[list[Finding], list[Waived]]:
        """The remaining findings and the waived ones, both in their order."""
        kept: list[Finding] = []
        waived: list[Waived] = []
        for finding in findings:
            why = self._why(finding)
            if why is None:
                kept.append(finding)
            else:
                waived.append(why)
        return kept, waived

    def _why(self, finding: Finding) -> Waived | None:
        comment, stood = self._commented(finding)
        allowance = self.allowances.covers(finding)  # used, whatever else covers it
        if comment is not None and stood:
            return Waived(finding, "comment", comment.reason)
        if allowance is not None and (self._honoured is None or self._honoured.allows(finding)):
            return Waived(finding, "allowance", allowance.reason)
        row, counts = self._counted(finding)
        if row is not None and counts:
            return row
        if comment is not None:
            self.refused_comments.setdefault(comment, []).append(finding)
            self.refused.append(Waived(finding, "comment", comment.reason))
        elif allowance is not None:
            self.refused.append(Waived(finding, "allowance", allowance.reason))
        elif row is not None:
            self.refused.append(row)
        return None

    def _counted(self, finding: Finding) -> tuple[Waived | None, bool]:
        """The row of the baseline that covers one more such finding, and whether it counts."""
        if self.baseline is None:
            return None, False
        row = BaselineRow.of(finding)
        occurs = self.occurs[row] = self.occurs.get(row, 0) + 1
        if occurs > self.baseline.rows.get(row, 0):
            return None, False
        waived = Waived(finding, "baseline", f"in {self.baseline.path}")
        return waived, self._honoured is None or occurs <= self._honoured.times(row)

    def _commented(self, finding: Finding) -> tuple[Suppression | None, bool]:
        """The comment that covers a finding, and whether it counts; one that does comes first."""
        found: Suppression | None = None
        counts = False
        for number in self._by_line.get((finding.path, finding.span.line), ()):
            item = self.suppressions[number]
            if not item.reason:
                continue
            for selector in item.selectors:
                meant = self.meant(selector)
                if not isinstance(meant, UsageError) and finding.rule in meant:
                    self._used.add((number, selector))
                    stood = self._honoured is None or self._honoured.comment(item, selector)
                    if found is None or (stood and not counts):
                        found, counts = item, stood
        return found, counts

    def meant(self, selector: str) -> frozenset[str] | UsageError:
        """The ids of the rules that a comment's word stands for and may hide, or why none."""
        if selector not in self._meant:
            self._meant[selector] = _meant(selector, self._known)
        return self._meant[selector]

    def unused(self) -> Iterator[tuple[Suppression, tuple[str, ...]]]:
        """Comments with those of their words that hid nothing, although their rules ran."""
        for number, item in enumerate(self.suppressions):
            if not item.reason or not self._reported(item.path) or item.path in self._unread:
                continue
            idle = tuple(
                selector
                for selector in item.selectors
                if (number, selector) not in self._used
                and not isinstance(meant := self.meant(selector), UsageError)
                and self._all_ran(meant)
            )
            if idle:
                yield item, idle

    def unknown(self) -> Iterator[tuple[Suppression, str, str]]:
        """Comments with each word that is not a rule, and the reason why."""
        for item in self.suppressions:
            if not self._reported(item.path):
                continue
            if not item.selectors:
                yield item, "", "it names no rule: write ignore[ID] and the reason"
            for selector in item.selectors:
                if isinstance(why := self.meant(selector), UsageError):
                    yield item, selector, str(why)

    def without_reason(self) -> Iterator[Suppression]:
        for item in self.suppressions:
            if not item.reason and self._reported(item.path):
                yield item

    def unused_allowances(self) -> Iterator[Allowance]:
        if not self._reported(self.allowances.source):
            return
        for item, rules in self.allowances.unused():
            if self._all_ran(frozenset(rule.id for rule in rules)):
                yield item

    def stale(self) -> Iterator[StaleRow]:
        """Rows that occur less often than they may, and whose rule ran or no longer exists."""
        if self.baseline is None:
            return
        for row, allowed in sorted(self.baseline.rows.items()):
            occurs = self.occurs.get(row, 0)
            if occurs >= allowed or not self._reported(row.path) or row.path in self._unread:
                continue
            known = not isinstance(_meant(row.rule, self._known), UsageError)
            if row.rule in self._ran or not known:
                line = self.baseline.lines.get(row, 1)
                yield StaleRow(row, line, allowed, occurs, known)

    def _all_ran(self, ids: frozenset[str]) -> bool:
        if ids <= self._ran:
            return True
        expected = ids & self._standing_ids
        return bool(expected) and expected <= self._ran

    @cached_property
    def _standing_ids(self) -> frozenset[str]:
        return frozenset(self._standing())


def _meant(selector: str, known: KnownRules) -> frozenset[str] | UsageError:

    if selector.upper() == ALL:
        return UsageError(f"{selector} is not a rule or a family: name one")
    try:
        rules: tuple[Rule, ...] = matching(selector, known)
    except UndecidedError:
        # A rule that did not run, as far as can be determined.
        return frozenset({selector})
    except UsageError as error:
        return error
    return frozenset(rule.id for rule in rules if not rule.on_waivers)
