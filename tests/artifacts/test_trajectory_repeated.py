"""A reply that a recording holds more than once: how often, and where it is repeated first."""

from __future__ import annotations

import pytest
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.artifacts.trajectory import parse_stream


def repeated(*texts: str) -> tuple[int, int] | None:
    rows = [litellm_row(text) for text in texts]
    for number, row in enumerate(rows):
        row["response"]["id"] = f"reply-{number}"  # with one id they would be one reply, retried
    found = parse_stream((lines(*rows),)).repeated
    return None if found is None else (found.times, found.line)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), None),
        (("a",), None),
        (("a", "b"), None),
        (("a", "b", "b"), (2, 3)),
        (("b", "a", "b", "a", "a"), (3, 4)),
    ],
)
def test_one_that_stands_there_once_is_not_repeated(texts, expected):
    assert repeated(*texts) == expected
