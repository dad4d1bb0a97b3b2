"""Path globs as configuration writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import count

from evalpolicy.matching.re2 import in_python

_DEEP = r"(?:[^/]+/)*"
_STAR = r"[^/]*"


class Globs:
    """Whether a path matches any of some globs.

    `*` and `?` stay within one part of the path, `**` spans parts, `[…]` is a set; a glob matches
    the whole path from the fleet's root. A backslash is read as `/`, so that a path copied from
    Windows means what it seems to.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        names = (f"g{number}" for number in count())
        translated = "|".join(_translated(glob, names) for glob in self.patterns)
        self._match = in_python(translated or r"(?!)", re.DOTALL).fullmatch

    def __contains__(self, path: str) -> bool:
        return self._match(path) is not None


def _translated(glob: str, names: Iterator[str]) -> str:
    """The regular expression of one glob, to be matched against a whole path (DOTALL)."""
    parts = list(_parts(glob.replace("\\", "/").removeprefix("./").strip("/")))
    runs: list[str] = []
    for run in _split(parts, _DEEP):
        within = [_chosen(_split(part, _STAR), _STAR, names) for part in _split(run, "/")]
        if within != [""] or not runs:
            runs.append("/".join(within))
    return _chosen([[run] for run in runs], _DEEP, names)


def _chosen(runs: list[list[str]], wild: str, names: Iterator[str]) -> str:
    """The runs with `wild` between them: each but the last takes as little as it can, for good.

    What follows then has the most to choose from. Left to itself, Python's engine tries every way
    to divide a path among the wildcards. A look-ahead with a group that is read behind it stands
    for the atomic group, which Python has from 3.11 on.
    """
    first, *others = ("".join(run) for run in runs)
    if not others:
        return first
    found = [first]
    for run in filter(None, others[:-1]):  # of wildcards in a row one is enough
        name = next(names)
        found.append(f"(?=(?P<{name}>{wild}?{run}))(?P={name})")
    return "".join([*found, wild, others[-1]])


def _split(parts: list[str], mark: str) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for part in parts:
        if part == mark:
            runs.append([])
        else:
            runs[-1].append(part)
    return runs


def _parts(glob: str) -> Iterator[str]:
    """The expressions of its characters, wildcards and sets, in order."""
    position = 0
    closed = True
    while position < len(glob):
        char = glob[position]
        if glob.startswith("**/", position) and (position == 0 or glob[position - 1] == "/"):
            yield _DEEP
            position += 3
        elif char == "*" and position == len(glob) - 2 and glob.endswith("**"):
            yield r".+"
            position += 2
        elif char == "*":
            yield _STAR
            position += 1
        elif char == "?":
            yield r"[^/]"
            position += 1
        elif char == "[" and closed and (end := glob.find("]", position + 2)) > 0:
            inner = glob[position + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            yield f"[{'^/' + inner[1:] if inner[0] == '!' else inner}]"
            position = end + 1
        else:
            # If it is not closed from here on, a later search finds nothing either.
            closed = closed and char != "["
            yield re.escape(char)
            position += 1
