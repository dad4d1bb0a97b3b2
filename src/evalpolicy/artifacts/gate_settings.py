"""What makes a gate strict or loose, in whatever file it stands: one list of settings a file.

This is the seam between SUB012, which compares two states of a gate, and the files that gates
are configured in. A setting knows what it lets through, if that can be told, and where it stands.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Literal

from msgspec import Struct

from evalpolicy.artifacts.passing_failures import passing_failures
from evalpolicy.artifacts.syntax.source import START, Problem, Span
from evalpolicy.artifacts.syntax.toml_values import TomlError
from evalpolicy.artifacts.syntax.toml_values import load as load_toml
from evalpolicy.artifacts.syntax.yaml_spans import (
    YamlList,
    YamlMap,
    YamlNode,
    YamlScalar,
    parse_yaml,
)

Kind = Literal["hook", "exemption", "scope", "limit", "pin", "swallowed"]
Dialect = Literal["path-regex", "path-glob", "path", "content-regex", "unknown"]

# pre-commit-hooks' default for check-added-large-files (KiB).
_MAX_KB = 500
_LOOSENING_ARGUMENT = re.compile(
    r"--(?:ignore|exclude|skip|disable|allow|no-fail|exit-zero|warn-only|soft-fail|fail-on|select"
    r"|baseline|accept)"
)


class Setting(Struct, frozen=True):
    """One setting of a gate.

    `gate` and `kind` say what it sets; settings of one gate and kind in two states are compared.
    `hook`: the gate runs; gone is looser. `exemption`: lets through what `value` covers
    (`dialect` says how). `scope`: the gate sees nothing but what `value` covers. `limit`: a
    number, more is looser. `pin`: a revision. `swallowed`: what lets a
    failure pass. `hook` is the gate of the hook that the setting belongs to, if it does: what
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
    document = parse_yaml(content)
    if document.problem is not None:
        return Settings(problems=(document.problem,))
    found: list[Setting] = []
    top = document.root
    if not isinstance(top, YamlMap):
        return Settings()
    found.extend(_pattern("exemption", "every hook", top.get("exclude")))
    found.extend(_pattern("scope", "every hook", top.get("files")))
    for repository in top.maps("repos"):
        url, rev = _text(repository.get("repo")), repository.get("rev")
        if url not in ("local", "meta", "") and rev is not None:
            found.append(Setting("pin", url, _text(rev), _start(rev.span)))
        for hook in repository.maps("hooks"):
            found.extend(_hook(hook))
    return Settings(tuple(found))


def _hook(hook: YamlMap) -> Iterator[Setting]:
    id = hook.get("id")
    gate = f"hook {_text(id)}"
    span = _start(hook.span)
    if [_text(stage) for stage in _items(hook.get("stages"))] != ["manual"]:
        yield Setting("hook", gate, "", span if id is None else _start(id.span))
    yield from _pattern("exemption", gate, hook.get("exclude"), gate)
    yield from _pattern("scope", gate, hook.get("files"), gate)
    arguments = [(_text(node), _start(node.span)) for node in _items(hook.get("args"))]
    if _text(id) == "check-added-large-files":
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
    """A workflow: what lets a failure pass."""
    document = parse_yaml(content)
    if document.problem is not None:
        return Settings(problems=(document.problem,))
    found = passing_failures(document.root)
    return Settings(tuple(Setting("swallowed", "workflow", text, span) for text, span in found))


def _toml(content: bytes, read: Callable[[dict[str, Any], _Places], Iterator[Setting]]) -> Settings:
    try:
        text = content.decode("utf-8-sig")
        return Settings(tuple(read(load_toml(text), _Places(text))))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Settings(problems=(Problem("not UTF-8", Span.at(line)),))
    except TomlError as error:
        return Settings(problems=(error.problem,))


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


def _pattern(kind: Kind, gate: str, node: YamlNode | None, hook: str = "") -> Iterator[Setting]:
    if node is not None:
        yield Setting(kind, gate, _text(node), _start(node.span), "path-regex", hook)


def _items(node: YamlNode | None) -> tuple[YamlNode, ...]:
    return node.items if isinstance(node, YamlList) else ()


def _text(node: YamlNode | None) -> str:
    return node.text if isinstance(node, YamlScalar) else ""


def _start(span: Span) -> Span:
    """The span, or the place where it begins if it goes over several lines."""
    return span if span.line == span.end_line else Span.at(span.line, span.column)
