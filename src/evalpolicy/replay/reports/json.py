"""The machine format of `replay run`, version 1: schemas/replay.schema.json."""

from __future__ import annotations

from typing import Any

from msgspec import to_builtins

from evalpolicy.facts.replays.evidence import AgentResult, TaskResult
from evalpolicy.facts.replays.replayed import Replayed
from evalpolicy.policy.portable import portable_values
from evalpolicy.replay.reports import ReplayReport
from evalpolicy.reporters.json import document, written

VERSION = "1"


def render(report: ReplayReport) -> str:
    """One JSON object, indented, keys in the schema's order."""
    checked = document(report.report)
    told = {
        "version": VERSION,
        "tool": checked["tool"],
        "run": report.run,
        "engine": report.engine,
        "seconds": round(report.seconds, 3),
        "summary": report.counted,
        "replays": [portable_values(row(one)) for one in report.replays],
        "findings": checked["findings"],
        "problems": checked["problems"],
    }
    return written(told) + "\n"


def row(one: Replayed) -> dict[str, Any]:
    """One replay: its verdict and its evidence."""
    evidence, wanted = one.evidence, one.evidence.wanted
    result, agent, runner = evidence.result, evidence.agent, evidence.runner
    return {
        "fixture": one.name,
        "path": one.path,
        "line": one.line,
        "benchmark": wanted.benchmark,
        "task_id": wanted.task,
        "agent": one.agent,
        "control": wanted.control,
        "broken": one.broken,
        "verdict": one.verdict,
        "reasons": list(one.judgement.reasons),
        "seconds": round(one.seconds, 3),
        "evidence": {
            "fixture_sha256": wanted.sha256,
            "turns": wanted.turns,
            "reward_recorded": wanted.reward,
            "calls": to_builtins(evidence.calls),
            "runner": None if runner is None else to_builtins(runner),
            "agent_exit_code": agent.exit_code if isinstance(agent, AgentResult) else None,
            "grader_exit_code": result.exit_code if isinstance(result, TaskResult) else None,
            "result": to_builtins(result) if isinstance(result, TaskResult) else None,
            "result_problem": result if isinstance(result, str) else None,
            "images": dict(evidence.images),
            "left_out": list(evidence.left_out),
        },
        "folder": one.folder,
        "logs": list(one.logs),
    }
