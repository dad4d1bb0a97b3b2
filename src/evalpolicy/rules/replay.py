"""RPL: whether recorded runs still replay. These rules judge results of `evalpolicy replay run`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.rule import Hit, rule

# Only one command replays, and it loads these.
if TYPE_CHECKING:
    from evalpolicy.facts.provenance_file import ProvenanceFile
    from evalpolicy.facts.replays.replayed import Replayed
    from evalpolicy.facts.replays.verdict import Verdict


@rule("RPL001", "replay-diverged", "error")
def replay_diverged(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """The agent made a different request than the recorded one.

    A request is compared with the recorded one as far as that was recorded; values that change
    from run to run (times, ids, temporary folders) are not compared.

    ## Why

    The recorded reply belongs to another request. The replay is then not the recorded run, even if
    the grader passes it: prompt, tools, task or agent have changed since.

    ## Example

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "diverged": 1, "compared": 1,
     "first_diverged": {"turn": 1, "line": 1, "differences":
       [{"where": "user", "recorded": "task 0", "asked": "task 1"}]}}
    ```

    ## Fixed

    Record the run again, or revert the change.

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "served": 1, "compared": 1}
    ```
    """
    return _of(replays, "diverged", "record it again: evalpolicy replay record")


@rule("RPL002", "replay-exhausted", "error")
def replay_exhausted(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """The agent asked for more turns than were recorded.

    ## Why

    Anything past the end of the recording is not recorded behaviour. The fleet's own replay
    answered such calls with a normal reply, with REPLAY_EXHAUSTED or with the last turn again, and
    runs passed with that.

    ## Example

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "served": 1, "exhausted": 2}
    ```

    ## Fixed

    ```json replay
    {"fixture": "arc-0-codex", "turns": 3, "served": 3}
    ```
    """
    return _of(replays, "exhausted", "record it again: evalpolicy replay record")


@rule("RPL003", "replay-unfinished", "error")
def replay_unfinished(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """The run ended before all recorded turns were requested.

    ## Why

    An agent that stops early did not do what was recorded. If its exit code is ignored, a crash
    looks the same.

    ## Example

    ```json replay
    {"fixture": "arc-0-codex", "turns": 3, "served": 1, "turns_left": 2}
    ```

    ## Fixed

    ```json replay
    {"fixture": "arc-0-codex", "turns": 3, "served": 3}
    ```
    """
    return _of(replays, "unfinished", "evalpolicy fixtures show prints the turns")


@rule("RPL004", "replay-failed", "error")
def replay_failed(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """Agent, grader or runner failed in the replay, or wrote no valid result.

    That is: an exit code other than 0, a limit that was reached (time, memory, disk), or a
    `result.json` that is missing, violates its schema, belongs to another benchmark or task, or
    whose `passed` contradicts its reward.

    ## Why

    The reference fleet ignores the exit codes of agent and grader: a run in which both crashed
    still wrote a result, with reward 0.

    ## Example

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "served": 1, "agent": {"exit_code": 1}}
    ```

    ## Fixed

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "served": 1, "agent": {"exit_code": 0}}
    ```
    """
    for one in replays:
        reasons = [reason for reason in one.judgement.reasons if reason != one.other_reward]
        if one.verdict == "failed" and not one.control and reasons:
            yield _hit(one, reasons, _look(one))


@rule("RPL005", "replay-reward", "error")
def replay_reward(replays: Sequence[Replayed], provenance: ProvenanceFile) -> Iterator[Hit]:
    """The replay resulted in a different reward than the recorded one.

    ## Why

    The replies and the agent are the same, but the grader decides differently: grader or task data
    have changed, or the recorded reward does not belong to this run.

    ## Example

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"reward": 1}}
    ```

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "served": 1, "recorded": 1,
     "result": {"reward": 0, "passed": false}}
    ```

    ## Fixed

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"reward": 1}}
    ```

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "served": 1, "recorded": 1,
     "result": {"reward": 1, "passed": true}}
    ```

    ## Exempt

    A fixture whose provenance entry records no reward.
    """
    for one in replays:
        differs = one.other_reward
        if one.verdict != "failed" or one.control or differs is None:
            continue
        entry = provenance.entries.get(one.name)
        if entry is None:
            yield _hit(one, [differs], _look(one))
        else:
            span = entry.span_of("reward")
            yield Hit(provenance.path, f"{one.name}: {differs}", span, _look(one), one.name)


@rule("RPL006", "replay-not-run", "note")
def replay_not_run(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """A fixture was not replayed because the broken manifest lists it.

    A fixture that could not be replayed for any other reason is a problem, with exit code 3.

    ## Why

    A fixture that is not replayed proves nothing, and the list should not be forgotten.

    ## Example

    ```json replay
    {"fixture": "arc-0-codex", "not_run": "known to be broken: recorded by another agent",
     "broken": true}
    ```

    ## Fixed

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "served": 1}
    ```
    """
    for one in replays:
        if one.verdict == "not run" and one.broken:
            yield _hit(one, one.judgement.reasons, "`--broken include` replays it anyway")


@rule("RPL007", "replay-control", "error")
def replay_control(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """The control run failed: the grader rewards an agent that got no reply, or gives no result.

    `evalpolicy replay run --control` replays an empty recording. The grader has to write a valid
    result with a reward of 0.

    ## Why

    A benchmark that can be passed without an answer measures nothing. Causes are a grader that
    compares two empty strings, an answer in the image, or a leftover result.

    ## Example

    ```json replay
    {"fixture": "arc-0-codex", "control": true, "exhausted": 3,
     "result": {"reward": 1, "passed": true}}
    ```

    ## Fixed

    ```json replay
    {"fixture": "arc-0-codex", "control": true, "exhausted": 3,
     "result": {"reward": 0, "passed": false}}
    ```
    """
    for one in replays:
        if one.control and one.verdict == "failed":
            yield _hit(one, one.judgement.reasons, _look(one))


def _of(replays: Sequence[Replayed], verdict: Verdict, help: str) -> Iterator[Hit]:
    for one in replays:
        if one.verdict == verdict:
            yield _hit(one, one.judgement.reasons, help)


def _hit(one: Replayed, reasons: Sequence[str], help: str) -> Hit:
    reason = "; ".join(reasons)
    return Hit(one.path, reason, Span.at(one.line), help, one.name, cause=reason)


def _look(one: Replayed) -> str:
    return f"see the logs in {one.folder}/logs" if one.folder else ""
