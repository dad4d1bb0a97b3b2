"""Work grows with the bytes, whatever shape somebody gives them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.growth import assert_linear
from tests.samples.credentials import by_id, context, near_misses, token, true_examples

from evalpolicy.scanners.credentials import SHAPES, Scanner, Shape, locate, redact

SCANNER = Scanner([r"[a-z0-9.-]+\.corp\.example"])
SCANNER.scan(b"sk-warm")
START = 1 << 8
# What RE2 learns of a text is reused from about here on: below, more costs less.
LEARNED = 1 << 10


def hostile(shape: Shape) -> Iterator[Callable[[int], bytes]]:
    """Texts of a shape's own parts, over and over: each a function of how often."""
    before, after = context(shape)
    example = token(shape, random.Random(shape.id))
    head = before + example[: len(shape.prefix) + 2]
    misses = [text.strip() for _, text in near_misses(shape)]
    for part in (head, before + example[: 2 * len(example) // 3], random.Random(1).choice(misses)):
        yield lambda n, part=part: (f"{part}-" * n).encode()
    yield lambda n: f"{before}{example}{'-' + example[:20]}".encode() * n
    yield lambda n: (f"{head}-" * n + example + after).encode()
    yield lambda n: (before + example + "a" * 8 * n + after).encode()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_the_parts_of_a_shape_over_and_over(shape: Shape) -> None:
    for text in hostile(shape):
        assert_linear(SCANNER.scan, text, start=START, largest=1 << 12)


CASES: dict[str, Callable[[int], bytes]] = {
    "headers of tokens without end": lambda n: b"eyJ" * n + b".eyJ" + b"a" * 10 + b"." + b"a" * 20,
    "each a header": lambda n: b"-eyJaaaaaaaaaa" * n + b".eyJ" + b"a" * 10 + b"." + b"a" * 20,
    "headers that are JSON": lambda n: (
        (b"-eyJhIjoi" + b"a" * 16) * n + b".eyJ" + b"a" * 10 + b"." + b"a" * 20
    ),
    "headers that are numbers": lambda n: b"-eyJhIjox" + b"MTEx" * 24 + b"AQ.eyJ" * n,
    "headers that are text": lambda n: b"eyJhIjoieHg_" * n + b".eyJ" + b"a" * 10 + b"." + b"a" * 20,
    "payloads without a signature": lambda n: b"eyJhbGciOjF9." * n,
    "groups of Slack": lambda n: b"xoxb-aaaaaaaa" + b"-aaaaxoxb-aaaaaaaa" * n + b"-",
    "groups of Slack that begin": lambda n: b"xoxb-aaaaaaaa" * n + b"-",
    "one prefix in another": lambda n: b"sk-ant-api03-" * n,
    "the shortest prefix": lambda n: b"sk-" * n,
    "escapes of escapes": lambda n: b"\\u005c" + b"u005c" * n + b"u002d",
    "percent signs of percent signs": lambda n: b"%" + b"25" * n + b"2D",
    "lines with an escape": lambda n: b"\\u002d\n" * n,
    "escapes far apart": lambda n: (b"a" * 5000 + b"%2D") * (n // 64 + 1),
    "keys that begin": lambda n: b"-----BEGIN " + b"A " * n + b"PRIVATE KEY-----",
    "keys that are none": lambda n: b"-----BEGIN PRIVATE KEY-----\\n" * n,
    "backslashes in a key": lambda n: b"-----BEGIN PRIVATE KEY-----" + b"\\" * n,
    "passwords without a host": lambda n: b"a://b:cccccc" * n,
    "logins that are none": lambda n: b"basic YWFhOmJiYmJiYmJi" * n,
    "hosts that are none": lambda n: b"a.corp." * n,
}


def test_a_text_that_repeats_itself_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a prefix stands there: what surrounds it is the same but at the ends."""
    judged: list[int] = []
    real = Scanner._judge

    def counting(*given: Any) -> Any:
        judged.append(1)
        return real(*given)

    monkeypatch.setattr(Scanner, "_judge", counting)
    counts = []
    for n in (1 << 9, 1 << 11):
        judged.clear()
        SCANNER.scan(b"sk-ant-api03-" * n)
        counts.append(len(judged))
    assert counts[0] == counts[1] < 1 << 9


def test_what_repeats_itself_is_found_each_time_where_it_stands() -> None:
    key = token(by_id("anthropic"), random.Random(1)).encode()
    for between in (b" ", b"-", b"\n"):  # a hyphen at the end would be part of the last
        hits = SCANNER.scan(((key + between) * 200)[:-1])
        assert [hit.start for hit in hits] == [n * (len(key) + 1) for n in range(200)]
        assert {hit.end - hit.start for hit in hits} == {len(key)}


STARTS = {"one prefix in another": 1 << 7}
"""Where each repetition is long, and dear to redact."""


@pytest.mark.parametrize("case", CASES)
def test_hostile_texts(case: str) -> None:
    assert_linear(SCANNER.scan, CASES[case], start=STARTS.get(case, LEARNED))


@pytest.mark.parametrize("case", CASES)
def test_hostile_texts_are_redacted(case: str) -> None:
    start = STARTS.get(case, LEARNED)
    assert_linear(lambda text: redact(text, SCANNER), CASES[case], start=start, largest=4 * start)


def _keys() -> list[str]:
    return list(true_examples(by_id("hugging-face")))


PLACES: dict[str, Callable[[int], bytes]] = {
    "in one string that holds JSON": lambda n: json.dumps({"a": json.dumps(_keys() * n)}).encode(),
    "in three that hold each other": lambda n: json.dumps(
        [json.dumps([json.dumps(_keys() * n)])]
    ).encode(),
    "in one long text": lambda n: json.dumps({"a": " ".join(_keys() * n)}).encode(),
    "in many values": lambda n: json.dumps(_keys() * n).encode(),
    "in many lines": lambda n: "\n".join(_keys() * n).encode(),
    "in a line that is no JSON": lambda n: " ".join(_keys() * n).encode(),
}


@pytest.mark.parametrize("case", PLACES)
def test_places_of_many_hits(case: str) -> None:
    def places(content: bytes) -> object:
        return locate(content, SCANNER.scan(content))

    assert_linear(places, PLACES[case], start=8, largest=1 << 11)
