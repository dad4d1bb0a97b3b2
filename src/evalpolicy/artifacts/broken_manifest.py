"""The broken manifest: fixtures that are known to be bad recordings, and why.

The shape is schemas/broken.schema.json: `{"broken": [{"fixture": "<file>", "reason": "…"}]}`.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from evalpolicy.artifacts.syntax.json_spans import JsonDocument, Path, json_path
from evalpolicy.artifacts.syntax.json_spans import parse as parse_json
from evalpolicy.artifacts.syntax.source import START, Problem, Span


class BrokenFixture(Struct, frozen=True):
    """One row: the file name, the reason, and where the name stands in the manifest."""

    fixture: str
    reason: str
    span: Span


class BrokenManifest(Struct, frozen=True):
    """The manifest as read.

    `value` is the whole JSON value, for the schema. `fixtures` has the rows that name a fixture,
    by file name; of two rows for one fixture the first counts and the other is in `duplicates`,
    as are keys that stand twice in one object: each as (what stands twice, span of the later one).
    """

    value: object
    fixtures: Mapping[str, BrokenFixture]
    duplicates: tuple[tuple[str, Span], ...]
    problems: tuple[Problem, ...]
    _document: JsonDocument | None = None

    def span(self, path: Path) -> Span:
        """The place of the value at a path, as a schema violation gives it."""
        return self._document.span(path) if self._document else START


def parse(content: bytes) -> BrokenManifest:
    """Reads the manifest; what cannot be read is a problem."""
    document = parse_json(content)
    if isinstance(document, Problem):
        return BrokenManifest(None, {}, (), (document,))
    value = document.value
    rows = value.get("broken") if isinstance(value, dict) else None
    fixtures: dict[str, BrokenFixture] = {}
    duplicates = [(json_path(path), span) for path, span in document.duplicates]
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        name = row.get("fixture") if isinstance(row, dict) else None
        if not isinstance(name, str):
            continue
        span = document.spans["broken", index, "fixture"]
        if name in fixtures:
            duplicates.append((name, span))
            continue
        reason = row.get("reason")
        fixtures[name] = BrokenFixture(name, reason if isinstance(reason, str) else "", span)
    return BrokenManifest(value, fixtures, tuple(duplicates), (), document)
