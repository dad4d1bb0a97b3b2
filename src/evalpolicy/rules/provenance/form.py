"""Whether an entry is well formed and exact."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.facts.recordings.versions import is_version
from evalpolicy.matching.json_schema import Violation
from evalpolicy.matching.shipped import schema
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.scanners.shortening import shortened

_LONGEST = 60
_EVIDENCE = "evidence"
VERSION_FIELDS = ("agent_version", "model_version", "release_tag")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@rule("PRV003", "provenance-invalid", "error")
def provenance_invalid(provenance: ProvenanceFile) -> Iterator[Hit]:
    """An entry violates the provenance schema, or a key appears twice.

    JSON readers silently keep one of two equal keys: the value of the other is lost.
    A value that is not known is `null`, and `evidence` states why: `"unknown: …"`.

    ## Why

    A missing field hides that nobody knew the value, and a null without a reason hides whether
    anybody tried to find out.

    ## Example

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {
      "arc-0-codex": {
        "benchmark": "arc",
        "task_id": 0,
        "agent": "codex",
        "agent_version": null,
        "model": "openai/azure/gpt-5.4",
        "benchmark_data_revision": "210d026faf9955653af8916fad021475a3f00453",
        "captured": "15 June 2026",
        "release_tag": "v0.1.0"
      }
    }
    ```

    ## Fixed

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {
      "arc-0-codex": {
        "benchmark": "arc",
        "task_id": "0",
        "agent": "codex",
        "agent_version": null,
        "model": "openai/azure/gpt-5.4",
        "benchmark_data_revision": "210d026faf9955653af8916fad021475a3f00453",
        "captured": "2026-06-15T08:30:00Z",
        "release_tag": "v0.1.0",
        "evidence": {"agent_version": "unknown: the image was built from latest"}
      }
    }
    ```

    ## Exempt

    Keys that begin with an underscore, and fields that the schema does not define.
    """
    for violation in provenance.violations:
        yield Hit(
            provenance.path,
            _described(violation),
            _place(provenance, violation),
            "schemas/provenance.schema.json lists all fields",
            str(violation.path[0]) if violation.path else "",
            ".".join(map(str, (*violation.path[1:], violation.key or violation.keyword))),
            cause=".".join(map(str, (*violation.path[1:], violation.key or violation.keyword))),
        )
    for path, span in provenance.parsed.duplicates if provenance.readable else ():
        yield Hit(
            provenance.path,
            f"{path} appears twice, and only this one counts: merge the two",
            span,
            "",
            "",
            path,
        )


def _place(provenance: ProvenanceFile, violation: Violation) -> Span:
    """The value, or the entry's key if the entry lacks something."""
    path = violation.path
    if len(path) == 1 and (entry := provenance.entries.get(str(path[0]))):
        return entry.span
    return provenance.parsed.span(path)


def _described(violation: Violation) -> str:
    field = str(violation.path[1]) if len(violation.path) > 1 else ""
    if violation.keyword == "required":
        if violation.key == _EVIDENCE:
            return (
                'a field is null, and no evidence states why: add "evidence": {FIELD: "unknown: …"}'
            )
        if field == _EVIDENCE:
            return f'{violation.key} is null, and no evidence states why: add "unknown: …"'
        return f"{violation.key} is missing: {_description(str(violation.key))}"
    if field == _EVIDENCE and len(violation.path) > 2:
        name = violation.path[2]
        if violation.expected == "^unknown: ":
            return f'{name} is null, so its evidence must be a reason: begin it with "unknown: "'
        return (
            f"evidence of {name} is invalid: begin it with recording, label, git, name, option or "
            '"unknown: "'
        )
    if field:
        return f"{field} violates the schema: {_description(field)}"
    if not violation.path or violation.keyword == "minLength":
        return "this entry has no name: its key must be a fixture's name"
    return "this entry is not an object: an entry is an object of fields"


@cache
def _description(field: str) -> str:
    """The schema's description of a field, as the end of a sentence."""
    entry = json.loads(schema("provenance"))["$defs"]["entry"]
    text = str(entry["properties"].get(field, {}).get("description", "see the schema"))
    text = text.rstrip(".")
    return text[:1].lower() + text[1:]


@rule("PRV007", "provenance-vague", "warning")
def provenance_vague(provenance: ProvenanceFile) -> Iterator[Hit]:
    """A version is not exact, or the time of the capture is only a date.

    A version (agent_version, model_version, release_tag) is one word that contains a digit and
    does not begin with `latest`. The time of the capture has an hour and an offset.

    ## Why

    "latest" was true once and identifies nothing today. Both entries of the reference fleet's pull
    request 146 have the version `latest (npm-installed at eval-image build time; not pinned)`, and
    a date instead of the time that decides whether a benchmark changed before the recording.

    ## Example

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"agent_version": "latest (not pinned)", "captured": "2026-06-15"}}
    ```

    ## Fixed

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"agent_version": "2.1.104", "captured": "2026-06-15T08:30:00Z"}}
    ```

    ## Exempt

    Fields that are null (PRV003 requires the reason). A model's version that its name already
    contains needs no field of its own.
    """
    for stem, entry in provenance.entries.items():
        for field in VERSION_FIELDS:
            value = entry.text(field)
            if value is not None and not is_version(value):
                yield Hit(
                    provenance.path,
                    f"{field} is not an exact version: {_quoted(value)}",
                    entry.span_of(field),
                    f'if it is not known, set it to null and evidence.{field} to "unknown: …"',
                    stem,
                    field,
                    cause=field,
                )
        captured = entry.text("captured")
        if captured is not None and _DATE.fullmatch(captured):
            yield Hit(
                provenance.path,
                f"captured is only a date: add the time on {captured} when the run was recorded",
                entry.span_of("captured"),
                "use an RFC 3339 timestamp such as 2026-06-15T08:30:00Z",
                stem,
                "captured",
                cause="captured",
            )


def _quoted(value: str) -> str:
    return json.dumps(shortened(value, _LONGEST), ensure_ascii=False)
