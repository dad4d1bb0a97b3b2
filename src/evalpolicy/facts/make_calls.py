"""The recipes that workflows, hooks and the scripts they call reach through make."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.makefile import Makefile, RecipeLine, parse
from evalpolicy.artifacts.syntax.shell.expansion import Scope
from evalpolicy.artifacts.syntax.shell.model import Script
from evalpolicy.artifacts.syntax.shell.reader import parse as parse_shell
from evalpolicy.artifacts.syntax.shell.running import basename, innermost
from evalpolicy.facts.gates import Gates

_MAKE = frozenset(("make", "gmake"))
_NAMES = ("GNUmakefile", "makefile", "Makefile")
_VALUES = frozenset(("-C", "--directory", "-f", "--file", "--makefile", "-o", "-W", "-I"))


class CalledRecipe(Struct, frozen=True):
    """A target's recipe that something calls, and the Makefile's path.

    Of make's variables, those that are known have their value in its lines.
    """

    path: str
    target: str
    lines: tuple[RecipeLine, ...]


def recipes(gates: Gates) -> Iterator[CalledRecipe]:
    """Every recipe that is reached, once."""
    if not any(path.rpartition("/")[2] in _NAMES for path in gates.makefiles):
        return
    waiting = [(run.script, run.step.working_directory) for run in gates.runs]
    texts = [hook.entry.text for _, _, hook in gates.hooks() if hook.entry is not None]
    texts += [gates.scripts[path] for path in gates.called]
    calls = [
        call
        for script, directory in waiting
        for call in _calls(script, directory.text if directory is not None else "")
    ]
    calls += [call for text in texts for call in _calls(parse_shell(text), "")]
    read: dict[str, Makefile] = {}
    seen: set[tuple[str, str]] = set()
    while calls:
        folder, name, targets = calls.pop()
        path = _found(gates, folder, name)
        if path is None:
            continue
        makefile = read.get(path) or read.setdefault(path, parse(gates.makefiles[path]))
        if makefile.own_shell:
            continue
        scope = Scope({"MAKE": "make", **makefile.variables})
        for recipe in makefile.reached(targets):
            if (path, recipe.name) in seen:
                continue
            seen.add((path, recipe.name))
            lines = [replace(line, text=scope.expanded(line.text)) for line in recipe.lines]
            yield CalledRecipe(path, recipe.name, tuple(lines))
            for line in lines:
                calls += _calls(parse_shell(line.text), posixpath.dirname(path))


def _calls(script: Script, folder: str) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """The folder, the file if one is named, and the targets of each call of make."""
    for command in script.commands:
        words = [word.text for word in innermost(command).words]
        if not words or basename(words[0]) not in _MAKE:
            continue
        into, name, targets, at = folder, "", [], 1
        while at < len(words):
            word = words[at]
            at += 1
            if word in _VALUES and at < len(words):
                into = posixpath.join(into, words[at]) if word in ("-C", "--directory") else into
                name = words[at] if word in ("-f", "--file", "--makefile") else name
                at += 1
            elif not word.startswith("-") and "=" not in word:
                targets.append(word)
        yield into, name, tuple(targets)


def _found(gates: Gates, folder: str, name: str) -> str | None:
    paths = [posixpath.normpath(posixpath.join(folder, each)) for each in [name] if each]
    paths = paths or [posixpath.normpath(posixpath.join(folder, each)) for each in _NAMES]
    return next((path for path in paths if path in gates.makefiles), None)
