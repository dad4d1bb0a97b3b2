"""`.dockerignore`: what a build does not get to see of its context.

As BuildKit reads it (moby/patternmatcher v0.6): one pattern a line, cleaned as a path; the last
that matches a file or a folder above it decides, and `!` makes it an exception. `**` spans folders,
`*` and `?` do not.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any

from msgspec import Struct

# As many patterns are one expression of RE2.
_TOGETHER = 100


class DockerIgnore(Struct, frozen=True):
    """The patterns in their order, as RE2 expressions for several in a row that are, or are not,
    exceptions."""

    patterns: tuple[tuple[Any, bool], ...] = ()

    def excludes(self, path: str) -> bool:
        """Whether the build does not see the file at this path of the context."""
        above = [path[:at] for at, letter in enumerate(path) if letter == "/"]
        excluded = False
        for pattern, exception in self.patterns:
            # A file is only looked at by what could change the verdict so far.
            if exception == excluded and any(pattern.fullmatch(p) for p in (*above, path)):
                excluded = not exception
        return excluded


def parse(content: bytes) -> DockerIgnore:
    """The patterns of a file; one that BuildKit would refuse matches nothing."""
    import re2

    found = []
    patterns = _patterns(content.decode("utf-8-sig", "replace"))
    for exception, alike in groupby(patterns, key=lambda pattern: pattern[1]):
        while some := [f"(?:{expression})" for expression, _ in islice(alike, _TOGETHER)]:
            found.append((re2.compile("|".join(some)), exception))
    return DockerIgnore(tuple(found))


def _patterns(text: str) -> Iterator[tuple[str, bool]]:
    import re2

    for line in text.splitlines():
        if line.startswith("#"):
            continue
        words = line.strip()
        exception = words.startswith("!")
        words = words[exception:].strip()
        if not words:
            continue
        glob = posixpath.normpath(words).lstrip("/")
        expression = _translated(glob)
        try:
            re2.compile(expression)
        except re2.error:
            continue
        yield expression, exception


def _translated(glob: str) -> str:
    import re2

    made: list[str] = []
    at = 0
    while at < len(glob):
        if glob.startswith("**/", at):
            made.append("(?:.*/)?")
            at += 3
        elif glob.startswith("**", at):
            made.append(".*")
            at += 2
        elif glob[at] == "*":
            made.append("[^/]*")
            at += 1
        elif glob[at] == "?":
            made.append("[^/]")
            at += 1
        elif glob[at] == "\\" and at + 1 < len(glob):
            made.append(re2.escape(glob[at + 1]))
            at += 2
        elif glob[at] in "[]":
            made.append(glob[at])
            at += 1
        else:
            made.append(re2.escape(glob[at]))
            at += 1
    return "".join(made)
