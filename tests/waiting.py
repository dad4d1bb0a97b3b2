"""Waiting for something outside of this process, counted in attempts: no clock decides a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.05
"""Seconds between two attempts."""


def wait_until(condition: Callable[[], T], attempts: int = 12_000, what: str = "") -> T:
    """What the condition gives once that is true. Raises `TimeoutError` after the last attempt."""
    for _ in range(attempts):
        if found := condition():
            return found
        time.sleep(PAUSE)
    raise TimeoutError(what or "it did not come to pass")
