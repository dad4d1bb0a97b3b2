"""What a unit's image fetches that moves, and whether its label says otherwise."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from evalpolicy.artifacts.moving_data import Fetch, moving
from evalpolicy.artifacts.revisions import COMMIT
from evalpolicy.fleet.unit_context import UnitContext
from evalpolicy.fleet.units import Unit
from evalpolicy.snapshot.tracing import remembered

if TYPE_CHECKING:
    from evalpolicy.artifacts.dockerfile import Label

DATA_REVISION = "eval.benchmark.data_revision"


class Data(NamedTuple):
    """The fetches of what moves, each source once; `decorative` is a label that names a commit
    which nothing in the unit's folder fetches."""

    moving: tuple[Fetch, ...]
    decorative: Label | None


def data_of(unit: Unit, unit_context: UnitContext) -> Data:
    return remembered(unit_context.known, "data", partial(_read, unit, unit_context))


def path_of(unit: Unit, fetch: Fetch) -> str:
    """The file in which a fetch stands."""
    if not fetch.path:
        return unit.path
    return f"{unit.folder}/{fetch.path}" if unit.folder else fetch.path


def _read(unit: Unit, unit_context: UnitContext) -> Data:
    start = len(unit.folder) + 1 if unit.folder else 0
    fetches = moving(
        unit.dockerfile,
        unit.scripts,
        {path[start:]: partial(unit_context.read, path) for path in unit_context.paths},
        lambda name: name in unit_context.supplied_args,
    )
    label = unit.labels.get(DATA_REVISION) if unit.role == "benchmark" else None
    pinned = label is not None and not label.unresolved and COMMIT.fullmatch(label.value)
    if (
        not label
        or not pinned
        or _carried(unit, label)
        or _stands_elsewhere(unit_context, unit, label)
    ):
        label = None
    return Data(fetches, label)


def _carried(unit: Unit, label: Label) -> bool:
    """Whether an instruction other than ARG, ENV and LABEL uses a variable of the label."""
    for name in label.names:
        used = re.compile(rf"\$(?:\{{{re.escape(name)}\b|{re.escape(name)}\b)")
        for instruction in unit.dockerfile.instructions:
            if instruction.keyword in ("LABEL", "ARG"):
                continue
            bodies = (heredoc.body for heredoc in instruction.heredocs)
            if any(used.search(text) for text in (instruction.text, *bodies)):
                return True
    return False


def _stands_elsewhere(unit_context: UnitContext, unit: Unit, label: Label) -> bool:
    """Whether the literal revision appears in another instruction or file of the benchmark."""
    for instruction in unit.dockerfile.instructions:
        if instruction.keyword == "LABEL" or (label.names and instruction.keyword == "ARG"):
            continue
        bodies = (heredoc.body for heredoc in instruction.heredocs)
        if any(label.value in text for text in (instruction.text, *bodies)):
            return True
    wanted = label.value.encode()
    return any(
        wanted in content and not path.endswith((".md", ".rst", ".txt"))
        for path, content in unit_context.own_texts
    )
