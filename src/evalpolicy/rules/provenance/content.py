"""Whether an entry is about the fixture that stands under its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalpolicy.artifacts.model_names import model_family
from evalpolicy.artifacts.provenance import Entry
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.facts.recordings.shown import Recorded
from evalpolicy.fleet.fixture_names import Decoding
from evalpolicy.fleet.fleet import Fixture, Fleet
from evalpolicy.policy.rule import Hit, rule

_NAMED = (("benchmark", "benchmark"), ("task_id", "task"), ("agent", "agent"))


@rule("PRV004", "provenance-contradicts", "error")
def provenance_contradicts(
    fleet: Fleet, provenance: ProvenanceFile, recorded: Mapping[str, Recorded]
) -> Iterator[Hit]:
    """An entry says another benchmark, task, agent or model than the fixture's name and content.

    Where a name can be read in two ways, an entry that fits one of them settles it. The agent
    that shows in the content counts as well (a variant such as `codex-x` sends what `codex`
    sends), and so do the models that answered, without provider and dated snapshot.

    ## Why

    52 fixtures of the reference fleet carry the name of an agent that is not the one whose user
    agent is recorded in them, and 137 more show the prompt of another: an entry that
    repeats the name makes that official.

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

    What is null or missing in the entry, and a fixture whose name no known benchmark and agent
    explain (FIX001). Of turns by several models the entry may name any (FIX007).
    """
    for fixture in fleet.fixtures:
        entry = provenance.entries.get(fixture.stem)
        if entry is None:
            continue
        yield from _against_name(provenance, fixture, entry)
        if (content := recorded.get(fixture.path)) is not None:
            yield from _against_content(provenance, fixture, entry, content)


def _against_name(provenance: ProvenanceFile, fixture: Fixture, entry: Entry) -> Iterator[Hit]:
    if not fixture.readings:
        return
    for field, part in min((_differing(entry, r) for r in fixture.readings), key=len):
        yield Hit(
            provenance.path,
            f"{field} is {entry.text(field)!r}, and the fixture's name says {part!r}",
            entry.span_of(field),
            "correct the entry, or rename the fixture",
            fixture.stem,
            field,
        )


def _differing(entry: Entry, reading: Decoding) -> list[tuple[str, str]]:
    """The fields that do not fit this reading of the name, and what it says instead."""
    named = ((field, str(getattr(reading, part))) for field, part in _NAMED)
    return [(f, says) for f, says in named if entry.text(f) not in (None, says)]


def _against_content(
    provenance: ProvenanceFile, fixture: Fixture, entry: Entry, content: Recorded
) -> Iterator[Hit]:
    agent, client = entry.text("agent"), content.client
    if agent is not None and client is not None and not client.is_agent(agent):
        shown = "user agent" if client.by == "user_agent" else "prompt"
        yield Hit(
            provenance.path,
            f"agent is {agent!r}, and the {shown} in the recording is that of {client.agent}",
            entry.span_of("agent"),
            f"line {client.line} of {fixture.path} shows it; an agent that is not known is null, "
            'with evidence.agent "unknown: why"',
            fixture.stem,
            "agent-recorded",
        )
    model = entry.text("model")
    if model is not None and content.families and model_family(model) not in content.families:
        names = ", ".join(name for name, _ in content.models)
        yield Hit(
            provenance.path,
            f"model is {model!r}, and the recorded replies are those of {names}",
            entry.span_of("model"),
            "correct the entry, or record the run anew",
            fixture.stem,
            "model",
        )


@rule("PRV008", "provenance-digest", "error")
def provenance_digest(
    fleet: Fleet, provenance: ProvenanceFile, recorded: Mapping[str, Recorded]
) -> Iterator[Hit]:
    """A fixture's SHA-256 is not the recorded one: it was edited after its capture.

    Of an LFS pointer the digest of what it stands for counts. Two files with one name and
    different suffixes share their entry; it has to be the digest of one of them.

    ## Why

    A fixture is evidence, and evidence is not edited: in the reference fleet recorded fixtures
    were reshaped in place (715a4c4d), and nothing told the reshaped from the recorded.

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

    An entry without a digest, and a fixture whose bytes are not there (a problem of its own).
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
                "restore the fixture (`git log` names the change), or record the run anew: "
                f"`evalpolicy provenance record {stem} --replace`",
                stem,
            )
