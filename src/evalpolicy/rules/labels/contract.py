"""Violations of the contract: a label that is missing, empty, invalid, or in a discarded stage."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.facts.label_contracts import Contracts
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Unit
from evalpolicy.matching.json_schema import Violation
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.labels.words import dollar, quoted

_HELP = {
    "description": "describe it in one line",
    "data_revision": "pin the data set's commit",
    "version": "give the exact version that the image installs",
    "tasks": "give the number of tasks",
    "env": "set it to shared-env, per-task or test",
    "internet": "set it to true if the agent needs the internet, otherwise to false",
    "name": "set it to the folder's name",
    "type": "set it to benchmark, agent, model or core",
    "provider": "name the model's provider",
    "litellm_version": "give the exact version of LiteLLM",
}


@rule("LBL001", "label-missing", "error")
def label_missing(unit: Unit, unit_context: UnitContext, contracts: Contracts) -> Iterator[Hit]:
    """The image lacks a label that the contract requires.

    The finding points at the `FROM` of the final stage: the labels belong below it. Labels of
    stages in the same file that the final stage builds on count. Labels of an external base image
    do not, because the fleet's base images also set `eval.type`, and a benchmark without its own
    would inherit the wrong one.

    ## Why

    Everything downstream reads the labels: which tasks there are, whether the agent may reach
    the network, which data a score belongs to. In the reference fleet 13 benchmarks give no
    data revision and one had no description, and no check noticed.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" \\
          eval.benchmark.name="arc" \\
          eval.benchmark.tasks="400" \\
          eval.benchmark.env="shared-env" \\
          eval.benchmark.internet="false"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" \\
          eval.benchmark.name="arc" \\
          eval.benchmark.description="ARC - grade-school science questions" \\
          eval.benchmark.tasks="400" \\
          eval.benchmark.env="shared-env" \\
          eval.benchmark.internet="false" \\
          eval.benchmark.data_revision="210d026faf9955653af8916fad021475a3f00453"
    ```

    ## Exempt

    A carrier for tests (`eval.benchmark.env="test"`) needs no description and no data revision.
    Gateways (they carry `gateway.kind`) and the replay model need only their `eval.type`.

    ## Configuration

    The contract defines the required labels: `[contracts] benchmark = "path/to/schema.json"`
    (also `agent`, `model`, `core`).
    """
    breach = contracts.breach(unit, unit_context)
    if not breach.missing or unit.from_ is None:
        return
    for key in breach.missing:
        advice = _HELP.get(key.rpartition(".")[2], "the contract requires it")
        yield Hit(
            unit.path,
            f"{key} is missing: {advice}",
            unit.from_,
            f'add `LABEL {key}="…"` below this FROM',
            unit.name,
            key,
            cause=unit.path if len(breach.missing) > 1 else key,
        )


@rule("LBL002", "label-empty", "error")
def label_empty(unit: Unit, unit_context: UnitContext, contracts: Contracts) -> Iterator[Hit]:
    """A required label resolves to the empty string.

    The value is the one in the built image: a variable that is declared without a default and
    that no build script or bake file supplies expands to the empty string, as it does in a build.

    ## Why

    An empty label passes every check that only tests whether the label exists.

    ## Example

    ```dockerfile containers/agents/echo/Dockerfile
    FROM alpine:3.20
    ARG AGENT_VERSION
    LABEL eval.type="agent" eval.agent.name="echo" eval.agent.description="says it again"
    LABEL eval.agent.version="${AGENT_VERSION}"
    ```

    ## Fixed

    ```dockerfile containers/agents/echo/Dockerfile
    FROM alpine:3.20
    ARG AGENT_VERSION=1.4.2
    LABEL eval.type="agent" eval.agent.name="echo" eval.agent.description="says it again"
    LABEL eval.agent.version="${AGENT_VERSION}"
    ```

    ## Exempt

    A value whose variables the unit's build script or bake file supplies.
    """
    breach = contracts.breach(unit, unit_context)
    for key in breach.empty:
        label = unit.labels[key]
        why = f" ({dollar(label.unresolved)} is never set)" if label.unresolved else ""
        yield Hit(
            unit.path,
            f"{key} is empty{why}: {_HELP.get(key.rpartition('.')[2], 'give it a value')}",
            label.span,
            "",
            unit.name,
            key,
        )


@rule("LBL003", "label-invalid", "error")
def label_invalid(unit: Unit, unit_context: UnitContext, contracts: Contracts) -> Iterator[Hit]:
    """A label's value violates the contract.

    `tasks` is a whole number, `env` is one of shared-env, per-task and test, `internet` and
    `released` are true or false, a URL starts with http:// or https://, and a name consists of
    lower-case letters, digits, dots and hyphens. An unknown `eval.type`, or one that does not
    match the folder, is also reported here.

    ## Why

    Programs read the value: `yes` is not `true`, and `1,040` is not a number.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="1,040" eval.benchmark.internet="no"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="1040" eval.benchmark.internet="false"
    ```

    ## Exempt

    A value with a variable that only the build supplies: the file does not determine it.
    """
    breach = contracts.breach(unit, unit_context)
    for key, violation in breach.invalid:
        label = unit.labels[key]
        yield Hit(
            unit.path,
            f"{key} is {quoted(label.value)}: {_demand(violation)}",
            label.span,
            "",
            unit.name,
            key,
        )


@rule("LBL010", "label-in-lost-stage", "error")
def label_in_lost_stage(
    unit: Unit, unit_context: UnitContext, contracts: Contracts
) -> Iterator[Hit]:
    """A required label is set only in a stage that the final image is not built from.

    ## Why

    Each `FROM` starts a new image. A label above the last `FROM` is lost unless the last stage
    builds on that stage: the file looks complete, the image is not.

    ## Example

    ```dockerfile containers/agents/echo/Dockerfile
    FROM golang:1.23 AS build
    LABEL eval.type="agent" eval.agent.name="echo" eval.agent.description="says it again"
    LABEL eval.agent.version="1.4.2"
    RUN go build -o /echo .
    FROM alpine:3.20
    COPY --from=build /echo /echo
    ```

    ## Fixed

    ```dockerfile containers/agents/echo/Dockerfile
    FROM golang:1.23 AS build
    RUN go build -o /echo .
    FROM alpine:3.20
    LABEL eval.type="agent" eval.agent.name="echo" eval.agent.description="says it again"
    LABEL eval.agent.version="1.4.2"
    COPY --from=build /echo /echo
    ```

    ## Exempt

    A stage that the final one builds on (`FROM build`).
    """
    breach = contracts.breach(unit, unit_context)
    if not breach.missing or unit.from_ is None:
        return
    for stage in unit.dockerfile.stages:
        for label in {label.key: label for label in stage.labels}.values():
            if label.key in breach.missing:
                yield Hit(
                    unit.path,
                    f"{label.key} is set in a stage that the final image is not built from: "
                    f"move it below line {unit.from_.line}",
                    label.span,
                    "",
                    unit.name,
                    label.key,
                    cause=unit.path,
                )


def _demand(violation: Violation) -> str:
    """What the contract requires, in words."""
    expected = violation.expected
    if violation.keyword == "enum" and isinstance(expected, list):
        words = [str(value) for value in expected]
        one_of = f"{', '.join(words[:-1])} or {words[-1]}" if words[1:] else words[0]
        return f"it must be {one_of}"
    if violation.keyword == "const":
        return f"it must be {expected}"
    if violation.keyword == "pattern":
        return _PATTERNS.get(str(expected), f"it must match {expected}")
    return violation.message


_PATTERNS = {
    "^(0|[1-9][0-9]*)$": "it must be a whole number",
    "^https?://[^\\s/?#]+[^\\s]*$": "it must be an http:// or https:// URL",
    "^[a-z0-9][a-z0-9.-]*$": "it must consist of lower-case letters, digits, dots and hyphens",
}
