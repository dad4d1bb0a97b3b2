"""What variables are known to hold: those that a script sets once, to a plain text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from evalpolicy.artifacts.syntax.shell.model import Script, ShellWord, SimpleCommand
from evalpolicy.artifacts.syntax.shell.walking import DECLARES, SETS
from evalpolicy.artifacts.syntax.shell.words import ASSIGNMENT

_DEFAULTED = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?[-=]([^{}]*))?\})")
# A longer value is not a program, a version or a path (characters).
_LONGEST = 80


def known_values(script: Script) -> dict[str, str]:
    """Name → value of each variable that is set in one place, without an expansion."""
    times: Counter[str] = Counter(script.loops)
    values: dict[str, str] = {}
    for command in script.commands:
        name = command.words[0].text if command.words else ""
        if name in SETS:
            times.update({word.text: 2 for word in command.words[1:]})
        for word in _assignments(command, name):
            if found := ASSIGNMENT.match(word.text):
                key = re.sub(r"\W.*", "", found[0], flags=re.DOTALL)
                times[key] += 2 if word.expands or found[0] != f"{key}=" else 1
                values[key] = word.text[found.end() :]
    return {
        name: value
        for name, value in values.items()
        if times[name] == 1 and len(value) <= _LONGEST and not value.startswith("(")
    }


def _assignments(command: SimpleCommand, name: str) -> tuple[ShellWord, ...]:
    if name in DECLARES:
        return command.words[1:]
    return () if command.words else command.assignments


def default_values(script: Script) -> dict[str, str]:
    """Name → what its first assignment comes to if the caller sets nothing: `A=${A:-x}` is x."""
    values: dict[str, str] = {}
    for command in script.commands:
        for word in _assignments(command, command.words[0].text if command.words else ""):
            if found := ASSIGNMENT.match(word.text):
                name = found[0].rstrip("+=")
                value = word.text[found.end() :]
                if len(value) <= _LONGEST:
                    values.setdefault(name, with_defaults(value, values))
    return values


def with_defaults(text: str, values: Mapping[str, str]) -> str:
    """A text with the variables that are known; what is not, and has no default, stays."""
    return _DEFAULTED.sub(
        lambda found: values.get(found[1] or found[2], found[3] if found[3] else found[0]), text
    )
