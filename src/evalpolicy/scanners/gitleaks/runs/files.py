"""The scripts of a file that can run gitleaks: a shell script, recipes, tasks, a Dockerfile."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from evalpolicy.artifacts import makefile
from evalpolicy.artifacts.syntax.shell.expansion import Scope, is_open
from evalpolicy.artifacts.syntax.source import Lines, Span
from evalpolicy.artifacts.syntax.yaml_spans import (
    YamlList,
    YamlMap,
    YamlNode,
    YamlScalar,
    parse_yaml,
)
from evalpolicy.artifacts.workflow import script_span
from evalpolicy.scanners.gitleaks.runs.model import TOP, Pin, Seen
from evalpolicy.scanners.gitleaks.runs.names import (
    JUSTFILES,
    MAKEFILES,
    MISE,
    TASKFILES,
    is_dockerfile,
)
from evalpolicy.scanners.gitleaks.runs.program import image_seen
from evalpolicy.scanners.gitleaks.runs.script import (
    NO_FILES,
    CallableFiles,
    Runs,
    ScriptPiece,
    installed,
    names_it,
)

_TASK_VARIABLE = re.compile(r"\{\{\s*\.(\w+)\s*\}\}")
_TOX_SECTION = re.compile(r"\[([^\]]+)\]")
_TOX_NAMES = re.compile(r"\{(toxinidir|tox_root|env:(\w+):([^}]*)|posargs:?([^}]*))\}")


# Most files are shell scripts: the readers of the others are loaded where one is met.


def script_pins(
    text: str, path: str, files: CallableFiles = NO_FILES, tools: Seen | None = None
) -> tuple[Pin, ...]:
    """The runs of a file by itself, where nothing else says what is on PATH."""
    runs = Runs("script", files, tools=tools)
    found = pieces_of(text, path)
    by_name = any(piece.name for piece in found)
    there = posixpath.dirname(f"{TOP}/{path}") if by_name else TOP
    scope = Scope(directory=there, top=TOP)
    runs.seen = installed(path, found, scope)
    for piece in found:
        runs.piece(path, piece, scope)
    return tuple(dict.fromkeys(runs.pins))


def pieces_of(text: str, path: str) -> tuple[ScriptPiece, ...]:
    """The scripts of a file that names gitleaks; none of a file of another kind."""
    if not names_it(text):
        return ()
    name = posixpath.basename(path)
    if name in MAKEFILES or name in JUSTFILES or name.endswith(".mk"):
        return tuple(_recipes(text, path, just=name in JUSTFILES))
    if name == "package.json":
        return tuple(_package(text))
    if name in TASKFILES:
        return tuple(_tasks(text, path))
    if name in MISE:
        return tuple(_mise(text))
    if name == "tox.ini":
        return tuple(_tox(text))
    if name.endswith(".py"):
        return tuple(_nox(text))
    if is_dockerfile(path):
        return tuple(_dockerfile(text))
    return (ScriptPiece(text, Lines(text).span),)


def _occurrences(text: str, written: str, line: int) -> Callable[[int, int], Span]:
    """Places in a line that was rewritten: by the number of the name in front."""

    def span(start: int, end: int) -> Span:
        at = -1
        for _ in range(text.count("gitleaks", 0, end)):
            at = written.find("gitleaks", at + 1)
        lines = Lines(written, line)
        return lines.span(max(at, 0), max(at, 0) + len("gitleaks"))

    return span


def _closed(values: Mapping[str, str | None], directory: str) -> dict[str, str | None]:
    """Variables that rest on each other, as far as they are known."""
    found = dict(values)
    for _ in range(5):
        scope = Scope(found, directory=directory, top=TOP)
        found = {n: None if v is None else scope.expanded(v) for n, v in found.items()}
    return {n: None if v is None or is_open(v) else v for n, v in found.items()}


def _recipes(text: str, path: str, *, just: bool) -> Iterator[ScriptPiece]:
    read = makefile.parse(text, just=just)
    known = _closed(read.variables, posixpath.dirname(f"{TOP}/{path}"))
    weak = read.defaults
    for recipe in read.recipes:
        if recipe.whole:
            whole = "\n".join(line.text for line in recipe.lines)
            place = Lines(whole, recipe.lines[0].line).span
            yield ScriptPiece(whole, place, recipe.name, recipe.needs, known, weak)
            continue
        if not recipe.lines:
            yield ScriptPiece("", Lines("").span, recipe.name, recipe.needs)
        for line in recipe.lines:
            span = _occurrences(line.text, line.written, line.line)
            yield ScriptPiece(line.text, span, recipe.name, recipe.needs, known, weak)


def _package(text: str) -> Iterator[ScriptPiece]:
    from evalpolicy.artifacts.syntax.json_spans import JsonDocument, parse

    document = parse(text.encode("utf-8", "surrogateescape"))
    value = document.value if isinstance(document, JsonDocument) else None
    scripts = value.get("scripts") if isinstance(value, dict) else None
    for name, script in scripts.items() if isinstance(scripts, dict) else ():
        if isinstance(script, str) and isinstance(document, JsonDocument):
            yield ScriptPiece(script, _fixed(document.span(("scripts", name))), name)


def _fixed(span: Span) -> Callable[[int, int], Span]:
    return lambda start, end: span


def _tasks(text: str, path: str) -> Iterator[ScriptPiece]:
    """`cmds` of a Taskfile, `run` of lefthook."""
    root = parse_yaml(text.encode("utf-8", "surrogateescape")).root
    if not isinstance(root, YamlMap):
        return
    known = _closed(dict(_task_variables(root)), posixpath.dirname(f"{TOP}/{path}"))
    for name, command in _commands(root, ""):
        written = _TASK_VARIABLE.sub(r"${\1}", command.text)
        line = script_span(command).line
        yield ScriptPiece(written, _occurrences(written, command.text, line), name, known=known)


_WITHIN_TASK = ("tasks", "commands", "jobs", "scripts", "cmds", "cmd", "run", "vars", "hooks")


def _commands(node: YamlNode, name: str) -> Iterator[tuple[str, YamlScalar]]:
    """The commands of tasks, each with the name of its task."""
    if isinstance(node, YamlList):
        for item in node.items:
            if isinstance(item, YamlScalar):
                yield name, item
            else:
                yield from _commands(item, name)
    elif isinstance(node, YamlMap):
        for entry in node.entries:
            if not isinstance(entry.value, YamlScalar):
                inside = name if entry.key in _WITHIN_TASK else entry.key
                yield from _commands(entry.value, inside)
            elif entry.key in ("cmd", "run"):
                yield name, entry.value


def _task_variables(node: YamlNode) -> Iterator[tuple[str, str | None]]:
    if isinstance(node, YamlMap):
        settings = node.map("vars")
        for entry in settings.entries if settings is not None else ():
            scalar = entry.value if isinstance(entry.value, YamlScalar) else None
            yield entry.key, None if scalar is None else scalar.text
        for entry in node.entries:
            yield from _task_variables(entry.value)


def _mise(text: str) -> Iterator[ScriptPiece]:
    """`[tasks.a] run = "…"` and `[tasks] a = "…"`."""
    from evalpolicy.artifacts.syntax.toml_reader import parse_toml
    from evalpolicy.artifacts.syntax.toml_spans import Array, Table, TomlScalar, Value

    document = parse_toml(text.encode("utf-8", "surrogateescape"))
    entry = document.root.entries.get("tasks")
    tasks = entry.value.entries if entry is not None and isinstance(entry.value, Table) else {}
    for name, task in tasks.items():
        value: Value | None = task.value
        if isinstance(value, Table):
            value = value.entries["run"].value if "run" in value.entries else None
        for item in value.items if isinstance(value, Array) else [value]:
            if isinstance(item, TomlScalar) and isinstance(item.value, str):
                yield ScriptPiece(item.value, _fixed(document.span_of(item)), name)


def _tox(text: str) -> Iterator[ScriptPiece]:
    """The lines of an environment's `commands`, and what its `deps` install."""
    section = key = ""
    for number, line in enumerate(text.split("\n"), 1):
        if (found := _TOX_SECTION.fullmatch(line.strip())) is not None:
            section, key = found[1].removeprefix("testenv:"), ""
            continue
        written = line
        if line[:1].strip():
            key, _, line = line.partition("=")
            key = key.strip()
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        command = _TOX_NAMES.sub(_tox_name, line.strip().lstrip("-"))
        if key == "deps":
            command = f"pip install {shlex.quote(command.removeprefix('-'))}"
        elif key not in ("commands", "commands_pre", "commands_post"):
            continue
        yield ScriptPiece(command, _occurrences(command, written, number), section)


def _tox_name(found: re.Match[str]) -> str:
    if found[1].startswith("posargs"):
        return found[4]
    return TOP if found[2] is None else f"${{{found[2]}:-{found[3]}}}"


def _nox(text: str) -> Iterator[ScriptPiece]:
    """`session.run("gitleaks", …)` and `session.install("…")`, where the words are written."""
    import ast

    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for function in module.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda node: node.lineno):
            words = [a.value for a in call.args if isinstance(a, ast.Constant)]
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if name in ("run", "run_always", "install") and all(isinstance(w, str) for w in words):
                line = shlex.join(map(str, words))
                line = f"pip install {line}" if name == "install" else line
                span = Span.at(call.lineno, call.col_offset + 1, len(name))
                yield ScriptPiece(line, _fixed(span), function.name)


def _dockerfile(text: str) -> Iterator[ScriptPiece]:
    """What a build runs and what its image starts; an image of gitleaks says its version."""
    from evalpolicy.artifacts.dockerfile import parse
    from evalpolicy.artifacts.run_scripts import scripts as run_scripts

    dockerfile = parse(text.encode("utf-8", "surrogateescape"))
    scripts = run_scripts(dockerfile)
    seen: Seen | None = None
    for stage in dockerfile.stages:
        known: dict[str, str | None] = {**{arg.key: arg.value for arg in stage.args}, **stage.env}
        seen = image_seen(stage.base.resolved) or seen
        directory = "/"
        mounts: list[tuple[str, str]] = []
        for instruction in stage.instructions:
            words = [Scope(known).expanded(word) for word in instruction.words]
            if instruction.keyword == "WORKDIR" and words:
                directory = posixpath.join(directory, words[0])
            elif instruction.keyword in ("COPY", "ADD"):
                flags = dict(flag.partition("=")[::2] for flag in instruction.flags)
                source = Scope(known).expanded(flags.get("--from", ""))
                seen = image_seen(source) or seen
                if not source and len(words) == 2 and words[0] in (".", "./"):
                    mounts.append((posixpath.join(directory, words[1]), TOP))
            piece = partial(
                ScriptPiece, known=known, directory=directory, mounts=tuple(mounts), seen=seen
            )
            for script in scripts:
                if script.instruction is instruction and names_it(script.text):
                    yield piece(script.text, script.span)
            if instruction.keyword in ("CMD", "ENTRYPOINT"):
                line = shlex.join(instruction.json or ()) or instruction.value
                yield piece(line, _fixed(instruction.value_span))
