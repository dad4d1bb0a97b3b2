"""The output of a replay, from which its verdict is derived."""

from __future__ import annotations

from msgspec import Struct


class TaskResult(Struct, frozen=True):
    """A valid `task/result.json`; `exit_code` is the grader's, where it says so."""

    task_id: str
    benchmark: str
    reward: float
    passed: bool
    exit_code: int | None = None


class AgentResult(Struct, frozen=True):
    """A valid `agent/result.json`."""

    exit_code: int | None = None


class Difference(Struct, frozen=True):
    """`where` a request departs (`user`, `result 2`), with the two texts from shortly before there.

    Both are short and hold no credential; an empty one states that this side has nothing there.
    """

    where: str
    recorded: str
    asked: str
