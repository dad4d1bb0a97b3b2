"""What does not fit together any more: benchmark and fixture, submission and base."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.syntax.source import START
from evalpolicy.config.reading import Config
from evalpolicy.facts.submitted import Submitted
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.fleet.units import Unit
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.submission.words import listed
from evalpolicy.snapshot.submission.change import Change, Comparison, PathChange

_RELEASED = "eval.benchmark.released"


@rule("SUB007", "benchmark-without-fixture", "warning")
def benchmark_without_fixture(
    fleet: Fleet, submitted: Submitted, change: Change, config: Config
) -> Iterator[Hit]:
    """A benchmark's build inputs changed and its fixtures were not recorded after that.

    Build inputs are the files of its folder without documentation. Three cases: a released
    benchmark changed and a fixture of it did not; a fixture comes in the same submission as the
    change, and nothing says that it was recorded after it; a fixture comes with the submission
    and the base changed the benchmark meanwhile. A fixture is known to be recorded after a
    change if its provenance entry's `benchmark_tree` is the id of the benchmark's
    build inputs as they are now; `evalpolicy provenance record` writes it.

    ## Why

    A replay of what was recorded against another benchmark diverges, or worse, passes. In the
    pull request that this project grew from (787bd036) a fixture had been recorded against the
    benchmark as it was before it changed.

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
      "benchmark_tree": "<git rev-parse HEAD:containers/benchmarks/arc>"}}
    ```

    ## Exempt

    A benchmark that is not released (where the base changed it, or its fixture comes along, it
    is judged all the same) and one without fixtures.

    ## Configuration

    `[layout]`: `benchmarks`, `fixtures`. `[submission]`: `not_code`, `provenance`,
    `exempt_labels.SUB007`.
    """
    if change.labelled(config.submission.exempts("SUB007")):
        return
    changed = {c.path for c in submitted.fixtures if c.status != "deleted" and not c.same_content}
    documentation = Globs(config.submission.not_code)
    for unit in fleet.of("benchmark"):
        fixtures = [fixture.path for fixture in fleet.fixtures_of.get(unit.name, ())]
        here = _inputs(submitted.comparison.changes, unit, documentation)
        released = unit.value(_RELEASED) == "true"
        if here:
            judged = [f for f in fixtures if released or f in changed]
            old = [f for f in judged if not submitted.recorded_against(f, unit.folder)]
            if old:
                yield _hit(unit, here, old, changed)
        fresh = [f for f in fixtures if f in changed]
        there = _inputs(submitted.comparison.upstream, unit, documentation) if fresh else []
        for fixture in fresh if there else ():
            yield Hit(
                fixture,
                f"{unit.name} changed on the base since this submission left it ({listed(there)}):"
                " merge the base and record this fixture against the benchmark as it is now",
                subject=unit.name,
                about="base",
            )


def _inputs(changes: tuple[PathChange, ...], unit: Unit, documentation: Globs) -> list[str]:
    folder = f"{unit.folder}/"
    return [
        c.path
        for c in changes
        if (c.path.startswith(folder) or c.old_path.startswith(folder))
        and c.path not in documentation
    ]


def _hit(unit: Unit, inputs: list[str], old: list[str], changed: set[str]) -> Hit:
    label = unit.labels.get(_RELEASED)
    at_label = label is not None and unit.path in inputs
    span = label.span if label is not None and at_label else START
    names = listed([path.rpartition("/")[2] for path in old])
    if all(path in changed for path in old):
        message = (
            f"{unit.name} changes together with {names}, and nothing says that the recording was "
            "made after the change: give the provenance entry the benchmark_tree that it was "
            "recorded against, or record anew"
        )
    else:
        message = (
            f"{unit.name} changes ({listed(inputs)}) and {names} "
            f"{'was' if len(old) == 1 else 'were'} recorded before: replay may diverge; record "
            "anew, with the benchmark_tree in the provenance entry"
        )
    return Hit(
        unit.path if at_label else inputs[0],
        message,
        span,
        "evalpolicy provenance record writes the benchmark_tree of a new recording",
        unit.name,
    )


@rule("SUB008", "does-not-merge", "error")
def does_not_merge(comparison: Comparison) -> Iterator[Hit]:
    """The submission conflicts with its base.

    Asked of `git merge-tree --write-tree` (git 2.38), which merges as GitHub does and touches
    nothing. The finding points at the submission's side of the first conflict in each file. Where
    git gives up because an object is absent (a partial clone), that is a problem and no pass.

    ## Why

    What does not merge was not tested against what it will stand beside. It was the first point
    of the review that this project grew from.

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

    `--base` (or the event) says what it is to be merged into. What is only in the worktree or in
    the index is not merged; the commit below it is.
    """
    for conflict in comparison.conflicts:
        yield Hit(
            conflict.path,
            f"merging into {comparison.base[:12]} conflicts here ({conflict.kind}): merge or "
            "rebase, and resolve it",
            conflict.span,
            subject=conflict.path,
        )
