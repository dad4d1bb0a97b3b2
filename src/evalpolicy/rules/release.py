"""REL: whether released benchmarks have a recorded run."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, rule

_RELEASED = "eval.benchmark.released"


@rule("REL001", "released-without-fixture", "error")
def released_without_fixture(fleet: Fleet) -> Iterator[Hit]:
    """A benchmark is labelled released but has no fixture.

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

    `layout.fixtures` sets where the fixtures are. If it matches no file and recordings lie
    elsewhere, FIX014 reports that instead.
    """
    if fleet.fixtures_elsewhere:
        return
    for unit in fleet.of("benchmark"):
        if unit.value(_RELEASED) == "true" and unit.name not in fleet.fixtures_of:
            yield Hit(
                unit.path,
                f"{unit.name} is labelled released but has no fixture: record one, or "
                'set released="false"',
                unit.labels[_RELEASED].span,
                f"a fixture is named {unit.name}-<task>-<agent>.traces.jsonl",
                unit.name,
                cause="no fixture",
            )


@rule("REL002", "fixture-not-released", "note")
def fixture_not_released(fleet: Fleet) -> Iterator[Hit]:
    """A benchmark has recordings, and no label says whether it is released.

    ## Why

    A recording is the hard part of a release. Without the label nobody can tell whether the release
    was forgotten or is held back on purpose. In the reference fleet this applies to 55 benchmarks.

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

    Carriers for tests (`env="test"`), and a benchmark that is held back: `released="false"`.
    """
    for unit in fleet.of("benchmark"):
        fixtures = fleet.fixtures_of.get(unit.name)
        if not fixtures or unit.from_ is None:
            continue
        decided = unit.value(_RELEASED) in ("true", "false")
        if decided or unit.value("eval.benchmark.env") == "test":
            continue
        label = unit.labels.get(_RELEASED)
        count = counted(len(fixtures), "recording")
        yield Hit(
            unit.path,
            f"{unit.name} has {count} but no {_RELEASED} label"
            if label is None
            else f"{unit.name} has {count}, and its {_RELEASED} label is neither true nor false",
            label.span if label else unit.from_,
            'released="true" publishes it, released="false" keeps it back',
            unit.name,
            cause=label.raw if label else "no label",
        )


@rule("REL003", "released-without-audit", "note", default=False)
def released_without_audit(fleet: Fleet) -> Iterator[Hit]:
    """A released benchmark has no AUDIT.md beside its Dockerfile. Off unless configured.

    ## Why

    In a fleet that audits its benchmarks, the audit is what readers of a released score look for
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

    `[rules] REL003 = "note"` (or any other severity) enables the rule.
    """
    for unit in fleet.of("benchmark"):
        audit = f"{unit.folder}/AUDIT.md"
        if unit.value(_RELEASED) == "true" and audit not in fleet.snapshot.entries:
            yield Hit(
                unit.path,
                f"{unit.name} is labelled released but has no AUDIT.md: audit it and record what "
                "was checked",
                unit.labels[_RELEASED].span,
                "",
                unit.name,
                cause="no audit",
            )


@rule("REL004", "agent-without-recording", "note")
def agent_without_recording(fleet: Fleet) -> Iterator[Hit]:
    """No fixture was recorded with this agent, as with most others of the fleet.

    ## Why

    Nothing shows that its image, its start and its calls of the model ever worked together, and a
    replay cannot test it. In the reference fleet that is 1 agent of 22.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ```dockerfile containers/agents/codex/Dockerfile
    FROM node:22-slim
    LABEL eval.type="agent"
    ```

    ```dockerfile containers/agents/goose/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="agent"
    ```

    ```dockerfile containers/agents/aider/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="agent"
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/arc-0-goose.traces.jsonl
    {"resourceSpans": []}
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

    ```dockerfile containers/agents/goose/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="agent"
    ```

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/arc-0-goose.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Exempt

    A fleet that has recordings of no more than half of its agents. A fixture counts for each agent
    that its name can mean.
    """
    recorded = {reading.agent for fixture in fleet.fixtures for reading in fixture.readings}
    agents = fleet.of("agent")
    missing = [unit for unit in agents if unit.name not in recorded]
    if 2 * len(missing) >= len(agents):
        return
    for unit in missing:
        if unit.from_ is not None:
            yield Hit(
                unit.path,
                f"no fixture is recorded with {unit.name}: record one",
                unit.from_,
                f"a fixture is named <benchmark>-<task>-{unit.name}.traces.jsonl",
                unit.name,
            )
