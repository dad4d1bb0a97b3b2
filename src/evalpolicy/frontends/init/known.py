"""Proposes a baseline of today's findings, so that only new ones fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evalpolicy.config.reading import Config
from evalpolicy.engine.check import check
from evalpolicy.errors import NotCheckedError
from evalpolicy.facts.waivers import baseline as baselines
from evalpolicy.facts.waivers.baseline import BASELINE_FILE, Baseline
from evalpolicy.frontends.init import NoProposal, Proposal
from evalpolicy.policy.rule import Finding
from evalpolicy.reporters.text import count
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.cache import Cache


def propose(snapshot: Snapshot, config: Config, cache: Cache) -> Proposal | NoProposal:
    """The baseline of the findings with `config` in the snapshot."""
    if BASELINE_FILE in snapshot.entries or BASELINE_FILE in snapshot.folders:
        return NoProposal(
            BASELINE_FILE, "already exists; `evalpolicy baseline prune` keeps it up to date"
        )
    try:
        report = check(snapshot, config, cache=cache, baseline=Baseline({}))
    except NotCheckedError as error:
        return NoProposal(BASELINE_FILE, f"not proposed: {error}")
    if report.problems:
        first = report.problems[0]
        return NoProposal(
            BASELINE_FILE,
            f"not proposed, because something could not be checked: {first.path}:{first.line}: "
            f"{first.message}",
        )
    of_exceptions = {rule.id for rule in report.rules if rule.on_waivers}
    found = [finding for finding in report.findings if finding.rule not in of_exceptions]
    if not found:
        return NoProposal(BASELINE_FILE, "there are no findings, so no baseline is needed")
    return Proposal(
        snapshot.prefix + BASELINE_FILE,
        None,
        baselines.render(baselines.of(found)),
        f"accepts today's {count(len(found), 'finding')}; `check` reports only new ones",
        "fix them one by one, then run `evalpolicy baseline prune`",
        _by_rule(found),
    )


def _by_rule(found: Sequence[Finding]) -> list[str]:
    """The number of findings of each rule, the most frequent first."""
    counted = Counter((finding.rule, finding.name) for finding in found)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [f"{number:>5,}  {id} {name}" for (id, name), number in ordered]
