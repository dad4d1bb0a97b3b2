"""Whether work grows with its input as it should: the judge of hostile texts.

No bound in seconds: a run at size n is compared with runs of the same process at 2n and 4n.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median_low
from typing import TypeVar

T = TypeVar("T")

PER_DOUBLING = 2.5
"""How much more work twice the input may be. Linear is 2, quadratic is 4."""

_MEASURABLE = 0.003
_SHORT = 0.1
_LONGEST = 20.0
_ATTEMPTS = 5


def assert_linear(
    run: Callable[[T], object],
    shape: Callable[[int], T],
    *,
    start: int = 64,
    largest: int = 1 << 18,
) -> None:
    """Fails if `run(shape(2 * n))` costs more than 2.5 times `run(shape(n))`.

    `shape` makes the input of size n. n is doubled from `start` until a run can be measured, or
    `largest` is reached: what costs nothing even there is fine. An input that is refused at once,
    because of a limit, is fine too: pass a `largest` below the limit to test what lies below it.
    The growth is taken over two doublings, the best of several attempts, in processor time.
    """
    gc.freeze()  # What all other tests hold is not to be looked through before each run.
    try:
        _assert_linear(run, shape, start, largest)
    finally:
        gc.unfreeze()


def _assert_linear(
    run: Callable[[T], object], shape: Callable[[int], T], start: int, largest: int
) -> None:
    run(shape(start // 64))  # What the first run of all pays for is no matter of size.
    size = start
    while (once := _cost(run, shape(size))) < _MEASURABLE and 4 * size < largest:
        size *= 2
    if once < _MEASURABLE and _cost(run, shape(4 * size)) < 4 * _MEASURABLE:
        return
    # One slow run at the smallest size would make any growth look small.
    once = min(once, _cost(run, shape(size)), _cost(run, shape(size)))
    growths = []
    for attempt in range(_ATTEMPTS):
        # Each size as often as the others: what is remembered makes a second run cheaper.
        runs = 3 if attempt else 1
        if attempt:
            once = _median_cost(run, shape(size), runs)
        growth = None
        if attempt or once > _SHORT:
            # What doubles badly is not worth waiting for at four times the size.
            double = _median_cost(run, shape(2 * size), runs)
            if double > _LONGEST or double > 2 * PER_DOUBLING * once:
                growth = double / once
        if growth is None:
            growth = (_median_cost(run, shape(4 * size), runs) / once) ** 0.5
        if growth <= PER_DOUBLING:
            return
        growths.append(growth)
    raise AssertionError(
        f"from size {size} on each doubling costs {min(growths):.1f} times as much"
    )


def _median_cost(run: Callable[[T], object], given: T, runs: int) -> float:
    """The median: some kernels count in steps, and a run that fell between two cost nothing."""
    return median_low([_cost(run, given) for _ in range(runs)])


def _cost(run: Callable[[T], object], given: T) -> float:
    gc.disable()
    try:
        begun = time.process_time()
        run(given)
        return max(time.process_time() - begun, 1e-6)
    finally:
        gc.enable()
