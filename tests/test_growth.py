"""The judge of growth passes what is linear and fails what is not."""

from __future__ import annotations

import pytest
from tests.growth import assert_linear


def _looks(times: int) -> int:
    return sum(1 for _ in range(times))


def test_linear_work_passes() -> None:
    assert_linear(lambda n: _looks(40 * n), lambda n: n)


def test_work_that_costs_nothing_passes() -> None:
    assert_linear(lambda _: None, lambda n: n)


@pytest.mark.parametrize("work", [lambda n: n * n // 8, lambda n: int(n**1.75)])
def test_more_than_linear_work_fails(work: object) -> None:
    assert callable(work)
    with pytest.raises(AssertionError, match="each doubling costs"):
        assert_linear(lambda n: _looks(work(n)), lambda n: n)
