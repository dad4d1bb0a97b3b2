"""Where a hit stands for a reader: line, column, and the path through the JSON of its line."""

from __future__ import annotations

import json
from collections.abc import Iterable

from msgspec import Struct

from evalpolicy.artifacts.json_spans import Item, MalformedJson, json_path, walk
from evalpolicy.artifacts.source import Span
from evalpolicy.credentials.escapes import unescape
from evalpolicy.credentials.scanner import Hit

_MAX_DEPTH = 12


class Place(Struct, frozen=True):
    """A hit's span, and its JSON paths from the line's value inwards.

    There is more than one path where the value is a string that holds JSON itself; none where the
    line is no JSON.
    """

    span: Span
    json_paths: tuple[str, ...]

    @property
    def json_path(self) -> str:
        """All paths as one text, outermost first: `$.response → $[0].content`."""
        return " → ".join(self.json_paths)


def locate(content: bytes, hits: Iterable[Hit]) -> tuple[Place, ...]:
    """The places of the hits of one scan of `content`, in the same order.

    A credential that is a key, or stands in one, does not show in the paths.
    """
    hits = tuple(hits)
    hidden = {_plain(content[hit.start : hit.end]): hit.replacement.decode() for hit in hits}
    places: list[Place] = []
    items: tuple[Item, ...] = ()
    line_start, text = -1, ""
    for hit in hits:
        start = content.rfind(b"\n", 0, hit.start) + 1
        if start != line_start:
            end = content.find(b"\n", start)
            line_start, raw = start, content[start : end if end >= 0 else len(content)]
            text = raw.decode("utf-8", "replace")
            items = _items(text)
        column = len(content[start : hit.start].decode("utf-8", "replace"))
        length = len(content[hit.start : hit.end].decode("utf-8", "replace"))
        paths = tuple(_hide(path, hidden) for path in _paths(text, items, column))
        places.append(Place(Span.at(hit.line, column + 1, length), paths))
    return tuple(places)


def _plain(secret: bytes) -> str:
    """A credential as a JSON reader would see it."""
    return unescape(secret).text.decode("utf-8", "replace")


def _hide(path: str, hidden: dict[str, str]) -> str:
    for secret, replacement in hidden.items():
        path = path.replace(secret, replacement)
    return path


def _items(text: str) -> tuple[Item, ...]:
    """The keys and scalars of a JSON text; none where it is no JSON."""
    try:
        return tuple(
            item for item in walk(text) if item.is_key or not isinstance(item.value, (dict, list))
        )
    except MalformedJson:
        return ()


def _paths(text: str, items: tuple[Item, ...], at: int) -> tuple[str, ...]:
    """The paths to the character `text[at]`, through strings that hold JSON."""
    found: list[str] = []
    for _ in range(_MAX_DEPTH):
        item = next((one for one in items if one.start <= at < one.end), None)
        if item is None:
            break
        found.append(json_path(item.path))
        if not isinstance(item.value, str) or item.value[:1] not in ("{", "["):
            break
        before = text[item.start : at]
        try:
            at = len(json.loads(before + '"'))
        except ValueError:
            break
        text, items = item.value, _items(item.value)
    return tuple(found)
