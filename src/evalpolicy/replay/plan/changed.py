"""Which replays a change affects: those whose fixture or image changed."""

from __future__ import annotations

from evalpolicy.config import reading as configuration
from evalpolicy.errors import UsageError
from evalpolicy.facts.facts import Facts
from evalpolicy.replay.plan.images import ImagePlanner
from evalpolicy.replay.plan.model import EngineName
from evalpolicy.replay.plan.selection import Chosen
from evalpolicy.snapshot.cache import Cache
from evalpolicy.snapshot.submission.change import Comparison


class Changed:
    """Compares with the merge base; an image includes everything that it is built on."""

    def __init__(
        self, facts: Facts, comparison: Comparison, engine: EngineName, cache: Cache
    ) -> None:
        self._now = facts
        self._paths = comparison.by_path
        try:
            before = configuration.load(comparison.before)
        except UsageError:
            # It could not be read at the base, so it counts as changed.
            self._before = None
            return
        self._before = Facts(comparison.before, before, cache)
        self._images = ImagePlanner(self._before.fleet, before.replay, engine)
        self._runs_otherwise = before.replay != facts.config.replay

    def __call__(self, one: Chosen, images: ImagePlanner) -> bool:
        """Whether a fixture is new, or would be replayed differently than before."""
        before = self._before
        if before is None or self._runs_otherwise or one.fixture.path in self._paths:
            return True
        file = one.fixture.path.rpartition("/")[2]
        if file in before.broken_manifest.manifest.fixtures:
            return file not in self._now.broken_manifest.manifest.fixtures
        benchmark = before.fleet.benchmarks.get(one.benchmark.name)
        agent = before.fleet.agents.get(one.agent.name)
        if benchmark is None or agent is None:
            return True
        per_task = benchmark.value("eval.benchmark.env") == "per-task"
        then = self._images.eval(benchmark, one.task if per_task else None, agent)
        now = images.eval(one.benchmark, one.task if one.per_task else None, one.agent)
        return then.problem is not None or then.recipe != now.recipe
