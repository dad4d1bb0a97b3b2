"""What replays came to, as a report of `evalpolicy replay run --format json` tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from evalpolicy.errors import UsageError
from evalpolicy.fixture_names import stem_of


class Replayed(NamedTuple):
    """The verdict on one fixture's replay, and why, in words."""

    verdict: str
    reason: str

    @property
    def reproduced(self) -> bool:
        return self.verdict == "reproduced"


def read(content: bytes, file: str) -> Mapping[str, Replayed]:
    """The verdicts by fixture name (without its suffix). Raises `UsageError` where it is none."""
    try:
        document = json.loads(content)
        return {stem_of(row["fixture"]): _replayed(row) for row in document["replays"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{file} is no report of replays: write one with "
            "`evalpolicy replay run --format json=FILE`"
        ) from error


def _replayed(row: dict[str, Any]) -> Replayed:
    verdict, reason = row["verdict"], row.get("reason", "")
    if not isinstance(verdict, str) or not isinstance(reason, str):
        raise TypeError("verdict")
    return Replayed(verdict, reason)
