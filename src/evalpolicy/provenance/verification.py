"""Compares fixtures with their entries, and reports what could not be verified."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from evalpolicy.config.reading import Config
from evalpolicy.engine.check import check
from evalpolicy.errors import NotCheckedError
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.report import FileProblem, Report
from evalpolicy.provenance.recording import fixture_named
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.cache import Cache

_RULES = ("PRV001", "PRV003", "PRV004", "PRV008")


def verify(
    snapshot: Snapshot, config: Config, named: Sequence[str], cache: Cache
) -> tuple[Report, int]:
    """The report on these fixtures (all if none is named), and their number.

    An entry without a digest proves nothing of the content, so it is a problem here. Raises
    `UsageError` for an unknown name, and `NotCheckedError` if there are no fixtures.
    """
    report = check(snapshot, config, chosen=_RULES, cache=cache)
    fleet = Fleet(snapshot, config.layout, cache)
    if not fleet.fixtures:
        raise NotCheckedError(
            f"no fixture in {snapshot.place}: set [layout] fixtures in evalpolicy.toml"
        )
    chosen = [fixture_named(fleet, name) for name in named] or list(fleet.fixtures)
    stems = {fixture.stem for fixture in chosen}
    provenance = ProvenanceFile(snapshot, config.layout.provenance, cache)
    paths = {provenance.path, *(fixture.path for fixture in chosen)}
    problems = [p for p in report.problems if p.path in paths]
    problems += [
        FileProblem(
            provenance.path,
            entry.span.line,
            f"{stem} cannot be verified: its entry holds no sha256",
        )
        for stem, entry in provenance.entries.items()
        if stem in stems and entry.text("sha256") is None
    ]
    findings = [f for f in report.findings if not named or f.subject in stems or not f.subject]
    return replace(report, findings=findings, problems=sorted(problems)), len(chosen)
