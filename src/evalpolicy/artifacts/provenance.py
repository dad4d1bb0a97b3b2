"""The provenance file: the recorded origin of each fixture, by its name.

The shape is schemas/provenance.schema.json, which also takes the form that the reference fleet's
pull request 146 has. A key that begins with `_` is a comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from msgspec import Struct

from evalpolicy.artifacts.syntax.json_spans import JsonDocument, Path, json_path
from evalpolicy.artifacts.syntax.json_spans import parse as parse_json
from evalpolicy.artifacts.syntax.source import START, Problem, Span

FIELDS = (
    "benchmark",
    "task_id",
    "agent",
    "agent_version",
    "model",
    "model_version",
    "gateway",
    "benchmark_data_revision",
    "benchmark_tree",
    "captured",
    "release_tag",
    "sha256",
    "reward",
    "evidence",
)
"""The fields of an entry in the order in which they are written; unknown ones follow."""


SHOWN_AGENT = re.compile(
    r"unknown: the name says .+?, the recording shows (\S+) \(user agent: (.+)\)"
)
"""The evidence of an agent that is null because a user agent contradicts the fixture's name."""


class ProvenanceEntry(Struct, frozen=True):
    """What is recorded of one fixture; `span` is that of its key in the file.

    `fields` holds every field as it stands in the file, those that are not known here included.
    """

    stem: str
    fields: Mapping[str, object]
    span: Span
    _document: JsonDocument

    def text(self, field: str) -> str | None:
        """A field that is text; None where it is missing, null or something else."""
        value = self.fields.get(field)
        return value if isinstance(value, str) else None

    def span_of(self, field: str) -> Span:
        """The place of the field's value, or of the entry's key if the field is missing."""
        return self._document.spans.get((self.stem, field), self.span)


class Provenance(Struct, frozen=True):
    """The file as read.

    `value` is the whole JSON value, for the schema; `duplicates` are the keys that stand twice
    in one object, each as (JSON path, span of the later one): the later value counts. A file that
    is not a JSON object, has problems and no entries.
    """

    value: object
    entries: Mapping[str, ProvenanceEntry]
    duplicates: tuple[tuple[str, Span], ...]
    problems: tuple[Problem, ...]
    _document: JsonDocument | None = None

    def span(self, path: Path) -> Span:
        """The place of the value at a path, as a schema violation gives it."""
        return self._document.span(path) if self._document else START


def parse(content: bytes) -> Provenance:
    """Reads the file; what cannot be read is a problem."""
    document = parse_json(content)
    if isinstance(document, Problem):
        return Provenance(None, {}, (), (document,))
    duplicates = tuple((json_path(path), span) for path, span in document.duplicates)
    value = document.value
    if not isinstance(value, dict):
        problem = Problem(
            f"provenance must be an object from fixture to entry, not {_kind(value)}",
            document.span(()),
        )
        return Provenance(value, {}, duplicates, (problem,), document)
    entries = {
        stem: ProvenanceEntry(stem, fields, document.keys[stem,], document)
        for stem, fields in value.items()
        if not stem.startswith("_") and isinstance(fields, dict)
    }
    return Provenance(value, entries, duplicates, (), document)


def _kind(value: object) -> str:
    match value:
        case list():
            return "a list"
        case str():
            return "a string"
        case None:
            return "null"
        case bool():
            return "a boolean"
        case _:
            return "a number"


def write(before: object, entries: Mapping[str, Mapping[str, object]]) -> bytes:
    """The file with `entries` put in place of those of the same name, all others kept.

    `before` is the value of the file as it was (`Provenance.value`; None for a new one). Comments
    come first in their order, then the entries sorted by name; in an entry the known fields in the
    order of `FIELDS`, then the unknown ones sorted. The bytes depend on the values alone, so
    writing twice changes nothing. Raises `ValueError` if `before` is not an object: what it holds
    would be lost.
    """
    if before is None:
        before = {}
    if not isinstance(before, dict):
        raise ValueError("the provenance file is not an object: nothing was written")
    merged = {**before, **entries}
    comments = {key: value for key, value in merged.items() if key.startswith("_")}
    sorted_entries = {
        stem: _ordered(merged[stem]) for stem in sorted(merged) if not stem.startswith("_")
    }
    value = comments | sorted_entries
    try:
        return _dump(value, ascii_only=False)
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can hold
        return _dump(value, ascii_only=True)


def _dump(value: object, *, ascii_only: bool) -> bytes:
    text = json.dumps(value, indent=2, ensure_ascii=ascii_only, allow_nan=False)
    return text.encode("utf-8") + b"\n"


def _ordered(entry: object) -> object:
    if not isinstance(entry, Mapping):
        return entry
    known = {field: entry[field] for field in FIELDS if field in entry}
    if isinstance(evidence := known.get("evidence"), Mapping):
        known["evidence"] = _ordered(evidence)
    return known | {field: entry[field] for field in sorted(entry) if field not in known}
