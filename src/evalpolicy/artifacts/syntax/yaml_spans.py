"""YAML with the position of every key and value, composed from PyYAML's events.

No tag of the file is ever turned into an object. Bad YAML becomes a `Problem`; an alias is the
node it stands for; nesting and the number of nodes are limited, so no file can blow up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import yaml
from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Located, Problem, Span
from evalpolicy.artifacts.syntax.yaml_stream import MAX_DEPTH, YamlError, events, span_of

MAX_NODES = 200_000
"""Scalars, sequences and mappings of a document, keys included and aliases followed."""

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_MERGE = "tag:yaml.org,2002:merge"
_TAGS: Any = yaml.resolver.Resolver()


class YamlScalar(Struct, frozen=True):
    """A scalar: its text as it is written (unquoted) and the tag YAML 1.1 resolves it to."""

    text: str
    tag: str
    span: Span

    @property
    def is_null(self) -> bool:
        return self.tag.endswith(":null")

    @property
    def located(self) -> Located:
        return Located(self.text, self.span)

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

    def located(self, key: str) -> Located | None:
        """The text under a key and its place, where `text` has one."""
        scalar = self.text(key)
        return None if scalar is None else scalar.located

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


def yaml_lines(content: bytes) -> list[str]:
    """The lines of a file as spans count them: YAML also ends one with CR, NEL, LS and PS."""
    return _LINE_END.split(content.decode("utf-8", "replace").removeprefix("\ufeff"))


def parse_yaml(content: bytes) -> YamlDocument:
    """Reads a file's first document; never raises, whatever the bytes."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return YamlDocument(None, Problem("a byte that is not UTF-8", Span.at(line)))
    try:
        return YamlDocument(_Composer().document(text))
    except YamlError as error:
        return YamlDocument(None, error.problem)


class _Node(NamedTuple):
    """A node, the number of nodes that it holds with itself, and how deep they go."""

    node: YamlNode
    size: int = 1
    depth: int = 0


class _Open(NamedTuple):
    """A sequence or mapping that has not ended; `parts` are its items, or keys and values."""

    event: Any
    parts: list[_Node]


class _Composer:
    def __init__(self) -> None:
        self.open: list[_Open] = []
        self.size = 0
        # None: the anchor of a node that has not ended.
        self.anchors: dict[str, _Node | None] = {}

    def document(self, text: str) -> YamlNode | None:
        """The first document's node. Raises `YamlError`."""
        root = None
        for event in events(text):
            if isinstance(event, yaml.CollectionStartEvent):
                self.begin(event)
                self.open.append(_Open(event, []))
                continue
            if isinstance(event, yaml.ScalarEvent):
                self.begin(event)
                made = _Node(_scalar(event))
            elif isinstance(event, yaml.AliasEvent):
                made = self.alias(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                begun, parts = self.open.pop()
                made = _collection(begun, parts, event)
                event = begun
            elif isinstance(event, yaml.DocumentEndEvent):
                break
            else:
                continue
            if event.anchor is not None and not isinstance(event, yaml.AliasEvent):
                self.anchors[event.anchor] = made
            if self.open:
                self.open[-1].parts.append(made)
            else:
                root = made.node
        return root

    def begin(self, event: Any) -> None:
        if event.anchor is not None:
            if event.anchor in self.anchors:
                raise YamlError(f"the anchor {event.anchor} is defined twice", _span(event))
            self.anchors[event.anchor] = None
        self.count(1, event)

    def alias(self, event: Any) -> _Node:
        if event.anchor not in self.anchors:
            raise YamlError(f"the anchor {event.anchor} is not defined", _span(event))
        made = self.anchors[event.anchor]
        if made is None:
            raise YamlError(f"the anchor {event.anchor} contains itself", _span(event))
        if len(self.open) + made.depth > MAX_DEPTH:
            raise YamlError(f"nested deeper than {MAX_DEPTH} levels", _span(event))
        self.count(made.size, event)
        return made

    def count(self, size: int, event: Any) -> None:
        self.size += size
        if self.size > MAX_NODES:
            raise YamlError(f"more than {MAX_NODES:,} nodes", _span(event))


def _scalar(event: Any) -> YamlScalar:
    tag = event.tag
    if tag is None or tag == "!":
        tag = _TAGS.resolve(yaml.ScalarNode, event.value, event.implicit)
    return YamlScalar(event.value, tag, _span(event))


def _collection(begun: Any, parts: list[_Node], ended: Any) -> _Node:
    span = span_of(begun.start_mark, ended.end_mark)
    node: YamlNode
    if isinstance(begun, yaml.SequenceStartEvent):
        node = YamlList(tuple(part.node for part in parts), span)
    else:
        nodes = [part.node for part in parts]
        node = YamlMap(tuple(_entries(nodes[::2], nodes[1::2])), span)
    size = 1 + sum(part.size for part in parts)
    return _Node(node, size, 1 + max((part.depth for part in parts), default=0))


def _entries(keys: list[YamlNode], values: list[YamlNode]) -> Iterator[YamlEntry]:
    pairs = [(k, value) for k, value in zip(keys, values, strict=True) if isinstance(k, YamlScalar)]
    # Merged entries come first, so that the mapping's own outrank them wherever `<<` stands.
    for key, value in pairs:
        if key.tag == _MERGE:
            # Of several the first outranks the others (https://yaml.org/type/merge.html).
            for target in value.items[::-1] if isinstance(value, YamlList) else (value,):
                if isinstance(target, YamlMap):
                    yield from target.entries
    for key, value in pairs:
        if key.tag != _MERGE:
            yield YamlEntry(key.text, key.span, value)


def _span(event: Any) -> Span:
    return span_of(event.start_mark, event.end_mark)
