"""REL: whether what is said to be released stands on a recorded run."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, rule

_RELEASED = "eval.benchmark.released"


@rule("REL001", "released-without-fixture", "error")
def released_without_fixture(fleet: Fleet) -> Iterator[Hit]:
    """A benchmark is labelled released, and no fixture of it is recorded.

    ## Why

    A release promises that a run can be repeated. Without a recorded run there is nothing to
    repeat it against.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.released="true"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.released="true"
    ```

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Configuration

    `layout.fixtures` says where fixtures are.
    """
    for unit in fleet.of("benchmark"):
        if unit.value(_RELEASED) == "true" and unit.name not in fleet.fixtures_of:
            yield Hit(
                unit.path,
                f"{unit.name} is released, and no fixture of it is recorded: record one, or "
                'set released="false"',
                unit.labels[_RELEASED].span,
                f"a fixture is named {unit.name}-<task>-<agent>.traces.jsonl",
                unit.name,
            )


@rule("REL002", "fixture-not-released", "note")
def fixture_not_released(fleet: Fleet) -> Iterator[Hit]:
    """A benchmark has recorded runs and is not labelled released.

    ## Why

    Either the release was forgotten, or the fixture is left over. In the reference fleet this
    is so for 55 benchmarks.

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

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.released="true"
    ```

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Exempt

    Carriers for tests (`env="test"`).
    """
    for unit in fleet.of("benchmark"):
        fixtures = fleet.fixtures_of.get(unit.name)
        if not fixtures or unit.from_ is None:
            continue
        if unit.value(_RELEASED) == "true" or unit.value("eval.benchmark.env") == "test":
            continue
        label = unit.labels.get(_RELEASED)
        count = f"{len(fixtures)} fixture{'s' if len(fixtures) > 1 else ''}"
        yield Hit(
            unit.path,
            f"{unit.name} has {count} and is not released: say whether it is",
            label.span if label else unit.from_,
            f'add `LABEL {_RELEASED}="true"`, or delete what is left over',
            unit.name,
        )


@rule("REL003", "released-without-audit", "note", default=False)
def released_without_audit(fleet: Fleet) -> Iterator[Hit]:
    """A released benchmark has no AUDIT.md beside its Dockerfile. Off unless configured.

    ## Why

    Where a fleet audits its benchmarks, the audit is what a reader of a released score asks for
    first.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.released="true"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.released="true"
    ```

    ```markdown containers/benchmarks/arc/AUDIT.md
    Audited on 2026-05-02.
    ```

    ## Configuration

    `[rules] REL003 = "note"` (or any other severity) switches it on.
    """
    for unit in fleet.of("benchmark"):
        audit = f"{unit.folder}/AUDIT.md"
        if unit.value(_RELEASED) == "true" and audit not in fleet.snapshot.entries:
            yield Hit(
                unit.path,
                f"{unit.name} is released and has no AUDIT.md: audit it, and write down what was "
                "looked at",
                unit.labels[_RELEASED].span,
                "",
                unit.name,
            )
