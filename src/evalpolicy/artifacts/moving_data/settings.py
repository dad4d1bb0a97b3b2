"""What the variables of a Dockerfile hold at each of its instructions."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable

from evalpolicy.artifacts.dockerfile import Dockerfile, Instruction
from evalpolicy.artifacts.dockerfile.model import Arg, Env
from evalpolicy.artifacts.moving_data.model import Lookup
from evalpolicy.artifacts.syntax.source import Span


class DockerfileVariables:
    """ARG and ENV, the later wins; not what only the build sets (`supplied`)."""

    def __init__(self, dockerfile: Dockerfile, supplied: Callable[[str], bool]) -> None:
        self._supplied = supplied
        self._starts = [stage.from_.span for stage in dockerfile.stages]
        self._parents = [stage.base.parent for stage in dockerfile.stages]
        self._stages: list[dict[str, list[Arg | Env]]] = []
        for stage in dockerfile.stages:
            named: dict[str, list[Arg | Env]] = defaultdict(list)
            of_stage: list[Arg | Env] = [*stage.args, *stage.envs]
            for setting in of_stage:
                named[setting.key].append(setting)
            for settings in named.values():
                settings.sort(key=lambda each: each.span)
            self._stages.append(named)

    def stage(self, instruction: Instruction) -> int:
        """The number of the stage that an instruction is in; -1 before the first."""
        return bisect_right(self._starts, instruction.span) - 1

    def at(self, instruction: Instruction) -> Lookup:
        number, before = self.stage(instruction), instruction.span

        def value(name: str) -> str | None:
            found = self._value(name, number, before)
            return None if found is None or self._supplied(name) else found

        return value

    def _value(self, name: str, stage: int | None, before: Span) -> str | None:
        while stage is not None and stage >= 0:
            settings = self._stages[stage].get(name, ())
            at = bisect_left(settings, before, key=lambda each: each.span)
            if at:
                setting = settings[at - 1]
                return None if setting.unresolved else setting.value
            stage = self._parents[stage]
        return None
