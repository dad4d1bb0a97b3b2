"""What makes a gate strict or loose, in whatever file it stands: one list of settings a file.

This is the seam between SUB012, which compares two states of a gate, and the files that gates
are configured in. A setting knows what it lets through, if that is known, and where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from evalpolicy.artifacts import gitleaks_config, large_files, pre_commit_config
from evalpolicy.artifacts import workflow as workflows
from evalpolicy.artifacts.gitleaks_config import GitleaksConfig, entry_of
from evalpolicy.artifacts.passing_failures import passing_failures
from evalpolicy.artifacts.pre_commit_config import Hook
from evalpolicy.artifacts.syntax.json_spans import Path
from evalpolicy.artifacts.syntax.json_spans import parse as parse_json
from evalpolicy.artifacts.syntax.source import START, Located, Problem, Span

Kind = Literal["hook", "exemption", "scope", "limit", "pin", "swallowed"]
Dialect = Literal["path-regex", "path-glob", "path", "content-regex", "unknown"]

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
    config = pre_commit_config.parse(content)
    found = list(_patterns("every hook", config.exclude, config.files))
    for repository in config.repositories:
        if repository.rev is not None and repository.url.text not in ("local", "meta"):
            found.append(_setting("pin", repository.url.text, repository.rev))
        for hook in repository.hooks:
            found.extend(_hook(hook, hook.stages or config.default_stages))
    return Settings(tuple(found), config.problems)


def _hook(hook: Hook, stages: Sequence[Located]) -> Iterator[Setting]:
    gate = f"hook {hook.id.text}"
    if [stage.text for stage in stages] != ["manual"]:
        yield Setting("hook", gate, "", hook.id.span)
    yield from _patterns(gate, hook.exclude, hook.files, gate)
    if hook.id.text == large_files.HOOK:
        default = Located(str(large_files.DEFAULT_MAXKB), hook.id.span)
        yield _setting(
            "limit", f"{gate} --maxkb", large_files.maxkb(hook.args or ()) or default, hook=gate
        )
    for argument in hook.args or ():
        if _LOOSENING_ARGUMENT.match(argument.text):
            yield _setting("exemption", f"{gate} args", argument, hook=gate)


def _patterns(
    gate: str, exclude: Located | None, files: Located | None, hook: str = ""
) -> Iterator[Setting]:
    if exclude is not None:
        yield _setting("exemption", gate, exclude, "path-regex", hook)
    if files is not None:
        yield _setting("scope", gate, files, "path-regex", hook)


def _setting(
    kind: Kind, gate: str, value: Located, dialect: Dialect = "unknown", hook: str = ""
) -> Setting:
    return Setting(kind, gate, value.text, _start(value.span), dialect, hook)


def gitleaks(content: bytes) -> Settings:
    """gitleaks' configuration: every allowlist in any of its forms, and rules switched off.

    Which of them the pinned version reads is the business of the GLK rules.
    """
    config = gitleaks_config.parse(content)
    problems = () if config.problem is None else (config.problem,)
    return Settings(() if problems else tuple(_gitleaks(config)), problems)


def _gitleaks(config: GitleaksConfig) -> Iterator[Setting]:
    for extend in config.tables("extend"):
        for rule in config.texts(extend, "disabledRules"):
            yield _setting("exemption", "gitleaks rules", rule)
        default = entry_of(extend, "useDefault")
        if default is not None and getattr(default.value, "value", None) is True:
            yield Setting("hook", "gitleaks' default rules", "", config.span(default))
    for table in config.rules():
        name = next(iter(config.texts(table, "id")), Located("", config.span(table)))
        yield Setting("hook", f"gitleaks rule {name.text}", "", _start(name.span))
    dialects: tuple[tuple[str, Dialect], ...] = (
        ("paths", "path-regex"),
        ("regexes", "content-regex"),
        ("stopwords", "unknown"),
        ("commits", "unknown"),
    )
    for written in config.allowlists():
        for key, dialect in dialects:
            for value in config.texts(written.table, key):
                yield _setting("exemption", f"gitleaks allowlist {key}", value, dialect)


def baseline(content: bytes) -> Settings:
    """A baseline: each row that names a path (evalpolicy's own, and detect-secrets')."""
    document = parse_json(content.removeprefix(b"\xef\xbb\xbf"))
    if isinstance(document, Problem):
        return Settings(problems=(document,))
    root = document.value
    results = root.get("results") if isinstance(root, dict) else None
    rows = _secrets(results) if isinstance(results, dict) else _rows(root)
    return Settings(
        tuple(
            Setting("exemption", f"baseline: {name}", path, _start(document.span(place)), "path")
            for place, path, name in rows
        )
    )


def _secrets(results: dict[str, object]) -> Iterator[tuple[Path, str, str]]:
    for path, secrets in results.items():
        for number, secret in enumerate(secrets if isinstance(secrets, list) else ()):
            yield ("results", path, number), path, _name(secret)


def _rows(document: object) -> Iterator[tuple[Path, str, str]]:
    waiting: list[tuple[Path, object]] = [((), document)]
    while waiting:
        place, item = waiting.pop()
        if isinstance(item, dict):
            path = item.get("path")
            if isinstance(path, str):
                name = _name({key: item[key] for key in item if key != "path"})
                yield (*place, "path"), path, name
            else:
                waiting.extend(((*place, key), value) for key, value in item.items())
        elif isinstance(item, list):
            waiting.extend(((*place, number), value) for number, value in enumerate(item))


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
    """A workflow: what lets a failure of a job, a step, or a line of its script pass."""
    parsed = workflows.parse(content)
    found = passing_failures(parsed)
    settings = tuple(Setting("swallowed", "workflow", text, span) for text, span in found)
    return Settings(settings, parsed.problems)


def _start(span: Span) -> Span:
    """The span, or the place where it begins if it goes over several lines."""
    return span if span.line == span.end_line else Span.at(span.line, span.column)
