"""What variables are known to hold: those that a script sets once, to a plain text."""

from __future__ import annotations

import re
from collections import Counter

from evalpolicy.artifacts.syntax.shell.model import Command, Script, ShellWord
from evalpolicy.artifacts.syntax.shell.walking import DECLARES, SETS
from evalpolicy.artifacts.syntax.shell.words import ASSIGNMENT

# A longer value is no program, no version and no path (characters).
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


def _assignments(command: Command, name: str) -> tuple[ShellWord, ...]:
    if name in DECLARES:
        return command.words[1:]
    return () if command.words else command.assignments
