"""An entry from evidence. Values without evidence are null, with the reason; none is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from msgspec import Struct

from evalpolicy.artifacts.provenance import FIELDS
from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.facts.recordings.shown import RecordedAgents, ShownAgent
from evalpolicy.facts.recordings.versions import is_version
from evalpolicy.fleet.fixture_names import Decoding
from evalpolicy.fleet.fleet import Fixture
from evalpolicy.fleet.run_inputs import changed
from evalpolicy.fleet.units import Role
from evalpolicy.provenance.history import Arrival
from evalpolicy.provenance.state import FleetState, Known
from evalpolicy.scanners.shortening import shortened

_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})\Z")
_FRACTION = re.compile(r"\.\d+")
_WORDS = 80
# How many files a reason names.
_FILES = 3
# The length of an abbreviated commit id.
COMMIT_DIGITS = 12


class Earlier(Struct, frozen=True):
    """The fleet at the last commit before a capture, and at the parent of the one that added it."""

    at_capture: FleetState
    at_parent: FleetState


class EntryEvidence(Struct, frozen=True):
    """All evidence for one fixture.

    `recorded` is None where the fixture's bytes are not there; `unreadable` says why then, and
    also for an LFS pointer, whose content is missing. `state` is the fleet when the recording came
    in: that of the commit `arrival`, or the present one for a fixture that is not committed.
    `earlier` is None where the time of the capture is not known or nothing was committed. `told`
    are the values that a person gave.
    """

    fixture: Fixture
    recorded: RecordedAgents | None
    state: FleetState
    earlier: Earlier | None = None
    arrival: Arrival | None = None
    unreadable: str = ""
    told: Mapping[str, object] | None = None

    @property
    def original(self) -> RecordedAgents | None:
        return self.arrival.original if self.arrival else None

    @property
    def client(self) -> ShownAgent | None:
        """The agent in the recording; a user agent outweighs a prompt (conversions lose it)."""
        shown = [r.client for r in (self.original, self.recorded) if r and r.client]
        return min(shown, key=lambda client: client.by != "user_agent", default=None)

    @property
    def reading(self) -> Decoding | None:
        """The reading of the name: the longest names among those that fit the recording."""
        readings = self.fixture.readings
        return min(
            readings,
            key=lambda r: (
                self.client is None or not self.client.is_agent(r.agent),
                readings.index(r),
            ),
            default=None,
        )

    @property
    def contradiction(self) -> str | None:
        """The agent in the recording, if it is not the one in the name."""
        reading, client = self.reading, self.client
        if reading is None or client is None or client.is_agent(reading.agent):
            return None
        return client.agent


def entry(evidence: EntryEvidence) -> dict[str, object] | None:
    """The fields of the entry in their order; None if not even the name can be read."""
    told = evidence.told or {}
    reading = evidence.reading
    if reading is None and not {"benchmark", "task_id"} <= told.keys():
        return None
    fields: dict[str, Known] = {}
    if reading is not None:
        fields |= _named(evidence, reading)
    if "agent_version" not in fields:
        fields["agent_version"] = _agent_version(evidence, told.get("agent"))
    benchmark = told.get("benchmark", reading.benchmark if reading else "")
    name = str(benchmark)
    fields["benchmark_data_revision"] = _attested(
        evidence,
        ("benchmark", name),
        lambda state: state.label("benchmark", name, "eval.benchmark.data_revision"),
    )
    fields["benchmark_tree"] = _attested(
        evidence, ("benchmark", name), lambda state: state.run_inputs(name)
    )
    fields |= _models(evidence)
    fields["captured"] = _captured(evidence)
    fields["sha256"] = (
        Known(evidence.recorded.sha256, "recording")
        if evidence.recorded
        else Known.unknown(evidence.unreadable)
    )
    fields["gateway"] = Known.unknown("the recording does not name its gateway")
    fields["release_tag"] = Known.unknown("nothing says for which release it was recorded")
    fields["reward"] = Known.unknown("the fixture does not hold the grader's result")
    for field, value in told.items():
        fields[field] = value if isinstance(value, Known) else Known(value, "option")
    ordered = [field for field in FIELDS if field in fields]
    made: dict[str, object] = {field: fields[field].value for field in ordered}
    made["evidence"] = {field: fields[field].evidence for field in ordered}
    return made


def _named(evidence: EntryEvidence, reading: Decoding) -> dict[str, Known]:
    """Benchmark, task and agent from the name; the agent only if the recording agrees."""
    several = len(evidence.fixture.readings) > 1
    how = f"name: one of {len(evidence.fixture.readings)} readings" if several else "name"
    fields = {
        "benchmark": Known(reading.benchmark, how),
        "task_id": Known(reading.task, how),
    }
    told = (evidence.told or {}).get("agent")
    client = evidence.client
    if told is None and evidence.unreadable:
        fields["agent"] = Known.unknown(evidence.unreadable)
        fields["agent_version"] = Known.unknown("the agent is not known")
        return fields
    if told is None and client is not None and not client.is_agent(reading.agent):
        fields["agent"] = Known.unknown(
            f"the name says {reading.agent}, the recording shows {client.agent} ({_shown(client)})"
        )
        fields["agent_version"] = Known.unknown("the agent is not known")
        return fields
    if client is not None:
        fields["agent"] = Known(reading.agent, f"recording: {_shown(client)}")
    else:
        fields["agent"] = Known(reading.agent, how)
    fields["agent_version"] = _agent_version(evidence, reading.agent if told is None else told)
    return fields


def _shown(client: ShownAgent) -> str:
    words = " ".join(client.evidence.replace("\\n", " ").split())
    cut = "".join(c for c in shortened(words, _WORDS) if c.isprintable())
    return f"{client.by.replace('_', ' ')}: {cut}"


def _agent_version(evidence: EntryEvidence, agent: object) -> Known:
    if not isinstance(agent, str):
        return Known.unknown("the agent is not known")
    for recorded in (evidence.original, evidence.recorded):
        client = recorded.client if recorded else None
        stated = recorded.agent_version if recorded else None
        if stated and client and client.is_agent(agent):
            return Known(stated[0], f"recording: {stated[1]}")
    return _attested(evidence, ("agent", agent), lambda state: _labelled_version(state, agent))


def _labelled_version(state: FleetState, agent: str) -> Known:
    labelled = state.label("agent", agent, "eval.agent.version")
    if isinstance(labelled.value, str) and not is_version(labelled.value):
        return Known.unknown(
            f"eval.agent.version at {state.where} is {labelled.value!r}, no version"
        )
    return labelled


def _attested(
    evidence: EntryEvidence, unit: tuple[Role, str], ask: Callable[[FleetState], Known]
) -> Known:
    """What the last commit before the capture states; null if the fleet has changed by the commit.

    Who recorded may have had the change already, or not: nothing proves which. A unit that came
    in the same commit as the recording has no other state.
    """
    committed = ask(evidence.state)
    if evidence.arrival is None:
        return committed
    earlier = evidence.earlier
    if earlier is None:
        return Known.unknown("the time of the capture is not known")
    if not earlier.at_capture.holds(*unit) and not earlier.at_parent.holds(*unit):
        return committed
    captured = ask(earlier.at_capture)
    if captured.value != committed.value:
        return Known.unknown(
            f"changed between capture and commit: {_differing(captured, committed)}"
        )
    return captured


def _differing(captured: Known, committed: Known) -> str:
    """What two states say, in words: the values, or the files that differ."""
    before, after = captured.value, committed.value
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = changed(before, after)
        more = f" and {len(names) - _FILES} more" if len(names) > _FILES else ""
        return f"{', '.join(names[:_FILES])}{more}; {captured.evidence}, {committed.evidence}"
    said = (
        f"{one.value} ({one.evidence})" if isinstance(one.value, str) else one.evidence
        for one in (captured, committed)
    )
    return ", then ".join(words.removeprefix("unknown: ") for words in said)


def _models(evidence: EntryEvidence) -> dict[str, Known]:
    recorded = evidence.recorded
    if recorded is None or not recorded.models:
        unknown = Known.unknown(evidence.unreadable or "the recording names no model")
        return {"model": unknown, "model_version": unknown}
    if len(recorded.families) > 1:
        names = ", ".join(name for name, _ in recorded.models)
        unknown = Known.unknown(f"the recording shows several: {names}")
        return {"model": unknown, "model_version": unknown}
    name, turns = recorded.models[0]
    how = f"recording: {counted(turns, 'turn')}"
    dated = {found[1] for n, _ in recorded.models if (found := _DATED.search(n))}
    version = (
        Known(dated.pop(), f"recording: {name}")
        if len(dated) == 1
        else Known.unknown("the recording names no dated model")
    )
    return {"model": Known(name, how), "model_version": version}


def _captured(evidence: EntryEvidence) -> Known:
    recorded, original, arrival = evidence.recorded, evidence.original, evidence.arrival
    if original and original.started and arrival:
        at = arrival.commit[:COMMIT_DIGITS]
        return Known(_rfc3339(original.started), f"recording: as committed in {at}")
    if recorded and recorded.started:
        return Known(_rfc3339(recorded.started), "recording")
    if arrival:
        at = arrival.commit[:COMMIT_DIGITS]
        return Known.unknown(
            f"the recording has no time of its own; {at} of {arrival.date} added it"
        )
    return Known.unknown("the recording has no time of its own, and it is not committed")


def captured_at(
    recorded: RecordedAgents | None, arrival: Arrival | None, told: Mapping[str, object] | None
) -> float | None:
    """When a run was recorded (seconds since 1970): as a person says, or as a recording does."""
    given = (told or {}).get("captured")
    if given is not None:
        return _seconds(given)
    original = arrival.original if arrival else None
    for shown in (original, recorded):
        if shown and shown.started:
            return shown.started / 10**9
    return None


def _seconds(given: object) -> float | None:
    """A moment in RFC 3339; None for a bare date, and for what is not one."""
    try:
        # Python reads Z, and fractions of any length, since 3.11.
        whole = _FRACTION.sub("", str(given)).upper().replace("Z", "+00:00")
        moment = datetime.fromisoformat(whole)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def _rfc3339(nanoseconds: int) -> str:
    moment = datetime.fromtimestamp(nanoseconds // 10**9, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
