"""What rules may ask for: a rule's parameters are the names of these facts."""

from __future__ import annotations

from functools import cached_property

from evalpolicy.artifacts.source import Problem
from evalpolicy.cache import Cache
from evalpolicy.config import Config, Layout
from evalpolicy.fleet import Fleet
from evalpolicy.label_contracts import Contracts
from evalpolicy.snapshot import Snapshot


class Facts:
    """The facts about one snapshot, each worked out when a rule first asks for it.

    Rules read them and change nothing. A rule that asks for `unit` is called once for each unit,
    with its `Surroundings` as `around`; one that asks for `dockerfile` once for each Dockerfile,
    with its `Place` as `place`. Beside these it may ask for what `place_id` and the
    configuration's layout cover.
    """

    def __init__(self, snapshot: Snapshot, config: Config, cache: Cache) -> None:
        self.cache = cache
        self.snapshot = snapshot
        self.config = config

    @cached_property
    def fleet(self) -> Fleet:
        return Fleet(self.snapshot, self.config.layout, self.cache)

    @cached_property
    def contracts(self) -> Contracts:
        return Contracts(self.config, self.snapshot, self.cache)

    @property
    def layout(self) -> Layout:
        return self.config.layout

    @property
    def problems(self) -> list[tuple[str, Problem]]:
        """What could not be read for the facts that were asked for, as (path, problem)."""
        return self.fleet.problems
