"""Each command of a script with the directory that it runs in and the variables that it sees.

Branches are followed one by one, and what they leave different is not known behind them. A
function's commands count where it is called; one that nothing calls counts at the end.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.shell.expansion import Scope
from evalpolicy.artifacts.syntax.shell.model import (
    AndOr,
    Compound,
    Lists,
    Node,
    Pipeline,
    Script,
    SimpleCommand,
)
from evalpolicy.artifacts.syntax.shell.words import ASSIGNMENT

DECLARES = frozenset(("export", "readonly", "declare", "typeset", "local"))
"""They assign what their words say."""
SETS = frozenset(("read", "mapfile", "readarray", "getopts", "unset", "printf", "let"))
"""They set the variables that their words name to something else."""
_LEAVES = frozenset(("exit", "return", "continue", "break"))
_TESTS = frozenset(("[", "[[", "test"))


class Placed(Struct, frozen=True):
    """A command and what it runs with."""

    command: SimpleCommand
    scope: Scope


def placed(script: Script, scope: Scope) -> Iterator[Placed]:
    """Every simple command of a script, in the order in which it would run."""
    yield from _Walk(scope).script(script)


class _Walk:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.functions: dict[str, Lists] = {}
        self.called: set[str] = set()
        self.calls = 0
        self.calling: list[str] = []
        self.stack: list[str | None] = []

    def script(self, script: Script) -> Iterator[Placed]:
        yield from self.lists(script.lists)
        for name in [name for name in self.functions if name not in self.called]:
            yield from self.call(name, ())

    def lists(self, lists: Lists) -> Iterator[Placed]:
        for item in lists:
            yield from self.joined(item)

    def joined(self, item: AndOr) -> Iterator[Placed]:
        before = self.scope
        for number, pipeline in enumerate(item.pipelines):
            held = self.scope
            yield from self.pipeline(pipeline)
            if number and item.operators[number - 1] == "||":
                self.scope = held if _leaves(pipeline) else merged((held, self.scope))
        if item.background:
            self.scope = before
        elif "&&" in item.operators and _tests(item.pipelines[0]):
            self.scope = merged((before, self.scope))

    def pipeline(self, pipeline: Pipeline) -> Iterator[Placed]:
        if len(pipeline.commands) == 1:
            yield from self.node(pipeline.commands[0])
            return
        for node in pipeline.commands:
            yield from self.aside(self.node(node))

    def aside(self, commands: Iterator[Placed]) -> Iterator[Placed]:
        """What a subshell runs: it leaves nothing."""
        before = self.scope
        yield from commands
        self.scope = before

    def node(self, node: Node) -> Iterator[Placed]:
        for lists in node.inner:
            yield from self.aside(self.lists(lists))
        if isinstance(node, SimpleCommand):
            yield Placed(node, self.scope)
            yield from self.follow(node)
        else:
            yield from self.compound(node)

    def compound(self, node: Compound) -> Iterator[Placed]:
        match node.kind:
            case "group":
                yield from self.lists(node.parts[0])
            case "subshell":
                yield from self.aside(self.lists(node.parts[0]))
            case "if":
                yield from self.choice(node.parts)
            case "case":
                yield from self.branches(node.parts, (self.scope,))
            case "while" | "until" | "for":
                before = self.scope
                if node.words:
                    self.set(node.words[0].text, None)
                for part in node.parts:
                    yield from self.lists(part)
                self.scope = merged((before, self.scope))
            case "function":
                self.functions[node.words[0].text] = node.parts[0]

    def choice(self, parts: tuple[Lists, ...]) -> Iterator[Placed]:
        ends: list[Scope] = []
        for condition, body in zip(parts[::2], parts[1::2], strict=False):
            yield from self.lists(condition)
            before = self.scope
            yield from self.lists(body)
            ends += [] if _ends(body) else [self.scope]
            self.scope = before
        if len(parts) % 2:
            yield from self.lists(parts[-1])
            ends += [] if _ends(parts[-1]) else [self.scope]
        else:
            ends.append(self.scope)
        self.scope = merged(ends) if ends else self.scope

    def branches(self, parts: tuple[Lists, ...], ends: tuple[Scope, ...]) -> Iterator[Placed]:
        before = self.scope
        for part in parts:
            self.scope = before
            yield from self.lists(part)
            if not _ends(part):
                ends = (*ends, self.scope)
        self.scope = merged(ends)

    def follow(self, command: SimpleCommand) -> Iterator[Placed]:
        """What a command does to those behind it."""
        name = command.words[0].text if command.words else ""
        if not name or name in DECLARES:
            self.assign(command)
        elif name in SETS and (name != "printf" or "-v" in command.text):
            for word in command.words[1:]:
                self.set(word.text, None)
        elif name in ("cd", "pushd"):
            self.stack.append(self.scope.directory)
            self.enter(command)
        elif name == "popd":
            back = self.stack.pop() if self.stack else None
            self.scope = replace(self.scope, directory=back)
        elif name in self.functions:
            words = [self.scope.known(w.text) if w.expands else w.text for w in command.words[1:]]
            yield from self.call(name, words)

    def call(self, name: str, words: Iterable[str | None]) -> Iterator[Placed]:
        if name in self.calling or self.calls >= _CALLS:
            return
        self.calls += 1
        self.called.add(name)
        self.calling.append(name)
        given = list(words)
        outer = self.scope.values
        positional = {str(number): word for number, word in enumerate(given, 1)}
        whole = None if None in given else "\0".join(map(str, given))
        self.scope = replace(self.scope, values={**outer, **positional, "@": whole})
        yield from self.lists(self.functions[name])
        self.calling.pop()

    def assign(self, command: SimpleCommand) -> None:
        for word in command.words[1:] if command.words else command.assignments:
            if (found := ASSIGNMENT.match(word.text)) is None:
                continue
            name = re.sub(r"\W.*", "", found[0], flags=re.DOTALL)
            text = word.text[found.end() :]
            plain = found[0] == f"{name}=" and not text.startswith("(")
            value = (self.scope.known(text) if word.expands else text) if plain else None
            self.set(name, value)

    def set(self, name: str, value: str | None) -> None:
        if _NAMES.fullmatch(name) and len(self.scope.values) < _MOST:
            self.scope = replace(self.scope, values={**self.scope.values, name: value})

    def enter(self, command: SimpleCommand) -> None:
        target = next((w for w in command.words[1:] if not w.text.startswith("-")), None)
        there: str | None = None
        if target is not None and self.scope.directory is not None:
            text = self.scope.known(target.text) if target.expands else target.text
            if text is not None and not text.startswith("~"):
                there = posixpath.normpath(posixpath.join(self.scope.directory, text))
        self.scope = replace(self.scope, directory=there)


_NAMES = re.compile(r"[A-Za-z_]\w*")
# Variables of one script; those beyond are not followed.
_MOST = 500
# Calls of functions in one script; those beyond are not followed.
_CALLS = 100


def merged(scopes: Iterable[Scope]) -> Scope:
    """What holds behind branches, whichever was taken; a variable that one alone sets is set."""
    return reduce(_merged, scopes)


def _merged(one: Scope, other: Scope) -> Scope:
    if one is other:
        return one
    values: Mapping[str, str | None] = {
        **one.values,
        **{
            name: value if one.values.get(name, value) == value else None
            for name, value in other.values.items()
        },
    }
    directory = one.directory if one.directory == other.directory else None
    return replace(one, values=values, directory=directory)


def _ends(lists: Lists) -> bool:
    """Whether nothing runs behind these lists."""
    return bool(lists) and _leaves(lists[-1].pipelines[-1])


def _leaves(pipeline: Pipeline) -> bool:
    last = pipeline.commands[-1]
    if isinstance(last, Compound):
        return last.kind == "group" and _ends(last.parts[0])
    return last.text[:1] != () and last.text[0] in _LEAVES


def _tests(pipeline: Pipeline) -> bool:
    first = pipeline.commands[0]
    return isinstance(first, SimpleCommand) and first.text[:1] != () and first.text[0] in _TESTS
