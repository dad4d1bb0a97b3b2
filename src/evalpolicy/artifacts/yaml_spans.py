"""YAML with the position of every key and value, composed by PyYAML and never constructed.

No tag of the file is ever turned into an object. Bad YAML becomes a `Problem`; an alias is the
node it stands for; nesting and the number of nodes are limited, so no file can blow up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml
from msgspec import Struct

from evalpolicy.artifacts.source import START, Problem, Span

MAX_DEPTH = 60
MAX_NODES = 200_000

_MERGE = "tag:yaml.org,2002:merge"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlScalar(Struct, frozen=True):
    """A scalar: its text as it is written (unquoted) and the tag YAML 1.1 resolves it to."""

    text: str
    tag: str
    span: Span

    @property
    def is_null(self) -> bool:
        return self.tag.endswith(":null")

    def as_bool(self) -> bool | None:
        """The truth value, if it is one."""
        if not self.tag.endswith(":bool"):
            return None
        return self.text.lower() in ("yes", "true", "on")


class YamlList(Struct, frozen=True):
    """A sequence."""

    items: tuple[YamlNode, ...]
    span: Span


class YamlEntry(Struct, frozen=True):
    """A key and its value."""

    key: str
    span: Span
    value: YamlNode


class YamlMap(Struct, frozen=True):
    """A mapping; of a repeated key the last one counts, as for PyYAML's readers."""

    entries: tuple[YamlEntry, ...]
    span: Span

    def entry(self, key: str) -> YamlEntry | None:
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)

    def get(self, key: str) -> YamlNode | None:
        entry = self.entry(key)
        return None if entry is None else entry.value

    def text(self, key: str) -> YamlScalar | None:
        """The scalar under a key, unless it is null or no scalar."""
        value = self.get(key)
        return value if isinstance(value, YamlScalar) and not value.is_null else None

    def maps(self, key: str) -> tuple[YamlMap, ...]:
        """The mappings in the list under a key."""
        value = self.get(key)
        items = value.items if isinstance(value, YamlList) else ()
        return tuple(item for item in items if isinstance(item, YamlMap))

    def map(self, key: str) -> YamlMap | None:
        value = self.get(key)
        return value if isinstance(value, YamlMap) else None


YamlNode: TypeAlias = YamlScalar | YamlList | YamlMap


class YamlDocument(Struct, frozen=True):
    """The first document of a file; `root` is None for an empty or unreadable one."""

    root: YamlNode | None
    problem: Problem | None = None


def parse_yaml(content: bytes) -> YamlDocument:
    """Reads a file's first document; never raises, whatever the bytes."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return YamlDocument(None, Problem("a byte that is no UTF-8", Span.at(line)))
    # libyaml follows nesting by recursion in C, where a deep file ends the process.
    if (deep := deep_line(text)) is not None:
        message = f"nested deeper than {MAX_DEPTH} levels"
        return YamlDocument(None, Problem(message, Span.at(deep)))
    try:
        loader = _Loader(text)
        try:
            root = loader.get_node() if loader.check_node() else None
        finally:
            loader.dispose()
        return YamlDocument(None if root is None else _Reader().node(root, 0))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = error.problem or error.context or "no YAML"
        span = START if mark is None else Span.at(mark.line + 1, mark.column + 1)
        return YamlDocument(None, Problem(f"no YAML: {message}", span))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return YamlDocument(None, Problem(f"no YAML: {first}"))
    except _TooLargeError as error:
        return YamlDocument(None, Problem(str(error)))


class _TooLargeError(Exception):
    pass


class _Reader:
    def __init__(self) -> None:
        self.nodes = 0

    def node(self, node: Any, depth: int) -> YamlNode:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise _TooLargeError(f"more than {MAX_DEPTH} levels or {MAX_NODES} nodes")
        span = _span(node)
        if isinstance(node, yaml.ScalarNode):
            return YamlScalar(node.value, node.tag, span)
        if isinstance(node, yaml.SequenceNode):
            return YamlList(tuple(self.node(item, depth + 1) for item in node.value), span)
        return YamlMap(tuple(self.entries(node, depth)), span)

    def entries(self, node: Any, depth: int) -> Iterator[YamlEntry]:
        pairs = [(key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
        # Merged entries come first, so that the mapping's own outrank them wherever `<<` stands.
        for key, value in pairs:
            if key.tag == _MERGE:
                yield from self.merged(value, depth)
        for key, value in pairs:
            if key.tag != _MERGE:
                yield YamlEntry(key.value, _span(key), self.node(value, depth + 1))

    def merged(self, value: Any, depth: int) -> Iterator[YamlEntry]:
        # Of several the first outranks the others (https://yaml.org/type/merge.html).
        targets = value.value[::-1] if isinstance(value, yaml.SequenceNode) else [value]
        for target in targets:
            if isinstance(target, yaml.MappingNode):
                found = self.node(target, depth + 1)
                if isinstance(found, YamlMap):
                    yield from found.entries


def _span(node: Any) -> Span:
    start, end = node.start_mark, node.end_mark
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


_OPENERS = re.compile(r"[ \t]*(?:[-?:](?:[ \t]+|$))*")


def deep_line(text: str) -> int | None:
    """The line where brackets or indentation nest beyond any honest file, or None."""
    for number, line in enumerate(text.split("\n"), 1):
        opening = _OPENERS.match(line)
        if opening is not None and opening.end() > 4 * MAX_DEPTH and line.strip():
            return number
    # As many brackets as an honest file may hold, but seldom does: libyaml says which of them
    # nest (it gives events without recursion), and which are text.
    if text.count("[") + text.count("{") <= 4 * MAX_DEPTH:
        return None
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > 4 * MAX_DEPTH:
                return 1 if event.start_mark is None else event.start_mark.line + 1
    except (yaml.YAMLError, ValueError):
        return None  # who reads it for its nodes comes upon it too, and says so
    return None
