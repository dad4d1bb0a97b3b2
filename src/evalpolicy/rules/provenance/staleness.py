"""Whether the benchmark has changed since the fixture was recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from evalpolicy.artifacts.provenance import ProvenanceEntry
from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Unit
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.submission.words import listed
from evalpolicy.snapshot import Unreadable

_REVISION = "eval.benchmark.data_revision"
_FIELD = "benchmark_data_revision"
# As `evalpolicy provenance backfill` writes it: the commit, and its date.
_COMMIT = re.compile(r"^git: .* at ([0-9a-f]{7,64}(?: \(\d{4}-\d{2}-\d{2}\))?)")


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
    """A benchmark has changed since its fixtures were recorded. One finding per benchmark.

    The entries' `benchmark_tree` states what could change a run, file by file: the instructions of
    the Dockerfile, the files that COPY, ADD or a bind mount takes (as `.dockerignore` lets them),
    and the bake files and scripts that build the image. Comments, blank lines, labels, compose
    files and documents do not count.

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
    {"arc-0-codex": {"benchmark_tree": {"Dockerfile": "6b5c41e8260b23f592ab92b77d6a99bc"}}}
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
    {"arc-0-codex": {"benchmark_tree": {"Dockerfile": "6b5c41e8260b23f592ab92b77d6a99bc"}}}
    ```

    ## Exempt

    An entry without a tree. Changes of the base images and of files outside the folder are not
    detected. An entry of an earlier version has the git tree id of the whole folder, which also
    changes with a comment: `evalpolicy provenance backfill` replaces it.
    """
    stale: dict[str, list[tuple[str, ProvenanceEntry, list[str]]]] = {}
    for stem, entry, unit, names in stale_recordings(fleet, provenance):
        stale.setdefault(unit.name, []).append((stem, entry, names))
    for name, found in stale.items():
        unit = fleet.benchmarks[name]
        files = sorted(
            {unit.folder if file == "." else file for _, _, new in found for file in new}
        )
        stems = listed([stem for stem, _, _ in found])
        verb = "predates" if len(found) == 1 else "predate"
        yield Hit(
            provenance.path,
            f"{name}: {counted(len(found), 'recording')} {verb} changes to {listed(files)}"
            f"{_since([entry for _, entry, _ in found])}",
            found[0][1].span_of("benchmark_tree"),
            f"record again: {stems}; `git log -p -- {unit.folder}` shows the changes",
            name,
        )


def stale_recordings(
    fleet: Fleet, provenance: ProvenanceFile
) -> Iterator[tuple[str, ProvenanceEntry, Unit, list[str]]]:
    """Each recording whose benchmark has changed, with the paths of the changed inputs."""
    for stem, entry, unit in _recorded_benchmarks(fleet, provenance):
        if names := _changed(fleet, unit, entry.fields.get("benchmark_tree")):
            yield stem, entry, unit, names


def _changed(fleet: Fleet, unit: Unit, noted: object) -> list[str]:
    try:
        return fleet.changed_since(noted, unit.folder)
    except Unreadable as reason:
        fleet.unreadable(unit.path, reason)
        return []


def _since(entries: Sequence[ProvenanceEntry]) -> str:
    """From which state on there are changes: the oldest one that a recording was made with."""
    oldest = min(entries, key=lambda entry: entry.text("captured") or "~")
    evidence = oldest.fields.get("evidence")
    said = evidence.get("benchmark_tree") if isinstance(evidence, Mapping) else None
    commit = _COMMIT.search(str(said))
    if commit is not None:
        return f" since {commit[1]}"
    captured = oldest.text("captured")
    return f" since {captured[:10]}" if captured else ""


def _recorded_benchmarks(
    fleet: Fleet, provenance: ProvenanceFile
) -> Iterator[tuple[str, ProvenanceEntry, Unit]]:
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


def _stands_in(fleet: Fleet, unit: Unit, revision: str) -> bool:
    needle = revision.encode("utf-8", "surrogateescape")
    return any(needle in content for _, content in UnitContext(fleet, unit).own_texts)
