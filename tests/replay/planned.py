"""Plans of small fleets, for the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evalpolicy.config import reading as configuration
from evalpolicy.facts.facts import Facts
from evalpolicy.replay.plan.model import Plan
from evalpolicy.replay.plan.planning import PlanRequest, plan
from evalpolicy.replay.plan.selection import Selection
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache


def planned(root: Path, *words: str, engine: Any = "docker", **selection: Any) -> Plan:
    """The plan for a fleet in a folder. What is no field of `Selection` is one of `PlanRequest`."""
    fields = Selection.__struct_fields__
    chosen = {key: value for key, value in selection.items() if key in fields}
    rest = {key: value for key, value in selection.items() if key not in fields}
    with open_snapshot(root) as snapshot:
        facts = Facts(snapshot, configuration.load(snapshot), Cache(None))
        return plan(facts, PlanRequest(Selection(words, **chosen), engine, **rest))


def names(found: Plan) -> list[str]:
    """The fixtures of a plan."""
    return [replay.name for replay in found.replays]
