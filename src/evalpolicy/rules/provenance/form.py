"""Whether an entry is well formed, and says something exact."""

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

_LONGEST = 60
_EVIDENCE = "evidence"
VERSION_FIELDS = ("agent_version", "model_version", "release_tag")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@rule("PRV003", "provenance-invalid", "error")
def provenance_invalid(provenance: ProvenanceFile) -> Iterator[Hit]:
    """An entry breaks the provenance schema, or a key stands twice.

    Of two equal keys every JSON reader keeps one and says nothing: what the other held is lost.
    A value that is not known is `null`, and `evidence` says why: `"unknown: …"`.

    ## Why

    An entry is only worth what can be read from it. A missing field hides that nobody knew the
    value, and a null without a reason hides whether anybody looked.

    ## Fires

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

    ## Mended

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

    Keys that begin with an underscore, and fields that the schema does not know.
    """
    for violation in provenance.violations:
        yield Hit(
            provenance.path,
            _told(violation),
            _place(provenance, violation),
            "schemas/provenance.schema.json has every field",
            str(violation.path[0]) if violation.path else "",
            ".".join(map(str, (*violation.path[1:], violation.key or violation.keyword))),
        )
    for path, span in provenance.parsed.duplicates if provenance.readable else ():
        yield Hit(
            provenance.path,
            f"{path} stands twice, and only this one counts: merge the two",
            span,
            "",
            "",
            path,
        )


def _place(provenance: ProvenanceFile, violation: Violation) -> Span:
    """The value, or the entry's key where something is missing from the entry."""
    path = violation.path
    if len(path) == 1 and (entry := provenance.entries.get(str(path[0]))):
        return entry.span
    return provenance.parsed.span(path)


def _told(violation: Violation) -> str:
    field = str(violation.path[1]) if len(violation.path) > 1 else ""
    if violation.keyword == "required":
        if violation.key == _EVIDENCE:
            return (
                "a field is null and there is no evidence to say why: add "
                '"evidence": {FIELD: "unknown: …"}'
            )
        if field == _EVIDENCE:
            return f'{violation.key} is null, and evidence does not say why: "unknown: …"'
        return f"{violation.key} is missing: {_description(str(violation.key))}"
    if field == _EVIDENCE and len(violation.path) > 2:
        name = violation.path[2]
        if violation.expected == "^unknown: ":
            return f'{name} is null, and its evidence is no reason: begin with "unknown: "'
        return (
            f"evidence of {name} is none: it begins with recording, label, git, name, option or "
            '"unknown: "'
        )
    if field:
        return f"{field} breaks the schema: {_description(field)}"
    if not violation.path or violation.keyword == "minLength":
        return "an entry without a name: its key is a fixture's name"
    return "an entry is an object of fields"


@cache
def _description(field: str) -> str:
    """What the schema says of a field, as the end of a sentence."""
    entry = json.loads(schema("provenance"))["$defs"]["entry"]
    said = str(entry["properties"].get(field, {}).get("description", "see the schema"))
    said = said.rstrip(".")
    return said[:1].lower() + said[1:]


@rule("PRV007", "provenance-vague", "warning")
def provenance_vague(provenance: ProvenanceFile) -> Iterator[Hit]:
    """A version is prose or `latest`, or the time of the capture is a bare date.

    A version (agent_version, model_version, release_tag) is one word with a digit in it that
    does not begin with `latest`. The time of the capture has an hour and an offset.

    ## Why

    "latest" was true once and names nothing today. Both entries of the reference fleet's pull
    request 146 say `latest (npm-installed at eval-image build time; not pinned)`, and a date in
    place of the time that decides whether a benchmark changed before or after the recording.

    ## Fires

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"agent_version": "latest (not pinned)", "captured": "2026-06-15"}}
    ```

    ## Mended

    ```json tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ```json tests/run/replay/fixtures/provenance.json
    {"arc-0-codex": {"agent_version": "2.1.104", "captured": "2026-06-15T08:30:00Z"}}
    ```

    ## Exempt

    What is null: PRV003 sees to it that the reason is there. A model's version that its name
    holds already needs no field of its own.
    """
    for stem, entry in provenance.entries.items():
        for field in VERSION_FIELDS:
            value = entry.text(field)
            if value is not None and not is_version(value):
                yield Hit(
                    provenance.path,
                    f"{field} names no version: {_quoted(value)}",
                    entry.span_of(field),
                    f'if it is not known: null, and evidence.{field} "unknown: why"',
                    stem,
                    field,
                )
        captured = entry.text("captured")
        if captured is not None and _DATE.fullmatch(captured):
            yield Hit(
                provenance.path,
                f"captured is a date: say when on {captured} the run was recorded",
                entry.span_of("captured"),
                "an RFC 3339 timestamp such as 2026-06-15T08:30:00Z",
                stem,
                "captured",
            )


def _quoted(value: str) -> str:
    from evalpolicy.scanners.credentials import shortened  # dear, and few values are long

    return json.dumps(shortened(value, _LONGEST), ensure_ascii=False)
