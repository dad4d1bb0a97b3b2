"""Records the entry of one fixture, including values that a person gives."""

from __future__ import annotations

from collections.abc import Mapping

from evalpolicy.artifacts.provenance import FIELDS
from evalpolicy.config.reading import Config
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.fleet.fleet import Fixture, Fleet
from evalpolicy.matching.json_schema import violations
from evalpolicy.matching.nearest import nearest
from evalpolicy.matching.shipped import schema
from evalpolicy.provenance.backfill import witnesses
from evalpolicy.provenance.entries import entry
from evalpolicy.provenance.state import Known
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.cache import Cache

_REQUIRED = (
    "benchmark",
    "task_id",
    "agent",
    "agent_version",
    "model",
    "benchmark_data_revision",
    "captured",
    "release_tag",
)


def record(
    snapshot: Snapshot,
    config: Config,
    provenance: ProvenanceFile,
    named: str,
    told: Mapping[str, object],
    unknown: Mapping[str, str],
    cache: Cache,
) -> tuple[str, dict[str, object]]:
    """The name and the entry of the fixture `named` (a path or a name).

    `told` are values by field, `unknown` the reasons for fields that nobody knows. Raises
    `UsageError` if a required value is neither shown nor given, and if the recording
    shows a different agent than the name and no agent was given.
    """
    fleet = Fleet(snapshot, config.layout, cache)
    fixture = fixture_named(fleet, named)
    given: dict[str, object] = dict(told)
    given |= {name: Known.unknown(why) for name, why in unknown.items()}
    with witnesses(snapshot, config, fleet, cache, [fixture], given) as evidences:
        [evidence] = evidences
        made = entry(evidence)
        contradiction, reading = evidence.contradiction, evidence.reading
    if evidence.unreadable:
        raise NotCheckedError(f"{fixture.path}: {evidence.unreadable}; nothing was recorded")
    if evidence.recorded and evidence.recorded.problem:
        raise NotCheckedError(f"{fixture.path}: {evidence.recorded.problem}; nothing was recorded")
    if made is None:
        raise UsageError(
            f"{fixture.stem} names no known benchmark and agent: rename it, or give --benchmark, "
            "--task and --agent"
        )
    if contradiction and reading and "agent" not in given:
        raise UsageError(
            f"{fixture.stem} is named after {reading.agent}, and the recording shows "
            f"{contradiction}: rename the fixture, or say with --agent who recorded it"
        )
    _complete(made, given)
    broken = violations(schema("provenance"), {fixture.stem: made})
    if broken:
        where = ".".join(map(str, broken[0].path[1:])) or "the entry"
        raise UsageError(f"{where}: {broken[0].message}")
    return fixture.stem, made


def fixture_named(fleet: Fleet, named: str) -> Fixture:
    """The one fixture with this path or this name. Raises `UsageError`."""
    found = [f for f in fleet.fixtures if named in (f.path, f.stem, f.path.rpartition("/")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(f.path for f in found)
        raise UsageError(f"{named} matches several fixtures: {paths}")
    close = nearest(named, [f.stem for f in fleet.fixtures])
    hint = f": did you mean {close}?" if close else f" in {fleet.snapshot.place}"
    raise UsageError(f"no fixture {named}{hint}")


def _complete(made: Mapping[str, object], given: Mapping[str, object]) -> None:
    """Raises `UsageError` for required values that are neither shown nor given."""
    evidence = made["evidence"]
    assert isinstance(evidence, dict), "every entry that is made has evidence"
    missing = [
        f"{field} ({str(evidence.get(field, 'unknown: not given')).removeprefix('unknown: ')})"
        for field in FIELDS
        if field in _REQUIRED and made.get(field) is None and field not in given
    ]
    if missing:
        raise UsageError(
            f"there is no evidence for {'; '.join(missing)}: give each with its option, or the "
            "reason why it is unknown: --unknown 'FIELD=WHY'"
        )
