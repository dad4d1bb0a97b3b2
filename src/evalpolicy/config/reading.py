"""`evalpolicy.toml`, or `[tool.evalpolicy]` in pyproject.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, ValidationError, convert, field
from msgspec.structs import replace

from evalpolicy.config.allowance import Allowance
from evalpolicy.config.fixtures import FixtureSettings, SecretSettings, SizeSettings, wrong_setting
from evalpolicy.config.submission import SubmissionSettings, wrong_pattern
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Severity
from evalpolicy.snapshot import Snapshot, Unreadable

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.toml_spans import TomlDocument
    from evalpolicy.config.replay import Replaying

CONFIG_FILE = "evalpolicy.toml"
PYPROJECT = "pyproject.toml"
# What a pyproject.toml holds that configures this tool, however it writes the table's name.
_TOOL = b"evalpolicy"
# Far more than any configuration needs; a larger file is a mistake or an attack.
LIMIT = 1 << 20
# The lists of `[layout]` that are not globs.
_NO_GLOBS = frozenset({"supplied_args", "supplied_contexts", "registries"})

Level = Severity | Literal["off"]


class Layout(Struct, frozen=True):
    """Where things stand. The defaults fit the reference fleet in both its states."""

    benchmarks: tuple[str, ...] = ("containers/benchmarks/*", "benchmarks/*")
    agents: tuple[str, ...] = ("containers/agents/*", "agents/*")
    models: tuple[str, ...] = ("containers/models/*", "models/*")
    gateways: tuple[str, ...] = ("containers/gateways/*", "gateways/*")
    core: tuple[str, ...] = ("containers/core/*", "core/*")
    dockerfiles: tuple[str, ...] = (
        "**/Dockerfile",
        "**/Dockerfile.*",
        "**/*.Dockerfile",
        "**/Containerfile",
    )
    fixtures: tuple[str, ...] = (
        "tests/run/replay/fixtures/*.traces.jsonl",
        "tests/run/replay/fixtures/*.trajectory.jsonl",
    )
    provenance: str = "tests/run/replay/fixtures/provenance.json"
    broken: str = "tests/run/replay/fixtures/broken.json"
    bake: tuple[str, ...] = ("**/docker-bake.hcl", "**/docker-bake.json")
    supplied_args: tuple[str, ...] = ("EVAL_TASK_ID",)
    supplied_contexts: tuple[str, ...] = ("eval-base",)
    registries: tuple[str, ...] = ("ghcr.io/exgentic", "${REGISTRY}")
    compose: tuple[str, ...] = ("**/compose.y*ml", "**/docker-compose.y*ml", "**/compose/*.y*ml")
    shared_services: tuple[str, ...] = ("**/compose/services.yaml",)
    documents: tuple[str, ...] = ("**/*.md",)


class GateSettings(Struct, frozen=True):
    """What the GAT rules take for a gate beyond the checkers they know: names or scripts."""

    commands: tuple[str, ...] = ()
    not_gates: tuple[str, ...] = ()


class Config(Struct, frozen=True):
    """The configuration of one fleet. `source` is the file it was read from, if there is one.

    `levels` holds what `[rules]` says, as written: ids, names or families, each on one of
    `levels_lines`. `plugins` are the entry points of more rules, named on `plugins_line`.
    `replay_table` is `[replay]` as written; `replay` gives it with its defaults.
    """

    layout: Layout = field(default_factory=Layout)
    contracts: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict, name="rules")
    source: str | None = None
    allowances: tuple[Allowance, ...] = field(default=(), name="allow")
    submission: SubmissionSettings = field(default_factory=SubmissionSettings)
    gates: GateSettings = field(default_factory=GateSettings)
    fixtures: FixtureSettings = field(default_factory=FixtureSettings)
    sizes: SizeSettings = field(default_factory=SizeSettings)
    secrets: SecretSettings = field(default_factory=SecretSettings)
    plugins: tuple[str, ...] = ()
    plugins_line: int = 1
    levels_lines: Mapping[str, int] = field(default_factory=dict)
    replay_table: Mapping[str, Any] = field(default_factory=dict, name="replay")

    @property
    def replay(self) -> Replaying:
        from evalpolicy.config.replay import from_table as replaying

        return replaying(self.replay_table)


def load(snapshot: Snapshot) -> Config:
    """The configuration that the snapshot itself holds, so that a commit is judged by its own.

    Raises `UsageError` with file, line and the nearest known key for what is wrong in it, and
    `NotCheckedError` where it cannot be read.
    """
    for path in (CONFIG_FILE, PYPROJECT):
        if path not in snapshot.entries:
            continue
        try:
            content = snapshot.read(path, LIMIT)
        except Unreadable as reason:
            raise NotCheckedError(f"{path}: {reason}") from reason
        config = parse(content, path)
        if config is not None:
            return config
    return Config()


def parse(content: bytes, path: str) -> Config | None:
    """One configuration file; None for a pyproject.toml that says nothing of evalpolicy."""
    if path == PYPROJECT and _TOOL not in content:
        return None
    # It takes 3 ms to import, and the defaults fit most fleets.
    from evalpolicy.artifacts.syntax.toml_values import TomlError
    from evalpolicy.artifacts.syntax.toml_values import load as load_toml

    try:
        document, lines = load_toml(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: not UTF-8") from error
    except TomlError as error:
        line = error.problem.span.line
        raise UsageError(f"{path}:{line}: cannot be read as TOML: {error}") from error
    table: Any = document
    prefix: tuple[str, ...] = ()
    if path == PYPROJECT:
        tools: Any = document.get("tool")
        table = tools.get("evalpolicy") if isinstance(tools, dict) else None
        prefix = ("tool", "evalpolicy")
        if table is None:
            return None
    _validate(table, lines, path, prefix)
    if wrong := _wrong(table):
        keys, why = wrong
        named = ".".join(key for key in keys if isinstance(key, str))
        raise UsageError(f"{path}:{lines.line_of(*prefix, *keys)}: {named}: {why}")
    try:
        config = convert(table, Config, strict=False)
    except ValidationError as error:
        raise UsageError(f"{path}: {error}") from error
    return replace(
        config,
        source=path,
        allowances=tuple(
            replace(allowance, line=lines.line_of(*prefix, "allow", number))
            for number, allowance in enumerate(config.allowances)
        ),
        plugins_line=lines.line_of(*prefix, "plugins"),
        levels_lines={word: lines.line_of(*prefix, "rules", word) for word in config.levels},
    )


def _wrong(table: Mapping[str, Any]) -> tuple[tuple[str | int, ...], str] | None:
    """The first key whose value the schema accepts but that cannot be used, and why."""
    if wrong := _wrong_glob(table) or wrong_pattern(table):
        return wrong
    if refused := wrong_setting(table):
        return refused[:2], refused[2]
    if not table.get("replay"):
        return None
    from evalpolicy.config.replay import wrong_replay

    return wrong_replay(table)


def _wrong_glob(table: Mapping[str, Any]) -> tuple[tuple[str | int, ...], str] | None:
    globs: list[tuple[tuple[str | int, ...], list[str]]] = [
        (("layout", key), value)
        for key, value in table.get("layout", {}).items()
        if isinstance(value, list) and key not in _NO_GLOBS
    ]
    globs += [
        (("allow", number, "path"), [allowance["path"]])
        for number, allowance in enumerate(table.get("allow", ()))
    ]
    for keys, patterns in globs:
        try:
            Globs(patterns)
        except re.error as error:
            return keys, f"not a glob: {error}"
    return None


def _validate(table: object, lines: TomlDocument, path: str, prefix: tuple[str, ...]) -> None:
    """Raises `UsageError` for the first thing that the schema refuses, in the file's order."""
    from evalpolicy.matching.json_schema import violations
    from evalpolicy.matching.shipped import schema

    errors = [
        (lines.line_of(*prefix, *error.path, *([error.key] if error.key else [])), error)
        for error in violations(schema("config"), table)
    ]
    if not errors:
        return
    line, error = min(errors, key=lambda pair: pair[0])
    where = ".".join((*prefix, *map(str, error.path))) or "the configuration"
    if error.keyword == "additionalProperties" and error.key is not None:
        message = f"unknown key {error.key!r} in {where}{_known(error.path, error.key)}"
    else:
        message = f"{where}: {error.message}"
    raise UsageError(f"{path}:{line}: {message}")


def _known(path: tuple[str | int, ...], key: str) -> str:
    """The key that may be meant, or all keys that the schema knows there."""
    from evalpolicy.matching.nearest import nearest
    from evalpolicy.matching.shipped import schema

    node = json.loads(schema("config"))
    for part in path:
        node = node["items"] if isinstance(part, int) else node["properties"][part]
    close = nearest(key, node["properties"])
    return f": did you mean {close!r}?" if close else f"; known are {', '.join(node['properties'])}"
