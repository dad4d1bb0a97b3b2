"""The reference of the JSON report, from its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docsite.examples import judged
from docsite.tables import code, table
from evalpolicy.matching.shipped import schema
from evalpolicy.reporters.json import render
from evalpolicy.rules import family

_HEAD = """\
# The JSON report

This page lists every key of the report that `evalpolicy check --format json` writes, version 1. The
schema is [report.schema.json](../schemas/report.schema.json). Later versions of evalpolicy may add
keys; existing keys don't change within a version. Findings are sorted by path, line, column and
rule; causes as in [What to fix first](../adopting.md#what-to-fix-first). Nothing in the report
depends on the time, the number of jobs or the cache.

"""


def page() -> str:
    """Every key, and a report as it is."""
    document = json.loads(schema("report"))
    [rule] = (rule for rule in family("LBL") if rule.id == "LBL006")
    return (
        _HEAD
        + table(("key", "type", "meaning"), _rows(document, document, ""))
        + "\nThe report on the bad example of [LBL006](../rules/LBL006.md):\n\n"
        + f"```json\n{render(judged(rule))}```\n"
    )


def _rows(
    of: Mapping[str, Any], document: Mapping[str, Any], before: str
) -> Iterator[tuple[str, str, str]]:
    for name, value in of.get("properties", {}).items():
        value = _resolved(value, document)
        yield code(before + name), _kind(value), value.get("description", "")
        if "items" in value:
            yield from _rows(_resolved(value["items"], document), document, f"{before}{name}[].")
        else:
            yield from _rows(value, document, f"{before}{name}.")


def _resolved(value: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in value:
        return value
    found: Mapping[str, Any] = document["$defs"][value["$ref"].rpartition("/")[2]]
    return found


def _kind(value: Mapping[str, Any]) -> str:
    if "const" in value:
        return code(json.dumps(value["const"]))
    if "enum" in value:
        return ", ".join(code(json.dumps(word)) for word in value["enum"])
    kinds = value.get("type", "")
    words = {"array": "list", "null": "null", "object": "object", "string": "text",
             "integer": "number", "boolean": "boolean"}  # fmt: skip
    return " or ".join(words[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
