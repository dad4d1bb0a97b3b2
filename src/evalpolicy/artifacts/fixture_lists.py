"""JSON files that speak of fixtures: the provenance file and the broken manifest.

Only what a submission is judged by is read here: which fixtures they name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evalpolicy.artifacts.source import Problem


def provenance(content: bytes) -> Mapping[str, Mapping[str, Any]] | Problem:
    """The entries by the fixture's stem; keys that begin with `_` are comments."""
    document = _json(content)
    if isinstance(document, Problem):
        return document
    if not isinstance(document, dict):
        return Problem("no JSON object from a fixture's name to its entry")
    return {
        stem: entry
        for stem, entry in document.items()
        if isinstance(entry, dict) and not stem.startswith("_")
    }


def broken(content: bytes) -> Mapping[str, str] | Problem:
    """The reason by the fixture's file name (`{"broken": [{"fixture": …, "reason": …}]}`)."""
    document = _json(content)
    if isinstance(document, Problem):
        return document
    rows = document.get("broken") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        return Problem('no JSON object with a list "broken"')
    return {
        str(row["fixture"]).rpartition("/")[2]: str(row.get("reason") or "")
        for row in rows
        if isinstance(row, dict) and "fixture" in row
    }


def _json(content: bytes) -> object:
    try:
        document: object = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return Problem(f"no JSON: {type(error).__name__}")
    return document
