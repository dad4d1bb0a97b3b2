"""Labels with a wrong name, with an unknown key, or set twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.label_contracts import Contracts, is_supplied
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Unit
from evalpolicy.matching.nearest import nearest
from evalpolicy.policy.fix import Edit, Fix
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.labels.words import quoted

if TYPE_CHECKING:
    from evalpolicy.artifacts.dockerfile import Label, Stage

# Values that need no escaping in a Dockerfile, quoted or not.
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")


@rule("LBL004", "label-name-mismatch", "error")
def label_name_mismatch(unit: Unit, unit_context: UnitContext) -> Iterator[Hit]:
    """`eval.benchmark.name` or `eval.agent.name` differs from the folder's name.

    ## Why

    Images, fixtures and results are named after the folder, and tools read the label. If the two
    differ, a run is counted towards a benchmark that does not exist.

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

    Dockerfiles outside the folders that the layout names, and a value that only the build
    supplies.

    ## Fix

    Safe: writes the folder's name into the label and keeps the quotes. A value with variables is
    left alone.
    """
    if unit.role not in ("benchmark", "agent") or not unit.placed:
        return
    key = f"eval.{unit.role}.name"
    label = unit.labels.get(key)
    if label is None or label.value in (unit.name, ""):
        return
    if is_supplied(label.unresolved, unit_context):
        return
    yield Hit(
        unit.path,
        f"{key} is {quoted(label.value)}, but the folder is {quoted(unit.name)}: use one name",
        label.span,
        f'write `{key}="{unit.name}"`, or rename the folder',
        unit.name,
        key,
        fix=_named(label, unit.name),
    )


def _named(label: Label, name: str) -> Fix | None:
    """Replaces the label's value with the name and keeps the quotes."""
    alone = label.value_span != label.span and label.value_span.line == label.value_span.end_line
    if label.names or label.onbuild or not alone or not _PLAIN.fullmatch(name):
        return None
    written = label.written
    quote = written[0] if written[:1] in ("'", '"') and written[1:].endswith(written[0]) else ""
    return Fix((Edit(label.value_span, f"{quote}{name}{quote}"),))


@rule("LBL005", "label-unknown", "warning")
def label_unknown(unit: Unit, contracts: Contracts) -> Iterator[Hit]:
    """An `eval.*` key is not in any contract.

    ## Why

    A misspelt key has the effect of a missing one, and is easy to overlook.

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

    Keys outside `eval.`: they are not the fleet's.

    ## Configuration

    Declare your own keys under `properties` in your contract.

    ## Fix

    Unsafe, because it is a guess: renames the key to the nearest known one, if the image does not
    have that one yet.
    """
    for label in unit.labels.values():
        if not label.key.startswith("eval.") or contracts.knows(label.key):
            continue
        close = nearest(label.key, contracts.known_keys)
        yield Hit(
            unit.path,
            f"{label.key} is in no contract"
            + (f": did you mean {close}?" if close else ": declare it, or remove it"),
            label.key_span,
            "",
            unit.name,
            label.key,
            fix=_renamed(label, close) if close and close not in unit.labels else None,
            cause=label.key,
        )


def _renamed(label: Label, key: str) -> Fix | None:
    if label.key_span == label.span or label.onbuild:
        return None
    return Fix((Edit(label.key_span, key),), safe=False)


@rule("LBL006", "label-repeated", "warning")
def label_repeated(unit: Unit) -> Iterator[Hit]:
    """A stage sets a label twice.

    ## Why

    The last one wins, so the others are misleading.

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

    A stage that overrides a label of the stage it builds on.

    ## Fix

    Safe: removes the overridden label if it is a whole instruction on one line.
    """
    for stage in unit.dockerfile.stages:
        last = {label.key: label for label in stage.labels}
        for label in stage.labels:
            if last[label.key] is not label:
                winner = last[label.key]
                yield Hit(
                    unit.path,
                    f"{label.key} is overridden on line {winner.span.line}: remove one of the two",
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
