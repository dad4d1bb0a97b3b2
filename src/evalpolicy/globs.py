"""Path globs as configuration writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Globs:
    """Whether a path matches any of some globs.

    `*` and `?` stay within one part of the path, `**` spans parts, `[…]` is a set; a glob matches
    the whole path from the fleet's root. A backslash is read as `/`, so that a path copied from
    Windows means what it seems to.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        self._match = re.compile("|".join(map(translate, self.patterns)) or r"(?!)").fullmatch

    def __contains__(self, path: str) -> bool:
        return self._match(path) is not None


def translate(glob: str) -> str:
    """The regular expression of one glob, to be matched against a whole path."""
    glob = glob.replace("\\", "/").removeprefix("./").strip("/")
    parts: list[str] = []
    position = 0
    while position < len(glob):
        rest = glob[position:]
        if rest.startswith("**/"):
            parts.append(r"(?:[^/]+/)*")
            position += 3
        elif rest == "**":
            parts.append(r".+")
            position += 2
        elif rest[0] == "*":
            parts.append(r"[^/]*")
            position += 1
        elif rest[0] == "?":
            parts.append(r"[^/]")
            position += 1
        elif rest[0] == "[" and (end := rest.find("]", 2)) > 0:
            inner = rest[1:end].replace("\\", r"\\").replace("[", r"\[")
            parts.append(f"[{'^/' + inner[1:] if inner[0] == '!' else inner}]")
            position += end + 1
        else:
            parts.append(re.escape(rest[0]))
            position += 1
    return "".join(parts)
