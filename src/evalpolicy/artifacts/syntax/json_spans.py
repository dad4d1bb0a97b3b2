"""JSON with a source span on every value and every key, and duplicate keys noticed.

The grammar is RFC 8259, strictly: `NaN` and `Infinity` are rejected, and so are a byte order mark
and anything behind the value. Nesting deeper than `MAX_DEPTH` and whole numbers of more digits than
Python converts (4,300, `sys.get_int_max_str_digits`) are problems too, never an exception.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NoReturn, TypeAlias

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import START, Problem, Span

Path: TypeAlias = tuple[str | int, ...]
"""A place in a JSON value: keys and indices from the root, `()` is the root itself."""

MAX_DEPTH = 200
"""Containers within containers; a hand-written document has fewer than ten."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BLANK = re.compile(r"[ \t\n\r]*")


def json_path(path: Path) -> str:
    """The path as JSONPath (RFC 9535): `$.spans[0].attributes`, `$['a b']`."""
    return "$" + "".join(_segment(part) for part in path)


def _segment(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if _PLAIN_KEY.match(part):
        return f".{part}"
    escaped = part.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


class JsonItem(Struct, frozen=True):
    """One value or key as it stands in the text, `text[start:end]`; containers come when closed.

    A key that its object had before is `repeated`.
    """

    path: Path
    start: int
    end: int
    is_key: bool
    value: object
    repeated: bool = False


class JsonDocument(Struct, frozen=True):
    """A JSON text that was read: its value, and where each part of it stands.

    `spans` has a span for every value and `keys` one for every member's key, both by path. Of a
    key that occurs twice the last value counts, as in every JSON reader that takes duplicates;
    `duplicates` holds the span of each later occurrence.
    """

    value: object
    spans: dict[Path, Span]
    keys: dict[Path, Span]
    duplicates: tuple[tuple[Path, Span], ...]

    def span(self, path: Path) -> Span:
        """The span of the value at `path`, or of the nearest container that is there."""
        while path and path not in self.spans:
            path = path[:-1]
        return self.spans.get(path, START)


class Places:
    """Offsets of a text as lines and columns."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def span(self, start: int, end: int) -> Span:
        """The span of `text[start:end]`."""
        line = bisect_right(self._starts, start)
        end_line = bisect_right(self._starts, max(start, end - 1))
        return Span(
            line,
            start - self._starts[line - 1] + 1,
            end_line,
            end - self._starts[end_line - 1] + 1,
        )


class MalformedJson(ValueError):  # noqa: N818 - it names the state of the text, as Problem does
    """Where and why a text is not JSON; `start` is an offset into the text."""

    def __init__(self, message: str, start: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start


def parse(content: bytes) -> JsonDocument | Problem:
    """Reads a document, or states what is wrong and where."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        before = content[content.rfind(b"\n", 0, error.start) + 1 : error.start]
        column = len(before.decode("utf-8", "replace")) + 1
        return Problem("not UTF-8: JSON must be", Span.at(line, column))
    places = Places(text)
    spans: dict[Path, Span] = {}
    keys: dict[Path, Span] = {}
    duplicates: list[tuple[Path, Span]] = []
    root: object = None
    try:
        for item in walk(text):
            span = places.span(item.start, item.end)
            if not item.is_key:
                spans[item.path] = span
                root = item.value
                continue
            keys[item.path] = span
            if item.repeated:
                duplicates.append((item.path, span))
    except MalformedJson as error:
        return Problem(error.message, places.span(error.start, error.start + 1))
    return JsonDocument(root, spans, keys, tuple(duplicates))


class _Constant(ValueError):  # noqa: N818 - it names what was found
    pass


def _no_constant(name: str) -> NoReturn:
    raise _Constant(name)


_SCALAR = json.JSONDecoder(parse_constant=_no_constant)


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def walk(text: str) -> Iterator[JsonItem]:
    """Every key and value of a JSON text in the order in which they end.

    Raises `MalformedJson` where the text stops being JSON; what came before was yielded.
    """
    # One frame an open container: itself, its path, its start, and the key that waits for a value.
    stack: list[tuple[dict[str, object] | list[object], Path, int]] = []
    path: Path = ()
    at = _skip(text, 0)
    while True:
        opener = text[at : at + 1]
        if opener in ("{", "["):
            if len(stack) == MAX_DEPTH:
                raise MalformedJson(f"nested deeper than {MAX_DEPTH} levels", at)
            container: dict[str, object] | list[object] = {} if opener == "{" else []
            stack.append((container, path, at))
            after = _skip(text, at + 1)
            if text[after : after + 1] != ("}" if opener == "{" else "]"):
                if isinstance(container, dict):
                    key_item, at = _key(text, after, path, container)
                    yield key_item
                    path = key_item.path
                else:
                    at, path = after, (*path, 0)
                continue
            at = after
        else:
            value, end = _scalar(text, at)
            yield JsonItem(path, at, end, False, value)
            if stack:
                _put(stack[-1][0], path, value)
            at = _skip(text, end)
        # A value just ended, or an empty container is about to: close what closes here.
        while stack:
            container, own_path, start = stack[-1]
            mark = text[at : at + 1]
            if mark == ("}" if isinstance(container, dict) else "]"):
                stack.pop()
                yield JsonItem(own_path, start, at + 1, False, container)
                if stack:
                    _put(stack[-1][0], own_path, container)
                at = _skip(text, at + 1)
                continue
            if mark != ",":
                raise MalformedJson(
                    "the text ends inside a value" if not mark else "expected , or a closing mark",
                    at,
                )
            at = _skip(text, at + 1)
            if isinstance(container, dict):
                key_item, at = _key(text, at, own_path, container)
                yield key_item
                path = key_item.path
            else:
                path = (*own_path, len(container))
            break
        else:
            if at != len(text):
                raise MalformedJson("something follows the JSON value", at)
            return


def _put(container: dict[str, object] | list[object], path: Path, value: object) -> None:
    if isinstance(container, dict):
        container[str(path[-1])] = value
    else:
        container.append(value)


def _key(text: str, at: int, path: Path, container: dict[str, object]) -> tuple[JsonItem, int]:
    """The key at `at` of an object that was read as far as `container`; its value's offset."""
    if text[at : at + 1] != '"':
        raise MalformedJson(
            "the text ends inside an object" if at >= len(text) else "expected a key in quotes", at
        )
    key, end = _scalar(text, at)
    colon = _skip(text, end)
    if text[colon : colon + 1] != ":":
        raise MalformedJson("expected : after the key", colon)
    item = JsonItem((*path, str(key)), at, end, True, key, key in container)
    return item, _skip(text, colon + 1)


def _scalar(text: str, at: int) -> tuple[object, int]:
    if at >= len(text):
        raise MalformedJson("the text ends where a value belongs", at)
    try:
        return _SCALAR.raw_decode(text, at)
    except json.JSONDecodeError as error:
        what = "the string is malformed or not closed" if text[at] == '"' else "not a JSON value"
        raise MalformedJson(what, min(error.pos, len(text))) from None
    except _Constant as error:
        raise MalformedJson(f"{error} is not a JSON value", at) from None
    except (ValueError, RecursionError):
        raise MalformedJson("a number with too many digits", at) from None
