"""The globs of `[layout]` as a fleet's own configuration writes them, each with its place."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.syntax.toml_reader import parse_toml
from evalpolicy.artifacts.syntax.toml_spans import Array, Table, TomlScalar
from evalpolicy.config.reading import CONFIG_FILE, LIMIT, PYPROJECT
from evalpolicy.snapshot import Snapshot, Unreadable

OF_FOLDERS = ("benchmarks", "agents", "models", "gateways", "core")
OF_FILES = ("dockerfiles", "fixtures", "bake", "compose", "shared_services", "documents")


class WrittenGlob(Struct, frozen=True):
    """One glob, the key of `[layout]` that it belongs to, and where it is."""

    key: str
    glob: str
    path: str
    span: Span


def written_globs(snapshot: Snapshot) -> tuple[WrittenGlob, ...]:
    """All globs that the configuration writes; none where it is left to the defaults.

    They are the checked state's own: what a submission writes has to fit what it holds. A file that
    cannot be read has none: loading the configuration reports it.
    """
    path = CONFIG_FILE if CONFIG_FILE in snapshot.entries else PYPROJECT
    if path not in snapshot.entries:
        return ()
    try:
        document = parse_toml(snapshot.read(path, LIMIT))
    except Unreadable:
        return ()
    table: Table | None = document.root
    for name in ("layout",) if path == CONFIG_FILE else ("tool", "evalpolicy", "layout"):
        table = _inner(table, name)
    return tuple(
        WrittenGlob(key, str(item.value), path, document.span_of(item))
        for key, item in (_globs(table) if table is not None else ())
    )


def _globs(layout: Table) -> Iterator[tuple[str, TomlScalar]]:
    for key in (*OF_FOLDERS, *OF_FILES):
        entry = layout.entries.get(key)
        if entry is not None and isinstance(entry.value, Array):
            for item in entry.value.items:
                if isinstance(item, TomlScalar) and item.kind == "string":
                    yield key, item


def _inner(table: Table | None, name: str) -> Table | None:
    entry = table.entries.get(name) if table is not None else None
    return entry.value if entry is not None and isinstance(entry.value, Table) else None
