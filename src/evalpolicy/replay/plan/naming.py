"""Image names as the fleet names them, and names of containers."""

from __future__ import annotations

import re

from evalpolicy.config.replay import Replaying, filled
from evalpolicy.fleet.units import Role

# The grammar of a reference (distribution/reference), without a digest: none is built by name.
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}"
)
# A repository's name has at most 255 characters, its domain included.
_LONGEST = 255
_NO_CONTAINER = re.compile(r"[^A-Za-z0-9_.-]+")


class ImageNames:
    """The names that `[replay]` gives to images."""

    def __init__(self, settings: Replaying) -> None:
        self._names = settings.names
        self._common = {"registry": settings.registry, "tag": settings.tag}

    def unit(self, role: Role, name: str) -> str:
        """The image of a unit that is one for all tasks."""
        return self._filled(getattr(self._names, role), {"benchmark": name, "agent": name})

    def benchmark(self, benchmark: str, task: str | None) -> str:
        """A benchmark's image, or that of one task if each has its own."""
        if task is None:
            return self._filled(self._names.benchmark, {"benchmark": benchmark})
        values = {"benchmark": benchmark, "task": task.lower()}
        return self._filled(self._names.benchmark_task, values)

    def eval(self, benchmark: str, task: str | None, agent: str) -> str:
        """The image that a replay runs."""
        values = {"benchmark": benchmark, "agent": agent}
        if task is None:
            return self._filled(self._names.eval, values)
        return self._filled(self._names.eval_task, {**values, "task": task.lower()})

    def _filled(self, text: str, values: dict[str, str]) -> str:
        name = values.get("benchmark", values.get("agent", ""))
        return filled(text, {**self._common, "name": name, "task": "", "agent": "", **values})


def is_image_name(name: str) -> bool:
    """Whether an engine accepts this as the name of an image with a tag."""
    return len(name.rpartition(":")[0]) <= _LONGEST and _REFERENCE.fullmatch(name) is not None


def container_name(run: str, number: int, stem: str, part: str) -> str:
    """A container's name, unique to one replay of one run."""
    readable = _NO_CONTAINER.sub("-", stem)[:60].strip("-.")
    return f"evalpolicy-{run}-{number}-{readable or 'fixture'}-{part}"
