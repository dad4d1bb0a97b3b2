"""Compose files: what they include, and their services as far as the fleet's rules go.

After the Compose specification (compose-spec, 2025): `include` is a list of paths or of mappings
with `path`, `extends` a service's name or a mapping with `service` and `file`, `environment` a
mapping or a list. Anchors and merge keys are resolved; what is not a compose file has a problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evalpolicy.artifacts.syntax.source import START, Located, Problem, Span
from evalpolicy.artifacts.syntax.yaml_spans import (
    YamlList,
    YamlMap,
    YamlNode,
    YamlScalar,
    parse_yaml,
)


class Variable(NamedTuple):
    """One entry of `environment`; `value` is None if the caller's value is passed on."""

    name: str
    value: str | None
    span: Span


class Extends(NamedTuple):
    """The service that another one builds on; `file` is None for the same file."""

    file: str | None
    service: str
    span: Span


class Service(NamedTuple):
    name: str
    span: Span
    image: Located | None
    environment: tuple[Variable, ...]
    extends: Extends | None
    is_null: bool
    is_built: bool = False


class Compose(NamedTuple):
    """One compose file as written; paths are relative to its folder."""

    includes: tuple[Located, ...]
    services: tuple[Service, ...]
    problem: Problem | None = None

    def service(self, name: str) -> Service | None:
        return next((each for each in reversed(self.services) if each.name == name), None)


def parse(content: bytes) -> Compose:
    """Reads a compose file; never raises."""
    document = parse_yaml(content)
    if document.problem is not None:
        return Compose((), (), document.problem)
    root = document.root
    if not isinstance(root, YamlMap):
        return Compose((), (), Problem("not a compose file: a mapping is expected", START))
    services = root.map("services")
    return Compose(
        tuple(_includes(root.get("include"))),
        tuple(_service(e.key, e.span, e.value) for e in (services.entries if services else ())),
    )


def _includes(node: YamlNode | None) -> Iterator[Located]:
    if isinstance(node, YamlScalar):
        yield node.located
    for item in node.items if isinstance(node, YamlList) else ():
        yield from _includes(item.get("path") if isinstance(item, YamlMap) else item)


def _service(name: str, span: Span, node: YamlNode) -> Service:
    if not isinstance(node, YamlMap):
        return Service(name, span, None, (), None, True)
    return Service(
        name,
        span,
        node.located("image"),
        tuple(_environment(node.get("environment"))),
        _extends(node),
        False,
        node.get("build") is not None,
    )


def _environment(node: YamlNode | None) -> Iterator[Variable]:
    if isinstance(node, YamlMap):
        for entry in node.entries:
            value = entry.value
            text = value.text if isinstance(value, YamlScalar) and not value.is_null else None
            yield Variable(entry.key, text, entry.span)
    elif isinstance(node, YamlList):
        for item in node.items:
            if isinstance(item, YamlScalar):
                name, equals, text = item.text.partition("=")
                yield Variable(name, text if equals else None, item.span)


def _extends(node: YamlMap) -> Extends | None:
    value = node.get("extends")
    if isinstance(value, YamlScalar):
        return Extends(None, value.text, value.span)
    if isinstance(value, YamlMap):
        file, service = value.text("file"), value.text("service")
        if service is not None:
            return Extends(file.text if file else None, service.text, value.span)
    return None
