"""What no longer fits together: benchmark and fixture, submission and base."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.syntax.source import START
from evalpolicy.config.reading import Config
from evalpolicy.facts.submitted_files import SubmittedFiles
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.units import Unit
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.submission.words import listed
from evalpolicy.snapshot.submission.change import Comparison, Submission

_RELEASED = "eval.benchmark.released"


@rule("SUB007", "benchmark-without-fixture", "warning")
def benchmark_without_fixture(
    fleet: Fleet, submitted_files: SubmittedFiles, change: Submission, config: Config
) -> Iterator[Hit]:
    """A benchmark changed in a way that could change a run, but was not recorded again.

    What counts is what PRV006 compares: the instructions of the Dockerfile, the files that reach
    the image, and what builds it; not comments, labels, compose files and documents. There are
    three cases: a
    released benchmark changed but one of its fixtures did not; a fixture is in the same submission
    as the change, without evidence that it was recorded after it; a fixture is in the submission
    and the base has changed the benchmark in the meantime. A fixture is known to be recorded after
    a change if its provenance entry's `benchmark_tree` states the benchmark's current inputs;
    `evalpolicy provenance record` writes it.

    ## Why

    A replay of a run that was recorded against another benchmark diverges, or worse, passes. In the
    pull request that led to this project (787bd036) a fixture had been recorded against the
    benchmark as it was before the change.

    ## Example

    ```dockerfile before:containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.released="true"
    ```

    ```dockerfile before:containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json before:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```dockerfile after:containers/benchmarks/arc/Dockerfile
    FROM python:3.13-slim
    LABEL eval.type="benchmark" eval.benchmark.released="true"
    ```

    ```dockerfile after:containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json after:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Fixed

    ```dockerfile before:containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.released="true"
    ```

    ```dockerfile before:containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json before:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```dockerfile after:containers/benchmarks/arc/Dockerfile
    FROM python:3.13-slim
    LABEL eval.type="benchmark" eval.benchmark.released="true"
    ```

    ```dockerfile after:containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json after:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": [{}]}
    ```

    ```json after:tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {
      "captured": "2026-06-17T08:00:00Z",
      "benchmark_tree": {"Dockerfile": "6ff3aef165cfe7287b86f146a3c49045"}}}
    ```

    ## Exempt

    A benchmark without fixtures, and one that is not released, unless the base changed it or the
    submission contains its fixture.

    ## Configuration

    `[layout]`: `benchmarks`, `fixtures`. `[submission]`: `provenance`, `exempt_labels.SUB007`.
    """
    if change.labelled(config.submission.exempts("SUB007")):
        return
    changed = {
        c.path for c in submitted_files.fixtures if c.status != "deleted" and not c.same_content
    }
    for unit in fleet.of("benchmark"):
        fixtures = [fixture.path for fixture in fleet.fixtures_of.get(unit.name, ())]
        here = submitted_files.inputs_changed(unit.folder) if fixtures else []
        released = unit.value(_RELEASED) == "true"
        if here:
            judged = [f for f in fixtures if released or f in changed]
            old = [f for f in judged if not submitted_files.recorded_against(f, unit.folder)]
            if old:
                yield _hit(unit, here, old, changed)
        fresh = [f for f in fixtures if f in changed]
        there = submitted_files.inputs_changed_upstream(unit.folder) if fresh else []
        for fixture in fresh if there else ():
            yield Hit(
                fixture,
                f"{unit.name} has changed on the base since this submission branched off "
                f"({listed(there)}): merge the base and record this fixture again",
                subject=unit.name,
                about="base",
            )


def _hit(unit: Unit, inputs: list[str], old: list[str], changed: set[str]) -> Hit:
    label = unit.labels.get(_RELEASED)
    at_label = label is not None and unit.path in inputs
    span = label.span if label is not None and at_label else START
    names = listed([path.rpartition("/")[2] for path in old])
    if all(path in changed for path in old):
        message = (
            f"{unit.name} changes together with {names}, and nothing shows that the recording was "
            "made after the change: add the benchmark_tree that it was recorded against to the "
            "provenance entry, or record again"
        )
    else:
        message = (
            f"{unit.name} changes ({listed(inputs)}), but {names} "
            f"{'was' if len(old) == 1 else 'were'} recorded before: replay may diverge; record "
            "again, with the benchmark_tree in the provenance entry"
        )
    return Hit(
        unit.path if at_label else inputs[0],
        message,
        span,
        "`evalpolicy provenance record` writes the benchmark_tree of a new recording",
        unit.name,
    )


@rule("SUB008", "does-not-merge", "error")
def does_not_merge(comparison: Comparison) -> Iterator[Hit]:
    """The submission conflicts with its base.

    Determined with `git merge-tree --write-tree` (git 2.38), which merges as GitHub does and
    changes nothing. The finding points at the submission's side of the first conflict in each file.
    If git fails because an object is missing (a partial clone), a problem is reported.

    ## Why

    A submission that does not merge was not tested with the code it will be merged into. It was the
    first point of the review that led to this project.

    ## Example

    ```text before:VERSION
    1
    ```

    ```text after:VERSION
    2
    ```

    ```text upstream:VERSION
    3
    ```

    ## Fixed

    ```text before:VERSION
    1
    ```

    ```text after:VERSION
    2
    ```

    ```text upstream:VERSION
    1
    ```

    ## Configuration

    `--base` (or the event) sets the target of the merge. Changes that are only in the worktree or
    in the index are not merged; the commit below them is.
    """
    for conflict in comparison.conflicts:
        yield Hit(
            conflict.path,
            f"merging into {comparison.base[:12]} conflicts here ({conflict.kind}): merge or "
            "rebase, and resolve the conflict",
            conflict.span,
            subject=conflict.path,
        )
