"""Whether an entry matches the fixture of its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalpolicy.artifacts.model_names import model_family
from evalpolicy.artifacts.provenance import ProvenanceEntry
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.facts.recordings.shown import RecordedAgents
from evalpolicy.fleet.fixture_names import Decoding
from evalpolicy.fleet.fleet import Fixture, Fleet
from evalpolicy.policy.rule import Hit, rule

_NAMED = (("benchmark", "benchmark"), ("task_id", "task"), ("agent", "agent"))


@rule("PRV004", "provenance-contradicts", "error")
def provenance_contradicts(
    fleet: Fleet, provenance: ProvenanceFile, recorded: Mapping[str, RecordedAgents]
) -> Iterator[Hit]:
    """An entry contradicts the fixture's name or content on benchmark, task, agent or model.

    An entry that fits one reading of an ambiguous name resolves it. The agent that the content
    shows is compared too (a variant such as `codex-x` sends what `codex` sends), and so are the
    models that replied, without provider and dated snapshot.

    ## Why

    52 fixtures of the reference fleet carry the name of an agent other than the one whose user
    agent is recorded in them, and 137 more show another agent's prompt: an entry that
    repeats the name makes the error official.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"benchmark": "arc", "task_id": "1", "agent": "codex"}}
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"benchmark": "arc", "task_id": "0", "agent": "codex"}}
    ```

    ## Exempt

    Fields that are null or missing, and a fixture whose name does not consist of a known benchmark
    and agent (FIX001). If several models replied, the entry may name any of them (FIX007).
    """
    for fixture in fleet.fixtures:
        entry = provenance.entries.get(fixture.stem)
        if entry is None:
            continue
        yield from _against_name(provenance, fixture, entry)
        if (content := recorded.get(fixture.path)) is not None:
            yield from _against_content(provenance, fixture, entry, content)


def _against_name(
    provenance: ProvenanceFile, fixture: Fixture, entry: ProvenanceEntry
) -> Iterator[Hit]:
    if not fixture.readings:
        return
    for field, part in min((_differing(entry, r) for r in fixture.readings), key=len):
        yield Hit(
            provenance.path,
            f"{field} is {entry.text(field)!r}, but the fixture's name contains {part!r}",
            entry.span_of(field),
            "correct the entry, or rename the fixture",
            fixture.stem,
            field,
        )


def _differing(entry: ProvenanceEntry, reading: Decoding) -> list[tuple[str, str]]:
    """The fields that differ from this reading of the name, with the values in the name."""
    named = ((field, str(getattr(reading, part))) for field, part in _NAMED)
    return [(field, part) for field, part in named if entry.text(field) not in (None, part)]


def _against_content(
    provenance: ProvenanceFile, fixture: Fixture, entry: ProvenanceEntry, content: RecordedAgents
) -> Iterator[Hit]:
    agent, client = entry.text("agent"), content.client
    if agent is not None and client is not None and not client.is_agent(agent):
        shown = "user agent" if client.by == "user_agent" else "prompt"
        yield Hit(
            provenance.path,
            f"agent is {agent!r}, but the {shown} in the recording is that of {client.agent}",
            entry.span_of("agent"),
            f"see line {client.line} of {fixture.path}; if the agent is not known, set it to null "
            'and evidence.agent to "unknown: …"',
            fixture.stem,
            "agent-recorded",
        )
    model = entry.text("model")
    if model is not None and content.families and model_family(model) not in content.families:
        names = ", ".join(name for name, _ in content.models)
        yield Hit(
            provenance.path,
            f"model is {model!r}, but the recorded replies are from {names}",
            entry.span_of("model"),
            "correct the entry, or record the run again",
            fixture.stem,
            "model",
        )


@rule("PRV008", "provenance-digest", "error")
def provenance_digest(
    fleet: Fleet, provenance: ProvenanceFile, recorded: Mapping[str, RecordedAgents]
) -> Iterator[Hit]:
    """A fixture's SHA-256 differs from the recorded one: it was edited after its capture.

    For an LFS pointer the digest of the object it points to counts. Two files with the same name
    and different suffixes share an entry; its digest has to match one of them.

    ## Why

    A fixture is evidence, and evidence must not be edited: in the reference fleet recorded
    fixtures were reshaped in place (715a4c4d), and could no longer be distinguished from originals.

    ## Example

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": [{}]}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"sha256": "e401b3a2fa0f812315c8e48c240b7ceeae79ad14cd1c4af61ec8d46aed80c95c"}}
    ```

    ## Fixed

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"sha256": "e401b3a2fa0f812315c8e48c240b7ceeae79ad14cd1c4af61ec8d46aed80c95c"}}
    ```

    ## Exempt

    An entry without a digest, and a fixture whose content is not available (reported as a
    problem).
    """
    digests: dict[str, set[str]] = {}
    for fixture in fleet.fixtures:
        if (content := recorded.get(fixture.path)) is not None:
            digests.setdefault(fixture.stem, set()).add(content.sha256)
    for stem, found in digests.items():
        entry = provenance.entries.get(stem)
        noted = entry.text("sha256") if entry else None
        if entry is not None and noted is not None and noted not in found:
            yield Hit(
                provenance.path,
                f"{stem} was changed after it was recorded: its SHA-256 is {min(found)}",
                entry.span_of("sha256"),
                "restore the fixture (`git log` shows the change), or record the run again: "
                f"`evalpolicy provenance record {stem} --replace`",
                stem,
            )
