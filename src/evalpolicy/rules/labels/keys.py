"""Labels that are misnamed, unknown or set twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.label_contracts import Contracts, is_supplied
from evalpolicy.fleet.surroundings import Surroundings
from evalpolicy.fleet.units import Unit
from evalpolicy.matching.nearest import nearest
from evalpolicy.policy.fix import Edit, Fix
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.labels.words import quoted

if TYPE_CHECKING:
    from evalpolicy.artifacts.dockerfile import Label, Stage

# What stands for itself in a Dockerfile, with quotes or without.
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")


@rule("LBL004", "label-name-mismatch", "error")
def label_name_mismatch(unit: Unit, around: Surroundings) -> Iterator[Hit]:
    """`eval.benchmark.name` or `eval.agent.name` is not the folder's name.

    ## Why

    Images, fixtures and results are named by the folder; the label is what tools read back. If
    they differ, a run is counted for a benchmark that does not exist.

    ## Example

    ```dockerfile containers/benchmarks/arc-agi/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.name="arc_agi"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc-agi/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.name="arc-agi"
    ```

    ## Exempt

    Dockerfiles outside the folders that the layout names: their folder has no say. A value that
    only the build supplies.

    ## Fix

    Safe: the folder's name is written into the label, in the quotes that are there. A value with
    variables is left alone.
    """
    if unit.role not in ("benchmark", "agent") or not unit.placed:
        return
    key = f"eval.{unit.role}.name"
    label = unit.labels.get(key)
    if label is None or label.value in (unit.name, ""):
        return
    if is_supplied(label.unresolved, around):
        return
    yield Hit(
        unit.path,
        f"{key} is {quoted(label.value)}, the folder is {quoted(unit.name)}: make them one",
        label.span,
        f'write `{key}="{unit.name}"`, or rename the folder',
        unit.name,
        key,
        fix=_named(label, unit.name),
    )


def _named(label: Label, name: str) -> Fix | None:
    """The name in the place of the label's value, in its quotes."""
    alone = label.value_span != label.span and label.value_span.line == label.value_span.end_line
    if label.names or label.onbuild or not alone or not _PLAIN.fullmatch(name):
        return None
    written = label.written
    quote = written[0] if written[:1] in ("'", '"') and written[1:].endswith(written[0]) else ""
    return Fix((Edit(label.value_span, f"{quote}{name}{quote}"),))


@rule("LBL005", "label-unknown", "warning")
def label_unknown(unit: Unit, contracts: Contracts) -> Iterator[Hit]:
    """An `eval.*` key that no contract knows.

    ## Why

    A mistyped key is as good as a missing one, and nobody sees the difference.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data-revision="210d026f"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.data_revision="210d026f"
    ```

    ## Exempt

    Keys outside of `eval.`: they belong to somebody else.

    ## Configuration

    Declare a key of your own under `properties` of your contract.

    ## Fix

    Not safe, because it guesses: the nearest known key, if the image does not have it yet.
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
            fix=_renamed(label, close) if close and close not in unit.labels else None,
        )


def _renamed(label: Label, key: str) -> Fix | None:
    if label.key_span == label.span or label.onbuild:
        return None
    return Fix((Edit(label.key_span, key),), safe=False)


@rule("LBL006", "label-repeated", "warning")
def label_repeated(unit: Unit) -> Iterator[Hit]:
    """One key twice in a stage.

    ## Why

    The last one wins, so the others say something that is not so.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="400"
    LABEL eval.benchmark.tasks="1172"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark" eval.benchmark.tasks="1172"
    ```

    ## Exempt

    A stage that sets anew what the stage below it set: that is what building on one means.

    ## Fix

    Safe: the losing label is taken out where it is a whole instruction on one line.
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
                    fix=_taken_out(label, stage),
                )


def _taken_out(label: Label, stage: Stage) -> Fix | None:
    for instruction in stage.instructions:
        where = instruction.span
        if where.line <= label.span.line <= where.end_line:
            only = len([pair for pair in stage.labels if pair.span.line == where.line]) == 1
            if instruction.keyword == "LABEL" and only and where.line == where.end_line:
                return Fix((Edit(Span(where.line, 1, where.line + 1, 1), ""),))
    return None
