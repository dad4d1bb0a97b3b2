"""Where a hit stands for a reader: line, column, and the path through the JSON of its line."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property

from msgspec import Struct

from evalpolicy.artifacts.syntax.json_spans import JsonItem, MalformedJson, json_path, walk
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.scanners.credentials.escapes import unescape
from evalpolicy.scanners.credentials.scanner import CredentialHit

_MAX_DEPTH = 12


class CredentialPlace(Struct, frozen=True):
    """A hit's span, and its JSON paths from the line's value inwards.

    There is more than one path where the value is a string that holds JSON itself; none where the
    line is not JSON.
    """

    span: Span
    json_paths: tuple[str, ...]

    @property
    def json_path(self) -> str:
        """All paths as one text, outermost first: `$.response → $[0].content`."""
        return " → ".join(self.json_paths)


def locate(content: bytes, hits: Iterable[CredentialHit]) -> tuple[CredentialPlace, ...]:
    """The places of the hits of one scan of `content`, in the same order.

    A credential that is a key, or stands in one, does not show in the paths.
    """
    hits = tuple(hits)
    hidden = {
        plain: hit.replacement.decode()
        for hit in hits
        for plain in _readings(content[hit.start : hit.end])
    }
    places: list[CredentialPlace] = []
    line_start = reached = -1
    column, text = 0, _Text("")
    for hit in hits:
        start = content.rfind(b"\n", max(reached, 0), hit.start) + 1
        if start > line_start or line_start < 0:
            end = content.find(b"\n", hit.start)
            line_start = reached = max(start, 0)
            column = 0
            raw = content[line_start : end if end >= 0 else len(content)]
            text = _Text(raw.decode("utf-8", "replace"))
        column += len(content[reached : hit.start].decode("utf-8", "replace"))
        reached = hit.start
        length = len(content[hit.start : hit.end].decode("utf-8", "replace"))
        paths = tuple(_hide(path, hidden) for path in text.paths(column))
        places.append(CredentialPlace(Span.at(hit.line, column + 1, length), paths))
    return tuple(places)


def _readings(secret: bytes) -> set[str]:
    """A credential as it stands, and as a JSON reader and a URL's would see it."""
    readings = (secret, unescape(secret, in_json=True).text, unescape(secret).text)
    return {reading.decode("utf-8", "replace") for reading in readings}


def _hide(path: str, hidden: dict[str, str]) -> str:
    for secret, replacement in hidden.items():
        path = path.replace(secret, replacement)
    return path


class _Text:
    """A text that may be JSON; each string in it that holds JSON is read once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._inner: dict[int, _String] = {}

    def paths(self, at: int, depth: int = _MAX_DEPTH) -> list[str]:
        """The paths to the character `text[at]`, through strings that hold JSON."""
        number = bisect_right(self._starts, at) - 1
        if not depth or number < 0 or at >= self._items[number].end:
            return []
        item = self._items[number]
        path = json_path(item.path)
        if not isinstance(item.value, str) or item.value[:1] not in ("{", "["):
            return [path]
        if number not in self._inner:
            self._inner[number] = _String(self._text, item)
        inside = self._inner[number]
        within = inside.offset(at)
        return [path] if within is None else [path, *inside.text.paths(within, depth - 1)]

    @cached_property
    def _items(self) -> list[JsonItem]:
        """The keys and scalars of a JSON text; empty if it is not JSON."""
        try:
            return [
                item
                for item in walk(self._text)
                if item.is_key or not isinstance(item.value, (dict, list))
            ]
        except MalformedJson:
            return []

    @cached_property
    def _starts(self) -> list[int]:
        return [item.start for item in self._items]


class _String:
    """A string of a JSON text that holds JSON itself, asked for offsets that do not go back."""

    def __init__(self, outer: str, item: JsonItem) -> None:
        self.text = _Text(str(item.value))
        self._outer = outer
        self._at, self._within = item.start + 1, 0

    def offset(self, at: int) -> int | None:
        """Where `outer[at]` stands in the string's value; None where an escape holds it."""
        piece = self._outer[self._at : at]
        try:
            self._within += len(json.loads(f'"{piece}"'))
        except ValueError:
            return None
        self._at = at
        return self._within
