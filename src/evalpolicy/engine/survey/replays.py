"""The verdicts of replays, read from a report of `evalpolicy replay run --format json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from evalpolicy.errors import UsageError


class Replayed(NamedTuple):
    """The verdict on one fixture's replay, and why, in words.

    `sha256` is that of the fixture as it was replayed, None where that is not known.
    """

    verdict: str
    reason: str
    sha256: str | None = None

    def reproduces(self, sha256: str | None) -> bool | None:
        """Whether the fixture of this digest was reproduced; None where that was not tried."""
        if self.verdict == "not run" or self.of_other_content(sha256):
            return None
        return self.verdict == "reproduced"

    def of_other_content(self, sha256: str | None) -> bool:
        """Whether the fixture changed since it was replayed."""
        return None not in (self.sha256, sha256) and self.sha256 != sha256


def read(content: bytes, file: str) -> Mapping[str, Replayed]:
    """The verdicts by the fixture's path; a control replays no recording and is left out.

    Raises `UsageError` where the content is no such report.
    """
    try:
        rows = [row for row in json.loads(content)["replays"] if not row["control"]]
        return {_text(row["path"]): _replayed(row) for row in rows}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{file} is not a report of replays: write one with "
            "`evalpolicy replay run --format json=FILE`"
        ) from error


def _replayed(row: dict[str, Any]) -> Replayed:
    digest = row["evidence"]["fixture_sha256"]
    return Replayed(
        _text(row["verdict"]),
        "; ".join(map(_text, row["reasons"])),
        None if digest is None else _text(digest),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value
