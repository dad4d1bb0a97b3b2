"""What is kept of bugs until the run ends."""

from __future__ import annotations

import pytest

from evalpolicy import errors
from evalpolicy.snapshot.model import Unreadable, understood


@pytest.fixture(autouse=True)
def nothing_noted_before() -> None:
    errors.block()


def test_what_is_noted_is_known_from_a_mark_on() -> None:
    before = errors.mark()
    assert not errors.any_since(before)
    errors.noted(ValueError("a"))
    assert errors.any_since(before)
    assert not errors.any_since(errors.mark())


def test_the_same_once_more_is_something_new() -> None:
    errors.noted(ValueError("a"))
    before = errors.mark()
    errors.noted(ValueError("a"))
    assert errors.any_since(before)


def test_what_is_dropped_is_what_came_since() -> None:
    errors.noted(ValueError("first"))
    before = errors.mark()
    errors.noted(ValueError("second"))
    errors.forget_since(before)
    block = errors.block()
    assert block is not None
    assert "first" in block
    assert "second" not in block
    assert errors.block() is None


@pytest.mark.parametrize("error", [ValueError("a\n b"), ValueError(), OSError(2, "x\ny")])
def test_an_exception_is_described_on_one_line(error: Exception) -> None:
    line = errors.described(error)
    assert line.startswith(type(error).__name__)
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    "error", [Unreadable("too large"), errors.UsageError("x"), errors.NotCheckedError("y")]
)
def test_what_a_reader_raises_on_purpose_is_not_a_bug(error: Exception) -> None:
    def parse(content: bytes) -> bytes:
        raise error

    with pytest.raises(type(error)) as raised:
        understood(parse, b"")
    assert raised.value is error
    assert errors.block() is None
