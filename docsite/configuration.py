"""The configuration reference, generated from its schema and the defaults in the code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from docsite.tables import code, table
from evalpolicy.config.reading import Config
from evalpolicy.matching.shipped import schema

_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}
_HEAD = """\
# Configuration

This page lists every key of evalpolicy's configuration: `evalpolicy.toml` at the fleet's root, or
a table `[tool.evalpolicy]` in pyproject.toml. Every key is optional; the defaults fit a fleet laid
out as `containers/benchmarks/*/Dockerfile` and so on. An unknown key is an error that names its
line and the closest known key. A commit is checked with the configuration that it contains.

Globs are relative to the fleet's root: `*` stays within one folder, `**` crosses folders.

For editors that support schemas: [config.schema.json](../schemas/config.schema.json).

```toml title="evalpolicy.toml"
plugins = ["acme"]                # before the first table

[layout]
benchmarks = ["evals/*"]
fixtures = ["recordings/*.traces.jsonl"]

[rules]
"REL002" = "off"
"label-unknown" = "error"

[[allow]]
rule = "PIN001"
path = "evals/appworld/Dockerfile"
match = "ghcr.io/example/appworld:latest"
reason = "upstream publishes no version tag"
```
"""


def page() -> str:
    """Every key with its type, its meaning and its default."""
    document = json.loads(schema("config"))
    config = Config()
    parts = [_HEAD]
    keys = list(document["properties"].items())
    single = [(name, value) for name, value in keys if not _is_table(value)]
    tables = [(name, value) for name, value in keys if _is_table(value)]
    rows = [(code(n), _kind(v, document), v["description"], _default(config, n)) for n, v in single]
    parts += ["## Before the first table\n", table(("key", "type", "meaning", "default"), rows)]
    for name, value in tables:
        parts += _table(name, value, document, getattr(config, name, None))
    return "\n".join(parts)


def _is_table(value: Mapping[str, Any]) -> bool:
    return "object" in (value["type"], value.get("items", {}).get("type"))


def _table(
    name: str, value: Mapping[str, Any], document: Mapping[str, Any], defaults: Any
) -> Iterator[str]:
    """A table's keys, and behind them the tables within it."""
    array = value["type"] == "array"
    yield f"## {f'[[{name}]]' if array else f'[{name}]'} {{ #{name.replace('.', '-')} }}\n"
    if "description" in value:
        yield f"{value['description']}\n"
    of = value["items"] if array else value
    keys = of.get("properties")
    if not keys:
        yield f"A value is {_kind(of['additionalProperties'], document)}.\n"
        return
    required = of.get("required", ())
    rows = [
        (
            code(key),
            _kind(what, document) + (", required" if key in required else ""),
            what.get("description", ""),
            _default(defaults, key),
        )
        for key, what in keys.items()
        if "properties" not in what
    ]
    if rows:
        yield table(("key", "type", "meaning", "default"), rows)
    for key, what in keys.items():
        if "properties" in what:
            yield from _table(f"{name}.{key}", what, document, getattr(defaults, key, None))


def _kind(value: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        named = {"globs": "globs", "path": "path", "patterns": "RE2 expressions"}
        return named.get(name) or _kind(document["$defs"][name], document)
    if "enum" in value:
        return "one of " + ", ".join(code(word) for word in value["enum"])
    if value["type"] == "array":
        return f"list of {_kind(value['items'], document)}s"
    if value["type"] == "object":
        return f"table of {_kind(value['additionalProperties'], document)}"
    return _KINDS[value["type"]]


def _default(defaults: Any, key: str) -> str:
    """As TOML writes it; empty where there is none."""
    if not isinstance(defaults, Struct) or key not in defaults.__struct_fields__:
        return ""
    value = getattr(defaults, key)
    if isinstance(value, str | bool | int | float) and value != "":
        return code(json.dumps(value))
    if isinstance(value, tuple):
        return ", ".join(code(json.dumps(word)) for word in value) or code("[]")
    if isinstance(value, Mapping):
        return ", ".join(code(f"{key} = {json.dumps(of)}") for key, of in value.items())
    return ""
