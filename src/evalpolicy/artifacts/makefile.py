"""Makefiles and justfiles: their variables, and the recipes of their targets, line by line.

After GNU make 4 and just 1. A recipe's line is shell text once make's own variables are written
as the shell's; `places` says where each recipe line stands in the file.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

_VARIABLE = re.compile(
    r"(?:export\s+|override\s+){0,2}([\w.-]+)\s*(\?|::?:?|\+)?=\s*(.*)", re.DOTALL
)
_JUST_VARIABLE = re.compile(r"(?:export\s+)?([\w-]+)\s*:=\s*(.*)", re.DOTALL)
_MAKE_NAME = re.compile(r"\$\$|\$\(([\w.-]+)\)|\$\{([\w.-]+)\}")
_MAKE_SHELL = re.compile(r"\$\(shell ([^()\n]{0,300})\)")
_JUST_NAME = re.compile(r"\{\{\s*([\w-]+)\s*(?:\(\s*\)\s*)?\}\}")
_JUST_ENV = re.compile(r"env(?:_var_or_default)?\(\s*['\"]\w+['\"]\s*,\s*(.*?)\s*\)")
_PREFIX = re.compile(r"[ \t]*[@+-]*[ \t]*")
_ONE_SHELL = re.compile(r"^\.ONESHELL[ \t]*:", re.MULTILINE)


class RecipeLine(Struct, frozen=True):
    """One logical line of a recipe as shell text, its first line, and how it is written there.

    `ignored`: a `-` in front lets make or just go on when it fails.
    """

    text: str
    line: int
    written: str
    ignored: bool = False


class Recipe(Struct, frozen=True):
    """A target, what it needs, and its lines; `whole`: one shell reads all of them."""

    name: str
    needs: tuple[str, ...]
    lines: tuple[RecipeLine, ...]
    whole: bool = False


class Makefile(Struct, frozen=True):
    """Variables as shell text, None for one that is set twice, and the recipes.

    `defaults` are the variables that the environment can set instead (`?=`, `env(…)`).
    `own_shell`: recipes run in another shell than make's own, or each as one script.
    """

    variables: Mapping[str, str | None]
    recipes: tuple[Recipe, ...]
    defaults: frozenset[str] = frozenset()
    own_shell: bool = False

    def reached(self, names: Sequence[str]) -> Iterator[Recipe]:
        """The recipes that a call runs; without names those of the first target."""
        first = [each.name for each in self.recipes if not each.name.startswith(".")][:1]
        by_name: dict[str, list[Recipe]] = {}
        for recipe in self.recipes:
            by_name.setdefault(recipe.name, []).append(recipe)
        waiting = deque(names or first)
        while waiting:
            for recipe in by_name.pop(waiting.popleft(), ()):
                yield recipe
                waiting += recipe.needs


def parse(text: str, *, just: bool = False) -> Makefile:
    """Reads a Makefile or a justfile; never raises."""
    variables: dict[str, str | None] = {}
    recipes: list[Recipe] = []
    defaults: set[str] = set()
    names: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    body: list[RecipeLine] = []

    def close() -> None:
        whole = bool(body) and body[0].written.lstrip().startswith("#!")
        recipes.extend(Recipe(name, needs, tuple(body), whole) for name in names if body or needs)

    for number, written in _logical(text):
        recipe_line = written.startswith("\t") or (just and written[:1] in " \t")
        if names and recipe_line:
            if written.strip():
                body.append(_line(written, number, written, just))
            continue
        if not written.strip() or written.startswith("#"):
            continue
        close()
        names, needs, body = (), (), []
        variable = (_JUST_VARIABLE if just else _VARIABLE).fullmatch(written.strip())
        if variable is not None:
            if _assign(variables, variable, just):
                defaults.add(variable[1])
            continue
        head, colon, behind = written.partition(":")
        if colon and not behind.startswith("="):
            names = tuple(head.lstrip("@").split())[: 1 if just else None]
            behind, _, recipe = behind.lstrip(":").partition(";")
            needs = tuple(behind.partition("#")[0].replace("|", " ").split())
            body = [_line(recipe.strip(), number, written, just)] if recipe.strip() else []
    close()
    own_shell = not {"SHELL", ".SHELLFLAGS"}.isdisjoint(variables) or bool(_ONE_SHELL.search(text))
    return Makefile(variables, tuple(recipes), frozenset(defaults), own_shell)


def _line(recipe: str, number: int, written: str, just: bool) -> RecipeLine:
    prefix = _PREFIX.match(recipe)
    bare = recipe[prefix.end() :] if prefix else recipe
    return RecipeLine(_shell(bare, just), number, written, "-" in recipe[: len(recipe) - len(bare)])


def _assign(variables: dict[str, str | None], found: re.Match[str], just: bool) -> bool:
    """Notes the variable; whether the environment can set it instead."""
    name = found[1]
    if just:
        text = found[2].strip()
        inner = _JUST_ENV.fullmatch(text)
        quoted = re.fullmatch(r"(['\"])(.*)\1", inner[1] if inner else text)
        value = quoted[2] if quoted else None
        default = inner is not None
    else:
        value = _shell(found[3].partition(" #")[0].strip(), just)
        default = found[2] == "?"
        if found[2] == "+" or (default and name in variables):
            value = variables[name] if default else None
    variables[name] = value if name not in variables or variables[name] == value else None
    return default


def _shell(text: str, just: bool) -> str:
    """Text with the variables of make or just written as the shell's."""
    if just:
        return _JUST_NAME.sub(lambda m: "${PWD}" if "directory" in m[1] else f"${{{m[1]}}}", text)
    text = _MAKE_SHELL.sub(lambda m: f"\0({m[1]})", text)
    return _MAKE_NAME.sub(_make_name, text).replace("\0", "$")


def _make_name(found: re.Match[str]) -> str:
    name = found[1] or found[2]
    if name is None:
        return "$"
    return "${PWD}" if name == "CURDIR" else f"${{{name}}}"


def _logical(text: str) -> list[tuple[int, str]]:
    """The lines of a text with their continuations, and the number of the first of each."""
    found: list[tuple[int, str]] = []
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), 1):
        first = first if parts else number
        parts.append(line.rstrip("\r"))
        if not parts[-1].endswith("\\"):
            found.append((first, "\n".join(parts)))
            parts = []
    return [*found, (first, "\n".join(parts))] if parts else found
