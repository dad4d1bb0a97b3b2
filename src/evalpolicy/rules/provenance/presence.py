"""Whether each fixture has an entry, and each entry a fixture."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, rule


@rule("PRV001", "provenance-missing", "error")
def provenance_missing(fleet: Fleet, provenance: ProvenanceFile) -> Iterator[Hit]:
    """A fixture has no entry in the provenance file.

    Reported at the fixture, as the entry has no place in the provenance file yet; once for the
    whole fleet, at its first fixture, while there is no file.

    ## Why

    A release is based on its fixtures, and without a record nobody can tell which model, agent and
    data produced one. The reference fleet's rules have required provenance since April 2026; none
    of its 240 fixtures has it.

    ## Example

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Fixed

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {
      "arc-0-codex": {
        "benchmark": "arc",
        "task_id": "0",
        "agent": "codex",
        "agent_version": "0.120.0",
        "model": "openai/azure/gpt-5.4",
        "benchmark_data_revision": "210d026faf9955653af8916fad021475a3f00453",
        "captured": "2026-06-15T08:30:00Z",
        "release_tag": "v0.1.0"
      }
    }
    ```

    ## Configuration

    `layout.provenance` sets the path of the file, `layout.fixtures` where the fixtures are.
    """
    if not provenance.readable:
        return
    if not provenance.exists:
        if fleet.fixtures:
            total = len({fixture.stem for fixture in fleet.fixtures})
            yield Hit(
                fleet.fixtures[0].path,
                f"{total:,} of {counted(total, 'recording')} have no provenance entry"
                if total > 1
                else f"{fleet.fixtures[0].stem} has no provenance entry",
                help="evalpolicy provenance backfill",
            )
        return
    recorded = provenance.parsed.value
    keys = recorded.keys() if isinstance(recorded, dict) else ()
    for fixture in fleet.fixtures:
        if fixture.stem not in keys:
            yield Hit(
                fixture.path,
                f"{fixture.stem} has no provenance entry: add one to {provenance.path}",
                help="for a new fixture: `evalpolicy provenance record FIXTURE`; for all that are "
                "already in git: `evalpolicy provenance backfill`",
                subject=fixture.stem,
                cause=provenance.path,
            )


@rule("PRV002", "provenance-orphan", "error")
def provenance_orphan(fleet: Fleet, provenance: ProvenanceFile) -> Iterator[Hit]:
    """An entry of the provenance file does not belong to any fixture.

    ## Why

    Either the fixture was renamed or deleted and its entry left behind, or the entry's key is
    misspelt and the fixture has no entry.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codx": {}}
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {}}
    ```

    ## Exempt

    Keys that begin with an underscore, which are comments.
    """
    from evalpolicy.matching.nearest import nearest

    stems = {fixture.stem for fixture in fleet.fixtures}
    for stem, entry in provenance.entries.items():
        if stem not in stems:
            close = nearest(stem, stems - provenance.entries.keys())
            yield Hit(
                provenance.path,
                f"there is no fixture {stem}: "
                + (f"did you mean {close}?" if close else "delete the entry or restore the file"),
                entry.span,
                "",
                stem,
            )
