"""RPL: whether recorded runs still replay. `evalpolicy replay run` makes what these rules judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.rule import Hit, rule

# No other command replays: these are loaded by the one that does.
if TYPE_CHECKING:
    from evalpolicy.facts.provenance_file import ProvenanceFile
    from evalpolicy.facts.replays.replayed import Replayed
    from evalpolicy.facts.replays.verdict import Verdict


@rule("RPL001", "replay-diverged", "error")
def replay_diverged(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """The agent asked something else than was recorded.

    A request is compared with the recorded one as far as that was recorded; what changes from
    run to run (times, ids, temporary folders) is not compared.

    ## Why

    The recorded reply was made for another request. What comes of it is not the recorded run,
    even if the grader is content: prompt, tools, task or agent have changed since.

    ## Example

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "diverged": 1, "compared": 1,
     "first_diverged": {"turn": 1, "line": 1, "differences":
       [{"where": "user", "recorded": "task 0", "asked": "task 1"}]}}
    ```

    ## Fixed

    Recorded anew, or the change taken back.

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "served": 1, "compared": 1}
    ```
    """
    return _of(replays, "diverged", "record it anew: evalpolicy replay record")


@rule("RPL002", "replay-exhausted", "error")
def replay_exhausted(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """The agent asked for more turns than were recorded.

    ## Why

    What the agent does past the recording's end is not recorded behaviour. The fleet's own
    replay answered such calls with a normal reply, REPLAY_EXHAUSTED or the last turn once more,
    and runs passed on that.

    ## Example

    ```json replay
    {"fixture": "arc-0-codex", "turns": 1, "served": 1, "exhausted": 2}
    ```

    ## Fixed

    ```json replay
    {"fixture": "arc-0-codex", "turns": 3, "served": 3}
    ```
    """
    return _of(replays, "exhausted", "record it anew: evalpolicy replay record")


@rule("RPL003", "replay-unfinished", "error")
def replay_unfinished(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """The run ended before all recorded turns were asked for.

    ## Why

    An agent that stops early did not do what was recorded. Where nobody looks at its exit code, a
    crash looks like this as well.

    ## Example

    ```json replay
    {"fixture": "arc-0-codex", "turns": 3, "served": 1, "turns_left": 2}
    ```

    ## Fixed

    ```json replay
    {"fixture": "arc-0-codex", "turns": 3, "served": 3}
    ```
    """
    return _of(replays, "unfinished", "evalpolicy fixtures show tells what the turn holds")


@rule("RPL004", "replay-failed", "error")
def replay_failed(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """Agent, grader or runner failed in the replay, or wrote no valid result.

    Exit codes other than 0, a limit that was reached (time, memory, disk), a `result.json` that
    is missing, breaks its schema, is one of another benchmark or task, or says `passed` against
    its own reward.

    ## Why

    The reference fleet swallows the exit codes of agent and grader: a run in which both crashed
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
    """The replay came to another reward than was recorded.

    ## Why

    The same replies to the same agent, and the grader judges otherwise: grader or task data have
    changed, or the recorded reward is not this run's.

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
    """A fixture was not replayed, because the broken manifest lists it.

    What could not be replayed for any other reason is a problem, and makes the exit code 3.

    ## Why

    A fixture that nobody replays proves nothing, and the list should not be forgotten.

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
            yield _hit(one, one.judgement.reasons, "--broken include replays it all the same")


@rule("RPL007", "replay-control", "error")
def replay_control(replays: Sequence[Replayed]) -> Iterator[Hit]:
    """The control failed: the grader rewards an agent that got no reply at all, or gives nothing.

    `evalpolicy replay run --control` replays an empty recording. The grader has to come to a
    valid result with a reward of 0.

    ## Why

    A benchmark that is passed without an answer measures nothing: a grader that compares two
    empty texts, an answer that lies in the image, a result that was left over.

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
    return Hit(one.path, "; ".join(reasons), Span.at(one.line), help, one.name)


def _look(one: Replayed) -> str:
    return f"its logs: {one.folder}/logs" if one.folder else ""
