"""What came of replays, made up from the few values that a case is about."""

from __future__ import annotations

from typing import Any

from evalpolicy.facts.replays.evidence import AgentResult, Difference, TaskResult
from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.facts.replays.verdict import Calls, Diverged, Ended, ReplayEvidence, Wanted, judge

FOLDER = "tests/run/replay/fixtures"
SHA = "0" * 64


def evidence(**row: Any) -> ReplayEvidence:
    """Reproduced, but for what `row` says: counts of the journal, `agent`, `result` (an object,
    or the text that says why there is none), `exit_code`, `cut`, `recorded`, `control`, …"""
    control = row.get("control", False)
    turns = row.get("turns", 0)
    wanted = Wanted(SHA, turns, "arc", "0", row.get("recorded"), control)
    if row.get("not_run"):
        return ReplayEvidence(wanted, not_run=row["not_run"])
    result = row.get("result", {})
    if isinstance(result, dict):
        values = {"task_id": "0", "benchmark": "arc", "reward": 1, "passed": True, **result}
        result = TaskResult(**values)
    agent = row.get("agent")
    return ReplayEvidence(
        wanted,
        calls=Calls(
            row.get("sha256", SHA),
            turns,
            *(row.get(name, 0) for name in ("served", "diverged", "exhausted")),
            turns_left=row.get("turns_left", 0),
            compared=row.get("compared", 0),
            first_diverged=diverged(row.get("first_diverged")),
            problems=tuple(row.get("problems", ())),
        ),
        runner=Ended(row.get("exit_code", 0), row.get("cut")),
        result=result,
        agent=AgentResult(**agent) if isinstance(agent, dict) else agent,
    )


def diverged(row: dict[str, Any] | None) -> Diverged | None:
    if row is None:
        return None
    return Diverged(row["turn"], row["line"], tuple(Difference(**d) for d in row["differences"]))


def replayed(**row: Any) -> Replayed:
    """One replay of `fixture`, judged."""
    known = {"fixture", "line", "broken", "seconds", "logs", "folder"}
    found = evidence(**{key: value for key, value in row.items() if key not in known})
    name = row.get("fixture", "arc-0-codex")
    return Replayed(
        name,
        f"{FOLDER}/{name}.traces.jsonl",
        found,
        judge(found),
        "codex",
        row.get("line", 1),
        row.get("seconds", 1.5),
        row.get("folder", f"/fleet/evalpolicy-replay/{name}"),
        tuple(row.get("logs", ())),
        row.get("broken", False),
    )
