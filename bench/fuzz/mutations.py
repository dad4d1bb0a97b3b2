"""From made-up samples to inputs that are broken in one or several ways.

Everything is drawn from the `random.Random` that is given: the same seed makes the same input.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

LARGEST = 64 << 10
"""Bytes of one input; most have a few hundred."""

STRANGE = (
    "", " ", "\t", "\r\n", "\r", "\x00", "\x1b[2K", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff",
    "\U0001f642", "é", "ſ", "İ", "0", "-1", "9" * 19, "9" * 400, "9" * 5000, "1e999", "-1e308",
    "1E-9999", "NaN", "Infinity", "0x", "1_0", "true", "null", "~", "no", "\\", "'", '"', "`",
    "$", "%s", "{", "}", "[", "]", "(", ")", "<", ">", "#", "//", "/*", "*/", "..", "/", "../x",
    "::error::x", "\\ud800", '"\\ud800"', "\\u0000", "\\xff", "a" * 300,
)  # fmt: skip
"""Text that readers of any language stumble over."""

_BYTES = (b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xf4\x90\x80\x80", b"\xfe\xff", b"\xff\xfe", b"\x00")
_OPENING = ["[", "{", "(", '["', '{"a":', "- ", "a: ", "$(", '"${', "<<E ", "a.", "> ", "[[a]]\n"]
_VALUE = re.compile(rb"\"[^\"\n]*\"|'[^'\n]*'|[0-9]+(?:\.[0-9]+)?|[A-Za-z_][\w.-]*")
_VALUES: Sequence[Any] = (
    None, True, False, 0, -1, 10**18, 10**40, 1e308, -0.0, 5e-324, "", "\ud800", "\x00", "a" * 300,
    "\u202e", "-" * 40, [], {}, [[]], [None], {"": None}, {"\ud800": 1}, ["a", 1, {}], "2024-13-45",
)  # fmt: skip


class Language(NamedTuple):
    """What inputs are made of: whole samples, and words that mean something to the reader."""

    samples: tuple[bytes, ...]
    words: tuple[str, ...]


def mutated(rng: random.Random, language: Language) -> bytes:
    """A sample with one to six faults; one in fifty is as it was."""
    content = rng.choice(language.samples)
    if rng.random() < 0.02:
        return content
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4, 6))):
        content = rng.choice(_WAYS)(rng, content, language)[:LARGEST]
    return content


def _place(rng: random.Random, content: bytes) -> int:
    return rng.randint(0, len(content))


def _range(rng: random.Random, content: bytes) -> tuple[int, int]:
    start = _place(rng, content)
    return start, min(len(content), start + rng.choice((1, 2, 5, 20, 100)))


def _inserted(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at:]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _word(rng: random.Random, language: Language) -> bytes:
    return _encoded(rng.choice(language.words if rng.random() < 0.7 else STRANGE))


def _a_word(rng: random.Random, content: bytes, language: Language) -> bytes:
    return _inserted(content, _place(rng, content), _word(rng, language))


def _another_word(rng: random.Random, content: bytes, language: Language) -> bytes:
    found = list(_VALUE.finditer(content, 0, 4000))
    if not found:
        return _a_word(rng, content, language)
    one = rng.choice(found)
    new = rng.choice(found)[0] if rng.random() < 0.3 else _word(rng, language)
    return content[: one.start()] + new + content[one.end() :]


def _bad_bytes(rng: random.Random, content: bytes, language: Language) -> bytes:
    at = _place(rng, content)
    if content and rng.random() < 0.5:
        changed = bytearray(content)
        changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        return bytes(changed)
    return _inserted(content, at, rng.choice(_BYTES))


def _less(rng: random.Random, content: bytes, language: Language) -> bytes:
    start, end = _range(rng, content)
    return content[:start] + content[end:]


def _cut(rng: random.Random, content: bytes, language: Language) -> bytes:
    at = _place(rng, content)
    return content[:at] if rng.random() < 0.7 else content[at:]


def _twice(rng: random.Random, content: bytes, language: Language) -> bytes:
    start, end = _range(rng, content)
    return _inserted(content, end, content[start:end] * rng.choice((1, 1, 2, 10)))


def _moved_line(rng: random.Random, content: bytes, language: Language) -> bytes:
    lines = content.split(b"\n")
    line = lines.pop(rng.randrange(len(lines)))
    if rng.random() < 0.8:
        lines.insert(rng.randint(0, len(lines)), rng.choice((b"", b" ", b"  ", b"\t")) + line)
    return b"\n".join(lines)


def _spliced(rng: random.Random, content: bytes, language: Language) -> bytes:
    other = rng.choice(language.samples)
    return content[: _place(rng, content)] + other[_place(rng, other) :]


def _nested(rng: random.Random, content: bytes, language: Language) -> bytes:
    """Deep enough to reach a limit, in one of twenty long enough to show what is not linear."""
    count = rng.choice((3, 10, 50)) if rng.random() < 0.95 else rng.choice((400, 2000, 8000))
    opening = rng.choice(_OPENING) if rng.random() < 0.6 else rng.choice(language.words)
    closing = "".join({"[": "]", "{": "}", "(": ")"}.get(char, "") for char in opening[::-1])
    at = _place(rng, content)
    new = _encoded(opening * count + (closing * count if rng.random() < 0.7 else ""))
    return _inserted(content, at, new)


def _another_value(rng: random.Random, content: bytes, language: Language) -> bytes:
    """JSON, line by line or whole, with another value at a random place of the tree."""
    lines = content.split(b"\n")
    number = rng.randrange(len(lines))
    try:
        document = json.loads(lines[number])
    except (ValueError, RecursionError):
        try:
            document, lines, number = json.loads(content), [b""], 0
        except (ValueError, RecursionError):
            return _another_word(rng, content, language)
    changed = json.dumps(_replaced(rng, document, language), ensure_ascii=rng.random() < 0.7)
    lines[number] = _encoded(changed)
    return b"\n".join(lines)


def _replaced(rng: random.Random, value: Any, language: Language) -> Any:
    inner: list[Any] = list(value) if isinstance(value, dict) else []
    inner = list(range(len(value))) if isinstance(value, list) else inner
    if not inner or rng.random() < 0.15:
        return rng.choice(language.words) if rng.random() < 0.4 else rng.choice(_VALUES)
    key = rng.choice(inner)
    changed = value.copy()
    way = rng.random()
    if way < 0.1:
        del changed[key]
    elif way < 0.2 and isinstance(changed, dict):
        changed[rng.choice((*language.words, "\ud800", ""))] = changed.pop(key)
    else:
        changed[key] = _replaced(rng, value[key], language)
    return changed


_WAYS: Sequence[Callable[[random.Random, bytes, Language], bytes]] = (
    _a_word, _a_word, _another_word, _another_word, _another_value, _bad_bytes, _less, _cut, _twice,
    _moved_line, _spliced, _nested,
)  # fmt: skip
