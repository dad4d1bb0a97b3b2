"""What takes cases out of a gate: an option of its own, or a filter of the cases it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.expansion import Scope
from evalpolicy.artifacts.syntax.shell.model import Script, ShellWord, SimpleCommand, loop_words
from evalpolicy.artifacts.syntax.shell.running import basename, innermost
from evalpolicy.artifacts.syntax.shell.shells import with_inner
from evalpolicy.artifacts.syntax.shell.values import known_values
from evalpolicy.artifacts.syntax.shell.words import ASSIGNMENT
from evalpolicy.facts.gate_commands import GateNames

# The options with which a runner leaves cases out, as its own help has them.
_OPTIONS: Mapping[str, frozenset[str]] = {
    "cargo test": frozenset(("--skip", "--exclude")),
    "pytest": frozenset(("--deselect", "--ignore", "--ignore-glob")),
    "py.test": frozenset(("--deselect", "--ignore", "--ignore-glob")),
    "go test": frozenset(("-skip", "--skip")),
    "ctest": frozenset(("-E", "--exclude-regex", "-LE", "--label-exclude")),
    "jest": frozenset(("--testPathIgnorePatterns",)),
    "vitest": frozenset(("--exclude",)),
    "tox": frozenset(("--skip-env",)),
}
_BY_KEYWORD = frozenset(("pytest", "py.test"))
_NOT = re.compile(r"\bnot\b")
_GREPS = frozenset(("grep", "egrep", "fgrep", "rg"))
_INVERTS = re.compile(r"-[A-Za-uw-z]*v[A-Za-z]*|--invert-match")
# Patterns of nothing but empty lines and comments.
_BLANK = re.compile(r"(?:\[\[:(?:space|blank):\]\]|\\[st]|[\^$*+?()|#;/ \\.])*")
_VARIABLE = re.compile(r"\$\{?[#!]?(\w+)")
_READS = frozenset(("mapfile", "readarray", "read"))


class Narrowed(Struct, frozen=True):
    """A gate, the words that take cases out of it, and how they read."""

    gate: str
    start: int
    end: int
    shown: str


def narrowed(script: Script, names: GateNames) -> Iterator[Narrowed]:
    scope = Scope(known_values(script))
    gates = [
        (gate, command)
        for command in with_inner(script)
        if (gate := names.name(command, scope)) is not None
    ]
    for gate, command in gates:
        yield from _by_option(gate, innermost(command, scope).words)
    if gates:
        yield from _by_filter(script, gates)


def _by_option(gate: str, words: tuple[ShellWord, ...]) -> Iterator[Narrowed]:
    options = _OPTIONS.get(gate, frozenset())
    for at, word in enumerate(words):
        option, joined, value = word.text.partition("=")
        following = words[at + 1] if at + 1 < len(words) and not joined else None
        value = following.text if following is not None else value
        by_keyword = gate in _BY_KEYWORD and option == "-k" and _NOT.search(value)
        if option in options or by_keyword:
            end = word.end if following is None else following.end
            yield Narrowed(gate, word.start, end, f"{option} {value}".strip())


def _by_filter(script: Script, gates: list[tuple[str, SimpleCommand]]) -> Iterator[Narrowed]:
    """`grep -v` in what a variable is set to that a gate is called with."""
    filters = [command for command in script.commands if _inverts(command)]
    if not filters:
        return
    settings = list(_settings(script))
    for gate, command in gates:
        wanted = _mentioned(script.text, command.words)
        grown = True
        while grown:
            before = len(wanted)
            for setting in settings:
                if not wanted.isdisjoint(setting.names):
                    wanted |= setting.mentions
            grown = len(wanted) > before
        for found in filters:
            start, end = found.words[0].start, found.words[-1].end
            if any(
                setting.start <= start < setting.end and not wanted.isdisjoint(setting.names)
                for setting in settings
            ):
                yield Narrowed(gate, start, end, script.text[start:end])


class _Setting(Struct, frozen=True):
    """What sets variables: its range, and the variables that it mentions."""

    names: frozenset[str]
    mentions: frozenset[str]
    start: int
    end: int


def _settings(script: Script) -> Iterator[_Setting]:
    text = script.text
    for command in script.commands:
        for word in command.assignments:
            if found := ASSIGNMENT.match(word.text):
                yield _setting(text, {re.split(r"\W", found[0])[0]}, (word,))
        name = command.words[0].text if command.words else ""
        targets = tuple(each.target for each in command.redirects if each.target is not None)
        if name in _READS:
            yield _setting(text, set(command.text[1:]), (*command.words, *targets))
        elif name in ("export", "local", "declare", "readonly"):
            for word in command.words[1:]:
                yield _setting(text, {word.text.partition("=")[0]}, (word,))
    for words in loop_words(script.lists):
        if words:
            yield _setting(text, {words[0].text}, words)


def _setting(text: str, names: set[str], words: tuple[ShellWord, ...]) -> _Setting:
    start, end = min(w.start for w in words), max(w.end for w in words)
    return _Setting(frozenset(names), frozenset(_mentioned(text, words)), start, end)


def _mentioned(text: str, words: tuple[ShellWord, ...]) -> set[str]:
    return {name for w in words for name in _VARIABLE.findall(text[w.start : w.end])}


def _inverts(command: SimpleCommand) -> bool:
    words = command.text
    if not words or basename(words[0]) not in _GREPS:
        return False
    if not any(_INVERTS.fullmatch(word) for word in words[1:]):
        return False
    pattern = next((word for word in words[1:] if not word.startswith("-")), "")
    return _BLANK.fullmatch(pattern) is None
