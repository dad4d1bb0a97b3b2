"""Labels that are misnamed, unknown or set twice."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.fleet import Surroundings
from evalpolicy.label_contracts import Contracts, is_supplied
from evalpolicy.nearest import nearest
from evalpolicy.rules.labels.words import quoted
from evalpolicy.rules.model import Hit, rule
from evalpolicy.units import Unit


@rule("LBL004", "label-name-mismatch", "error")
def label_name_mismatch(unit: Unit, around: Surroundings) -> Iterator[Hit]:
    """`eval.benchmark.name` or `eval.agent.name` is not the folder's name.

    ## Why

    Images, fixtures and results are named by the folder; the label is what tools read back. If
    they differ, a run is counted for a benchmark that does not exist.

    ## Fires

    ```dockerfile containers/benchmarks/arc-agi/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.name="arc_agi"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc-agi/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.name="arc-agi"
    ```

    ## Exempt

    Dockerfiles outside the folders that the layout names: their folder has no say. A value that
    only the build supplies.
    """
    if unit.role not in ("benchmark", "agent") or not unit.placed:
        return
    key = f"eval.{unit.role}.name"
    label = unit.labels.get(key)
    if label is None or label.value in (unit.name, ""):
        return
    if is_supplied(label.unresolved, around.supplied_args):
        return
    yield Hit(
        unit.path,
        f"{key} is {quoted(label.value)}, the folder is {quoted(unit.name)}: make them one",
        label.span,
        f'write `{key}="{unit.name}"`, or rename the folder',
        unit.name,
        key,
    )


@rule("LBL005", "label-unknown", "warning")
def label_unknown(unit: Unit, contracts: Contracts) -> Iterator[Hit]:
    """An `eval.*` key that no contract knows.

    ## Why

    A mistyped key is as good as a missing one, and nobody sees the difference.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data-revision="210d026f"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data_revision="210d026f"
    ```

    ## Exempt

    Keys outside of `eval.`: they belong to somebody else.

    ## Configuration

    Declare a key of your own under `properties` of your contract.
    """
    for label in unit.labels.values():
        if not label.key.startswith("eval.") or contracts.knows(label.key):
            continue
        close = nearest(label.key, contracts.known_keys)
        yield Hit(
            unit.path,
            f"{label.key} is in no contract"
            + (f": did you mean {close}?" if close else ": declare it, or take it out"),
            label.key_span,
            "",
            unit.name,
            label.key,
        )


@rule("LBL006", "label-repeated", "warning")
def label_repeated(unit: Unit) -> Iterator[Hit]:
    """One key twice in a stage.

    ## Why

    The last one wins, so the others say something that is not so.

    ## Fires

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="400"
    LABEL eval.benchmark.tasks="1172"
    ```

    ## Mended

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="1172"
    ```

    ## Exempt

    A stage that sets anew what the stage below it set: that is what building on one means.
    """
    for stage in unit.dockerfile.stages:
        last = {label.key: label for label in stage.labels}
        for label in stage.labels:
            if last[label.key] is not label:
                winner = last[label.key]
                yield Hit(
                    unit.path,
                    f"{label.key} is set again on line {winner.span.line}, which wins: "
                    "take one of them out",
                    label.span,
                    "",
                    unit.name,
                    label.key,
                )
