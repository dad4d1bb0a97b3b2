"""A plan as a GitHub Actions matrix: one line of JSON for `$GITHUB_OUTPUT`."""

from __future__ import annotations

from evalpolicy.errors import UsageError
from evalpolicy.replay.plan.model import Plan
from evalpolicy.reporters.json import written

MOST_JOBS = 256
"""The maximum number of jobs in a matrix."""


def matrix(plan: Plan, shards: int | None = None) -> str:
    """One job per fixture, or at most `shards` jobs, each for `--shard i/n`.

    There are no more of these than benchmark images: a shard is not empty.

    Raises `UsageError` for more jobs than GitHub accepts.
    """
    if shards is not None:
        groups = {plan.image(replay.image).bases[:1] for replay in plan.replays}
        count = min(shards, len(groups))
        include: list[dict[str, str]] = [
            {"name": f"{number} of {count}", "shard": f"{number}/{count}"}
            for number in range(1, count + 1)
        ]
    else:
        include = [
            {
                "name": replay.name,
                "fixture": replay.path,
                "benchmark": replay.benchmark,
                "task": replay.task,
                "agent": replay.agent,
                "image": replay.image,
            }
            for replay in plan.replays
        ]
    if len(include) > MOST_JOBS:
        raise UsageError(
            f"{len(include)} jobs: a matrix of GitHub Actions has {MOST_JOBS} at most; ask for "
            f"parts with --shards {MOST_JOBS // 4}"
        )
    return written({"include": include}, indent=None) + "\n"
