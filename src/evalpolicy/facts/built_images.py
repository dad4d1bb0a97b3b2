"""The images that the repository builds itself, by the names that it gives them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from evalpolicy.artifacts.build_args import bake_defaults, bake_tags
from evalpolicy.artifacts.engine_calls import EngineCall
from evalpolicy.artifacts.syntax.shell.values import with_defaults
from evalpolicy.facts.engine_calls import calls_of
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Unreadable
from evalpolicy.snapshot.model import understood
from evalpolicy.snapshot.tracing import tracked

_Read = TypeVar("_Read")
# No bake file and no compose file is larger (bytes).
_LIMIT = 4 << 20
_BEHIND_NAME = re.compile(r"(?::[\w.-]*|:\$\{[^}]*\}|:\$\w+)?(?:@\S+)?$")


class BuiltImages:
    """Nothing is read before the first question."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def builds(self, reference: str) -> bool:
        """Whether the image is built here: under this name, or as a folder of the fleet."""
        name = _name(reference)
        return "/".join(name.split("/")[-2:]) in self._fleet.images or name in self._names

    @property
    @tracked
    def _names(self) -> frozenset[str]:
        """The names that build scripts, bake files and compose files give, without their tags."""
        tags = [*self._of_scripts(calls_of(self._fleet)), *self._of_bake(), *self._of_compose()]
        return frozenset(name for tag in tags if "$" not in (name := _name(tag)) and name)

    def _of_scripts(self, calls: Mapping[str, tuple[EngineCall, ...]]) -> Iterator[str]:
        for found in calls.values():
            for call in found:
                yield from call.tags

    def _of_bake(self) -> Iterator[str]:
        tags: set[str] = set()
        defaults: dict[str, str] = {}
        for content in self._matching(self._fleet.layout.bake, lambda content: content):
            tags |= bake_tags(content)
            defaults |= bake_defaults(content)
        for tag in tags:
            yield with_defaults(tag, defaults)

    def _of_compose(self) -> Iterator[str]:
        from evalpolicy.artifacts.compose import parse as parse_compose

        for compose in self._matching(self._fleet.layout.compose, parse_compose):
            for service in compose.services:
                if service.is_built and service.image is not None:
                    yield with_defaults(service.image.text, {})

    def _matching(self, globs: tuple[str, ...], read: Callable[[bytes], _Read]) -> Iterator[_Read]:
        matcher, snapshot = Globs(globs), self._fleet.snapshot
        for path, entry in snapshot.entries.items():
            if entry.is_file and path in matcher:
                try:
                    yield understood(read, snapshot.read(path, _LIMIT))
                except Unreadable as reason:
                    self._fleet.unreadable(path, reason)


def _name(reference: str) -> str:
    return _BEHIND_NAME.sub("", reference)
