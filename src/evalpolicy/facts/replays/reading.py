"""Reads replays back from the JSON of `replay run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import convert

from evalpolicy.errors import UsageError
from evalpolicy.facts.replays.evidence import AgentResult, TaskResult
from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.facts.replays.verdict import Calls, Ended, Judgement, ReplayEvidence, Wanted
from evalpolicy.matching.json_schema import violations
from evalpolicy.matching.shipped import schema


def read(content: bytes, file: str) -> list[Replayed]:
    """The replays in a report (schemas/replay.schema.json). Raises `UsageError`."""
    try:
        value = orjson.loads(content)
    except ValueError as error:
        raise _refused(file, f"no JSON: {error}") from error
    if not isinstance(value, dict) or "replays" not in value:
        raise _refused(file, "it has no replays")
    # The rest of the schema refers to that of `check`; nothing of it is read here.
    whole = orjson.loads(schema("replay"))
    of_replays = {"$defs": whole["$defs"], **whole["properties"]["replays"]}
    for violation in violations(orjson.dumps(of_replays), value["replays"]):
        place = "/".join(map(str, ("replays", *violation.path)))
        raise _refused(file, f"{place}: {violation.message}")
    return [_replayed(row) for row in value["replays"]]


def _refused(file: str, why: str) -> UsageError:
    return UsageError(
        f"{file} is not a replay report ({why}): "
        "write one with `evalpolicy replay run --format json=FILE`"
    )


def _replayed(row: Mapping[str, Any]) -> Replayed:
    verdict = row["verdict"]
    return Replayed(
        row["fixture"],
        row["path"],
        _evidence(row),
        Judgement(verdict, tuple(row["reasons"])),
        row["agent"],
        row["line"],
        row["seconds"],
        row["folder"],
        tuple(row["logs"]),
        row["broken"],
    )


def _evidence(row: Mapping[str, Any]) -> ReplayEvidence:
    told = row["evidence"]
    wanted = Wanted(
        told["fixture_sha256"],
        told["turns"],
        row["benchmark"],
        row["task_id"],
        told["reward_recorded"],
        row["control"],
    )
    result = told["result"]
    agent = told["agent_exit_code"]
    return ReplayEvidence(
        wanted,
        "; ".join(row["reasons"]) if row["verdict"] == "not run" else None,
        convert(told["calls"], Calls),
        convert(told["runner"], Ended | None),
        told["result_problem"] or "" if result is None else TaskResult(**result),
        None if agent is None else AgentResult(agent),
        told["images"],
        tuple(told["left_out"]),
    )
