"""The verdict on one replay: a pure function of the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, get_args

from msgspec import Struct, field

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.facts.replays.evidence import AgentResult, Difference, TaskResult

Verdict: TypeAlias = Literal[
    "reproduced", "diverged", "exhausted", "unfinished", "failed", "not run"
]
_KILLED = 137
_SAME = 1e-9
"""Rewards that are closer than this count as equal: some graders print a mean."""
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

Cut: TypeAlias = Literal["time", "memory", "disk", "server"]
"""What ended a run before its time: a limit, or the server's death."""


class Ended(Struct, frozen=True):
    """How a container ended. `exit_code` is None for one that had to be killed or is unknown."""

    exit_code: int | None
    cut: Cut | None = None


class Diverged(Struct, frozen=True):
    """A turn that was served to another request: its number (from 1), its line, what differs."""

    turn: int
    line: int
    differences: tuple[Difference, ...]


class Calls(Struct, frozen=True):
    """The content of the server's journal. `sha256` is None where the server never started.

    `last_line` is the fixture's line of the last turn that was served.
    """

    sha256: str | None = None
    turns: int = 0
    served: int = 0
    diverged: int = 0
    exhausted: int = 0
    bad_requests: int = 0
    unknown_routes: int = 0
    turns_left: int = 0
    compared: int = 0
    first_diverged: Diverged | None = None
    last_line: int | None = None
    problems: tuple[str, ...] = ()


class Wanted(Struct, frozen=True):
    """What the replay has to come to. `reward` is the recorded one, None if none was.

    A `control` has no turn to serve: whatever the agent does then, it must not be rewarded.
    """

    sha256: str
    turns: int
    benchmark: str
    task: str
    reward: float | None = None
    control: bool = False


class ReplayEvidence(Struct, frozen=True):
    """Everything that a verdict is derived from.

    `not_run` states why nothing was run. `result` and `agent` are texts if the file is not valid.
    `images` are the ids of what was run, by role.
    """

    wanted: Wanted
    not_run: str | None = None
    calls: Calls = field(default_factory=Calls)
    runner: Ended | None = None
    result: TaskResult | str = "it was not written"
    agent: AgentResult | str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


class Judgement(Struct, frozen=True):
    """The verdict, and everything that contradicts `reproduced`, the most important first."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def judge(evidence: ReplayEvidence) -> Judgement:
    """The verdict.

    Where several hold, the one that explains the others counts: an agent that got an error past
    the last turn, or other answers than it was recorded with, need not come to any result.
    """
    if evidence.not_run is not None:
        return Judgement("not run", (evidence.not_run,))
    if evidence.runner is None or evidence.calls.sha256 is None:
        return Judgement("not run", ("the replay server did not start",))
    if evidence.wanted.control:
        return _control(evidence)
    found: list[tuple[Verdict, tuple[str, ...]]] = [
        ("exhausted", tuple(_exhausted(evidence.calls))),
        ("diverged", tuple(_diverged(evidence.calls))),
        ("failed", tuple(_failed(evidence))),
        ("unfinished", tuple(_unfinished(evidence.calls))),
    ]
    reasons = tuple(reason for _, reasons_of in found for reason in reasons_of)
    verdict: Verdict = next((name for name, reasons_of in found if reasons_of), "reproduced")
    return Judgement(verdict, reasons)


def _control(evidence: ReplayEvidence) -> Judgement:
    """Without replies there is nothing to reward; how agent and grader ended does not matter."""
    reasons = list(_cut(evidence)) or list(_wrong_result(evidence))
    result = evidence.result
    if isinstance(result, TaskResult) and (result.reward > 0 or result.passed):
        reasons.insert(0, f"the grader gave {result.reward:g} to an agent that got no reply")
    reasons.extend(_journal(evidence))
    return Judgement("failed" if reasons else "reproduced", tuple(reasons))


def _exhausted(calls: Calls) -> Iterator[str]:
    if calls.exhausted:
        yield (
            f"the agent asked {_times(calls.exhausted)} for more than the "
            f"{counted(calls.turns, 'recorded turn')}"
        )


def _diverged(calls: Calls) -> Iterator[str]:
    if not calls.diverged:
        return
    first = calls.first_diverged
    yield (
        f"{counted(calls.diverged, 'call')} differed from the recorded requests"
        if first is None
        else f"turn {first.turn} of {calls.turns} was requested with a different request: "
        + "; ".join(map(describe, first.differences))
    )
    if calls.diverged > 1:
        yield f"{counted(calls.diverged, 'turn')} in total differed"


def describe(difference: Difference) -> str:
    """Describes a difference."""
    recorded = f"“{difference.recorded}”" if difference.recorded else "nothing"
    asked = f"“{difference.asked}”" if difference.asked else "nothing"
    return f"{difference.where}: recorded {recorded}, asked {asked}"


def _unfinished(calls: Calls) -> Iterator[str]:
    if calls.turns_left:
        yield f"{calls.turns_left:,} of {counted(calls.turns, 'turn')} were not requested"


def _failed(evidence: ReplayEvidence) -> Iterator[str]:
    yield from _cut(evidence)
    ended, result, agent = evidence.runner, evidence.result, evidence.agent
    if ended is not None and ended.cut is None and ended.exit_code != 0:
        killed = " (killed, usually because it exceeded its memory limit)"
        more = killed if ended.exit_code == _KILLED else ""
        yield f"the runner ended with exit code {ended.exit_code}{more}"
    if isinstance(agent, str):
        yield f"the agent's result.json is not valid: {agent}"
    elif agent is not None and agent.exit_code:
        yield f"the agent ended with exit code {agent.exit_code}"
    if isinstance(result, TaskResult) and result.exit_code:
        yield f"the grader ended with exit code {result.exit_code}"
    yield from _wrong_result(evidence)
    if reward := other_reward(evidence):
        yield reward
    yield from _journal(evidence)


_CUTS: Mapping[Cut, str] = {
    "time": "the run was stopped: it exceeded its time limit",
    "memory": "the run was killed: it exceeded its memory limit",
    "disk": "the run was stopped: it exceeded its output limit",
    "server": "the run was stopped: the replay server died",
}


def _cut(evidence: ReplayEvidence) -> Iterator[str]:
    if evidence.runner is not None and evidence.runner.cut is not None:
        yield _CUTS[evidence.runner.cut]


def _wrong_result(evidence: ReplayEvidence) -> Iterator[str]:
    result, wanted = evidence.result, evidence.wanted
    if isinstance(result, str):
        yield f"the task's result.json is not valid: {result}"
        return
    if result.benchmark != wanted.benchmark:
        yield f"the result is for benchmark {result.benchmark}, not {wanted.benchmark}"
    if result.task_id != wanted.task:
        yield f"the result is for task {result.task_id}, not {wanted.task}"
    if result.passed != (result.reward >= 1):
        yield f"the result has passed: {_json(result.passed)}, but a reward of {result.reward:g}"


def other_reward(evidence: ReplayEvidence) -> str | None:
    """What was given and what was recorded, where the two differ."""
    result, wanted = evidence.result, evidence.wanted
    if not isinstance(result, TaskResult) or wanted.reward is None:
        return None
    if abs(result.reward - wanted.reward) <= _SAME:
        return None
    return f"the grader gave {result.reward:g}, but {wanted.reward:g} was recorded"


def _journal(evidence: ReplayEvidence) -> Iterator[str]:
    calls, wanted = evidence.calls, evidence.wanted
    if not wanted.control and (calls.sha256, calls.turns) != (wanted.sha256, wanted.turns):
        yield "the server replayed a recording other than the planned one"
    for problem in calls.problems:
        yield f"the journal is damaged: {problem}"


def _json(value: bool) -> str:
    return "true" if value else "false"


def _times(number: int) -> str:
    return "once" if number == 1 else "twice" if number == 2 else f"{number:,} times"
