"""A Makefile: its targets, what they need, and the lines that their recipes give to a shell.

After GNU make's manual, "How to Use Variables", "Recipe Execution", "Errors in Recipes": each line
goes to a shell of its own, which has no `-e`, and a `-` in front lets make go on when it fails.
Conditionals and includes are passed over; a variable counts where it is set once, to plain text.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence

from msgspec import Struct

_RULE = re.compile(r"(?P<targets>[^\s:=#][^:=#]*)::?(?![=:])(?P<needs>[^;#]*)(?P<rest>;.*)?")
_SETS = re.compile(r"(?:export\s+|override\s+)*([\w.-]+)\s*(?:::?:?|\?|\+)?=\s*(.*)")
_REFERENCE = re.compile(r"\$(?:\$|\(([^()]*(?:\([^()]*\)[^()]*)*)\)|\{([^{}]*)\}|.)", re.DOTALL)
_PLAIN = re.compile(r"[\w./ =:+-]*")
# What stands for a value that is not known: no program and no flag.
_UNKNOWN = "_"


class RecipeLine(Struct, frozen=True):
    """What a shell gets of one line (continued ones are one), from 1; `ignored`: it has a `-`."""

    text: str
    line: int
    ignored: bool = False


class Target(Struct, frozen=True):
    """One rule's target."""

    name: str
    needs: tuple[str, ...]
    recipe: tuple[RecipeLine, ...]


class Makefile(Struct, frozen=True):
    """Every target, in order. None where recipes do not run as this module takes them to."""

    targets: tuple[Target, ...] = ()

    def reached(self, names: Sequence[str]) -> Iterator[Target]:
        """The targets that a call runs; without names the first one that is no special one."""
        first = [each.name for each in self.targets if not each.name.startswith(".")][:1]
        by_name: dict[str, list[Target]] = {}
        for target in self.targets:
            by_name.setdefault(target.name, []).append(target)
        waiting = deque(names or first)
        while waiting:
            for target in by_name.pop(waiting.popleft(), ()):
                yield target
                waiting += target.needs


def parse(text: str) -> Makefile:
    """Reads a Makefile; what is not understood is passed over."""
    targets: list[Target] = []
    values: dict[str, str | None] = {"MAKE": "make"}
    current: tuple[list[str], tuple[str, ...]] | None = None
    recipe: list[RecipeLine] = []
    written = list(_logical(text))
    for _, line in written:
        if not line.startswith("\t") and (found := _SETS.fullmatch(line.strip())):
            name, value = found.groups()
            plain = value.partition("#")[0].strip()
            is_plain = name not in values and _PLAIN.fullmatch(plain)
            values[name] = plain if is_plain else None
    if {".ONESHELL", "SHELL", ".SHELLFLAGS"} & {*values, *_special(text)}:
        return Makefile()
    for number, line in written:
        if line.startswith("\t"):
            if current is not None:
                recipe.append(_line(line[1:], number, values))
        elif _SETS.fullmatch(line.strip()):
            continue
        elif (found := _RULE.fullmatch(line.rstrip())) is not None:
            targets += _closed(current, recipe)
            names = _expanded(found["targets"], values).split()
            current = names, tuple(_expanded(found["needs"], values).replace("|", " ").split())
            recipe = [_line(found["rest"][1:], number, values)] if found["rest"] else []
    return Makefile((*targets, *_closed(current, recipe)))


def _special(text: str) -> set[str]:
    return {name for name in (".ONESHELL",) if re.search(rf"^\{name}\s*:", text, re.MULTILINE)}


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their number, continued ones as one."""
    begin, held = 1, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        begin = begin if held else number
        held.append(line.removesuffix("\r"))
        if not held[-1].endswith("\\"):
            yield begin, "\n".join(held)
            held.clear()
    if held:
        yield begin, "\n".join(held)


def _closed(
    current: tuple[list[str], tuple[str, ...]] | None, recipe: list[RecipeLine]
) -> list[Target]:
    if current is None:
        return []
    names, needs = current
    return [Target(name, needs, tuple(recipe)) for name in names]


def _line(text: str, number: int, values: dict[str, str | None]) -> RecipeLine:
    bare = text.lstrip(" \t-@+")
    ignored = "-" in text[: len(text) - len(bare)]
    return RecipeLine(_expanded(bare, values), number, ignored)


def _expanded(text: str, values: dict[str, str | None]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return values.get(found[1] or found[2] or "") or _UNKNOWN

    return _REFERENCE.sub(value, text)
