"""Whether the benchmark has changed since the fixture was recorded."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.provenance import Entry
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.fleet.build_inputs import build_inputs_id
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.surroundings import Surroundings
from evalpolicy.fleet.units import Unit
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.snapshot import Unreadable

_REVISION = "eval.benchmark.data_revision"
_FIELD = "benchmark_data_revision"


@rule("PRV005", "provenance-stale-revision", "error")
def provenance_stale_revision(fleet: Fleet, provenance: ProvenanceFile) -> Iterator[Hit]:
    """An entry's data revision differs from the one that the benchmark's label resolves to.

    If only the build supplies the label's value (`${SB_REF}`), the recorded revision has to appear
    in a file of the benchmark's folder, as the build script's default does; if it does not, the
    rule cannot tell whether the fixture is stale and reports a note.

    ## Why

    A replay against other data makes requests that were never recorded. The label states which
    data a benchmark contains, so a recording has to agree with it.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data_revision="d4f1"
    ```

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"benchmark": "arc", "benchmark_data_revision": "210d"}}
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data_revision="d4f1"
    ```

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": [{"scopeSpans": []}]}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"benchmark": "arc", "benchmark_data_revision": "d4f1"}}
    ```

    ## Exempt

    An entry whose revision is null, and a benchmark without the label (LBL001).
    """
    for stem, entry, unit in _recorded_benchmarks(fleet, provenance):
        noted, label = entry.text(_FIELD), unit.labels.get(_REVISION)
        if noted is None or label is None or (not label.unresolved and label.value == noted):
            continue
        if not label.unresolved:
            yield Hit(
                provenance.path,
                f"{stem} was recorded against data revision {noted}, but {unit.name} is at "
                f"{label.value or 'none'}",
                entry.span_of(_FIELD),
                f"record the run again; the label is in {unit.path}, line {label.span.line}",
                stem,
                cause=unit.name,
            )
        elif not _stands_in(fleet, unit, noted):
            yield Hit(
                provenance.path,
                f"{stem} may be stale: the build supplies {unit.name}'s data revision, and "
                f"{noted} does not appear in any file of {unit.folder}",
                entry.span_of(_FIELD),
                f"the label is {label.raw}: check what the build script passes",
                stem,
                severity="note",
                cause=unit.name,
            )


@rule("PRV006", "provenance-stale-benchmark", "warning")
def provenance_stale_benchmark(fleet: Fleet, provenance: ProvenanceFile) -> Iterator[Hit]:
    """The benchmark's build inputs have changed since the fixture was recorded.

    The entry's `benchmark_tree` identifies them: it is the id of the git tree of the benchmark's
    folder without Markdown, compose files and git's own files. It is the same in a worktree, in
    the index and in a commit, and does not depend on where the folder is.

    ## Why

    In the reference fleet's pull request 146 a fixture was recorded against the benchmark as it
    was before it changed (787bd036): its replay proves nothing about the image that is shipped.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.13-slim
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
    {"arc-0-codex": {"benchmark_tree": "eae8472644dce6c22df74b2218a74c941a060fef"}}
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
    {"arc-0-codex": {"benchmark_tree": "eae8472644dce6c22df74b2218a74c941a060fef"}}
    ```

    ## Exempt

    An entry without a tree. Changes of the base images and of files outside the folder are not
    detected.
    """
    ids: dict[str, str | None] = {}
    for stem, entry, unit in _recorded_benchmarks(fleet, provenance):
        noted = entry.text("benchmark_tree")
        if noted is None:
            continue
        if unit.folder not in ids:
            ids[unit.folder] = _inputs_id(fleet, unit)
        now = ids[unit.folder]
        if now not in (None, noted):
            yield Hit(
                provenance.path,
                f"{unit.name} has changed since {stem} was recorded: its build inputs were "
                f"{noted[:12]} and are now {str(now)[:12]}",
                entry.span_of("benchmark_tree"),
                f"record the run again; `git log -- {unit.folder}` lists the changes",
                stem,
                cause=unit.name,
            )


def _recorded_benchmarks(
    fleet: Fleet, provenance: ProvenanceFile
) -> Iterator[tuple[str, Entry, Unit]]:
    """Each fixture's name and entry with its benchmark, as the entry or else the name gives it."""
    seen = set()
    for fixture in fleet.fixtures:
        entry = provenance.entries.get(fixture.stem)
        if entry is None or fixture.stem in seen:
            continue
        seen.add(fixture.stem)
        unit = fleet.benchmarks.get(entry.text("benchmark") or fixture.benchmark or "")
        if unit is not None:
            yield fixture.stem, entry, unit


def _inputs_id(fleet: Fleet, unit: Unit) -> str | None:
    try:
        return build_inputs_id(fleet.snapshot, unit.folder)
    except Unreadable as reason:
        fleet.unreadable(unit.path, reason)
        return None


def _stands_in(fleet: Fleet, unit: Unit, revision: str) -> bool:
    needle = revision.encode("utf-8", "surrogateescape")
    return any(needle in content for _, content in Surroundings(fleet, unit).own_texts)
