"""Finds what killed runs left behind, by its labels, to remove what no run owns."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.replay.containers.engines import Engine
from evalpolicy.replay.containers.owner import lives
from evalpolicy.replay.plan.model import LABEL_RUN, Command


class Left(Struct, frozen=True):
    """A container or a volume of a replay. `owner_lives` is None if that is unknown."""

    kind: str
    name: str
    run: str
    replay: str
    owner_lives: bool | None
    remove: Command


def left(engine: Engine, run: str | None = None) -> list[Left]:
    """Everything of one run, or of all runs, in the order in which it can be removed.

    A server goes after the runner that lives in its network, a volume after both.
    """
    label = LABEL_RUN if run is None else f"{LABEL_RUN}={run}"
    containers = list(_left(engine, "container", engine.containers(label)))
    containers.sort(key=lambda one: one.name.endswith("-server"))
    return [*containers, *_left(engine, "volume", engine.volumes(label))]


def _left(engine: Engine, kind: str, rows: list[dict[str, str]]) -> Iterator[Left]:
    for row in rows:
        name = row["name"]
        remove = engine.remove(name) if kind == "container" else engine.remove_volume(name)
        owner = row["owner"]
        yield Left(kind, name, row["run"], row["replay"], lives(owner) if owner else None, remove)
