"""What makes a gate strict or loose, in whatever file it stands: one list of settings a file.

This is the seam between SUB012, which compares two states of a gate, and the files that gates
are configured in. A setting knows what it lets through, if that can be told, and where it stands.
"""

from __future__ import annotations

import json
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Literal

import yaml
from msgspec import Struct

from evalpolicy.artifacts.source import START, Problem, Span

Kind = Literal["hook", "exemption", "scope", "limit", "level", "pin", "swallowed"]
Dialect = Literal["path-regex", "path-glob", "path", "content-regex", "unknown"]

# pre-commit-hooks' default for check-added-large-files (KiB).
_MAX_KB = 500
_LOOSENING_ARGUMENT = re.compile(
    r"--(?:ignore|exclude|skip|disable|allow|no-fail|exit-zero|warn-only|soft-fail)"
)
_SWALLOWED = re.compile(
    r"continue-on-error:\s*(?:true|['\"]true['\"]|\$\{\{)|\|\|\s*(?:true|:)(?=\s*(?:$|[#;'\"]))"
    r"|--(?:exit-zero|no-fail|soft-fail)\b"
)


class Setting(Struct, frozen=True):
    """One setting of a gate.

    `gate` and `kind` say what it sets; settings of one gate and kind in two states are compared.
    `hook`: the gate runs; gone is looser. `exemption`: lets through what `value` covers
    (`dialect` says how). `scope`: the gate sees nothing but what `value` covers. `limit`: a
    number, more is looser. `level`: a severity. `pin`: a revision. `swallowed`: a line that lets
    a failure pass. `hook` is the gate of the hook that the setting belongs to, if it does: what
    comes with a hook that is new loosens nothing.
    """

    kind: Kind
    gate: str
    value: str
    span: Span = START
    dialect: Dialect = "unknown"
    hook: str = ""


class Settings(Struct, frozen=True):
    settings: tuple[Setting, ...] = ()
    problems: tuple[Problem, ...] = ()


def pre_commit(content: bytes) -> Settings:
    """`.pre-commit-config.yaml`: hooks, `files`, `exclude`, the arguments that loosen, pins."""
    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = Span.at(mark.line + 1) if mark else START
        return Settings(problems=(Problem(f"no YAML: {type(error).__name__}", place),))
    found: list[Setting] = []
    top = _mapping(root)
    if "exclude" in top:
        found.append(_pattern("exemption", "every hook", top["exclude"]))
    if "files" in top:
        found.append(_pattern("scope", "every hook", top["files"]))
    for repository in _items(top.get("repos")):
        fields = _mapping(repository)
        url = _scalar(fields.get("repo"))
        if url not in ("local", "meta", "") and "rev" in fields:
            found.append(Setting("pin", url, _scalar(fields["rev"]), _span(fields["rev"])))
        for hook in _items(fields.get("hooks")):
            found.extend(_hook(_mapping(hook), _span(hook)))
    return Settings(tuple(found))


def _hook(fields: dict[str, yaml.Node], span: Span) -> Iterator[Setting]:
    id = _scalar(fields.get("id"))
    gate = f"hook {id}"
    stages = [_scalar(stage) for stage in _items(fields.get("stages"))]
    if stages != ["manual"]:
        yield Setting("hook", gate, "", _span(fields["id"]) if "id" in fields else span)
    if "exclude" in fields:
        yield _pattern("exemption", gate, fields["exclude"], gate)
    if "files" in fields:
        yield _pattern("scope", gate, fields["files"], gate)
    arguments = [(_scalar(node), _span(node)) for node in _items(fields.get("args"))]
    if id == "check-added-large-files":
        value, place = str(_MAX_KB), span
        for position, (argument, where) in enumerate(arguments):
            if argument.startswith("--maxkb="):
                value, place = argument.partition("=")[2], where
            elif argument == "--maxkb" and position + 1 < len(arguments):
                value, place = arguments[position + 1]
        yield Setting("limit", f"{gate} --maxkb", value, place, hook=gate)
    for argument, where in arguments:
        if _LOOSENING_ARGUMENT.match(argument):
            yield Setting("exemption", f"{gate} args", argument, where, hook=gate)


def gitleaks(content: bytes) -> Settings:
    """gitleaks' configuration: every allowlist in any of its forms, and rules switched off.

    Which of them the pinned version reads is the business of the GLK rules.
    """
    return _toml(content, _gitleaks)


def _gitleaks(document: dict[str, Any], where: _Places) -> Iterator[Setting]:
    extend = document.get("extend")
    extend = extend if isinstance(extend, dict) else {}
    for name in _texts(extend.get("disabledRules")):
        yield Setting("exemption", "gitleaks rules", name, where(name))
    if extend.get("useDefault") is True:
        yield Setting("hook", "gitleaks' default rules", "", where("useDefault"))
    lists = list(_tables(document, "allowlist", "allowlists"))
    for rule in _tables(document, "rules"):
        lists.extend(_tables(rule, "allowlist", "allowlists"))
        yield Setting("hook", f"gitleaks rule {rule.get('id')}", "", where(rule.get("id")))
    dialects: tuple[tuple[str, Dialect], ...] = (
        ("paths", "path-regex"),
        ("regexes", "content-regex"),
        ("stopwords", "unknown"),
        ("commits", "unknown"),
    )
    for entry in lists:
        for key, dialect in dialects:
            for value in _texts(entry.get(key)):
                gate = f"gitleaks allowlist {key}"
                yield Setting("exemption", gate, value, where(value), dialect)


def evalpolicy(content: bytes) -> Settings:
    """evalpolicy.toml, or a pyproject.toml: `plugins`, `[[allow]]` and `[rules]`."""
    return _toml(content, _evalpolicy)


def _evalpolicy(document: dict[str, Any], where: _Places) -> Iterator[Setting]:
    tool = document.get("tool")
    if isinstance(tool, dict):
        own = tool.get("evalpolicy")
        document = own if isinstance(own, dict) else {}
    for name in _texts(document.get("plugins")):
        yield Setting("hook", f"plug-in {name}", "", where(name))
    levels = document.get("rules")
    for name, level in (levels if isinstance(levels, dict) else {}).items():
        if isinstance(level, str):
            yield Setting("level", f"rule {name}", level, where(name))
    for entry in _tables(document, "allow"):
        path = entry.get("path")
        rule = entry.get("rule")
        if isinstance(path, str):
            gate = f"evalpolicy allowance of {rule}"
            yield Setting("exemption", gate, path, where(path), "path-glob")


def baseline(content: bytes) -> Settings:
    """A baseline: each row that names a path (evalpolicy's own, and detect-secrets')."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return Settings(problems=(Problem(f"no JSON: {type(error).__name__}"),))
    where = _Places(content.decode("utf-8-sig"))
    results = document.get("results") if isinstance(document, dict) else None
    rows: list[tuple[str, str]] = []
    if isinstance(results, dict):
        for path, secrets in results.items():
            rows.extend((path, _name(s)) for s in (secrets if isinstance(secrets, list) else ()))
    else:
        rows.extend(_rows(document))
    return Settings(
        tuple(
            Setting("exemption", f"baseline: {name}", path, where(path), "path")
            for path, name in rows
        )
    )


def _rows(document: object) -> Iterator[tuple[str, str]]:
    waiting = [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            path = item.get("path")
            if isinstance(path, str):
                yield path, _name({key: item[key] for key in item if key != "path"})
            else:
                waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _name(row: object) -> str:
    """What tells one row from another: its identifying fields, without places."""
    if not isinstance(row, dict):
        return ""
    keys = ("rule", "subject", "about", "fingerprint", "type", "hashed_secret")
    return " ".join(str(row[key]) for key in keys if row.get(key))


def ignore_file(content: bytes) -> Settings:
    """A file with one exemption a line; `#` begins a comment."""
    found = []
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        entry = line.partition("#")[0].strip()
        if entry:
            found.append(Setting("exemption", "ignored", entry, Span.at(number, 1, len(line))))
    return Settings(tuple(found))


def workflow(content: bytes) -> Settings:
    """A workflow: the lines that let a failure pass."""
    found = []
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if (swallowed := _SWALLOWED.search(line)) and not line.lstrip().startswith("#"):
            span = Span.at(number, swallowed.start() + 1, len(swallowed[0]))
            found.append(Setting("swallowed", "workflow", " ".join(line.split()), span))
    return Settings(tuple(found))


def _toml(content: bytes, read: Any) -> Settings:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        text = content.decode("utf-8-sig")
        return Settings(tuple(read(tomllib.loads(text), _Places(text))))
    except (ValueError, RecursionError) as error:
        return Settings(problems=(Problem(f"no TOML: {error}"),))


def _tables(table: dict[str, Any], *keys: str) -> Iterator[dict[str, Any]]:
    for key in keys:
        value = table.get(key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield item


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


_SPELLED = re.compile(
    r"#[^\n]*"
    r"|'''(?P<raw_lines>.*?)'''|\"\"\"(?P<lines>.*?)\"\"\""
    r"|\"(?P<text>(?:[^\"\\\n]|\\.)*)\"|'(?P<raw>[^'\n]*)'|(?P<bare>[\w-]+)",
    re.DOTALL,
)


class _Places:
    """Where the texts and keys of a TOML or JSON file first stand, from one pass over it."""

    def __init__(self, text: str) -> None:
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._first: dict[str, int] = {}
        for match in _SPELLED.finditer(text):
            if kind := match.lastgroup:
                self._first.setdefault(match[kind], match.start(kind))

    def __call__(self, value: object) -> Span:
        """The span of a value; the start of the file where its spelling is another."""
        if not isinstance(value, str) or not value:
            return START
        for spelled in (value, json.dumps(value)[1:-1]):
            at = self._first.get(spelled)
            if at is not None:
                line = bisect_right(self._line_starts, at)
                return Span.at(line, at - self._line_starts[line - 1] + 1, len(spelled))
        return START


def _pattern(kind: Kind, gate: str, node: yaml.Node, hook: str = "") -> Setting:
    return Setting(kind, gate, _scalar(node), _span(node), "path-regex", hook)


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {_scalar(key): value for key, value in node.value}


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _scalar(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _span(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    if start.line != end.line:
        return Span.at(start.line + 1, start.column + 1)
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)
