"""Go's regular expressions, run on RE2, which has the same syntax and never backtracks.

No pattern of a repository can hang the tool: RE2 matches in time linear in the text, and a
pattern whose program would not fit in `MAX_MEMORY` is rejected rather than judged. Both accept the
same patterns (measured: 30,000 random ones against Go 1.26) but for two: RE2 takes `\\C`, which is
rejected here, and Go from 1.25 on takes long category names (`\\p{Letter}`), which older builds of
gitleaks panic on and RE2 rejects.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

import re2
from msgspec import Struct

from evalpolicy.matching.re2 import excess, unicode

MAX_MEMORY = 8 << 20
"""Bytes that RE2 may use for one pattern."""

MAX_LENGTH = 50_000
"""Characters of one pattern; a longer one is not compiled and not judged."""

MAX_GROUPS = 500
"""Parentheses in one pattern; Go rejects 1,000 levels, and RE2 takes seconds over that many."""

_SURELY_VALID = re.compile(r"(?:[\w /:@,;~%&=!<>'\"#.^$-]|\\[./\\-])*", re.ASCII)
"""Patterns of these characters alone always compile, so a long list is not compiled."""


class RefusedPattern(Struct, frozen=True):
    """Why a pattern does not compile; `certain` is False if only our limits rejected it."""

    message: str
    certain: bool = True


class GoRegex:
    """A compiled pattern."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: str, compiled: Any) -> None:
        self.source = source
        self._compiled = compiled

    @property
    def groups(self) -> int:
        return int(self._compiled.groups)

    def search(self, text: str) -> tuple[str, ...] | None:
        """The leftmost match and its groups ("" for one that took no part), or None."""
        match = self._compiled.search(unicode(text))
        return None if match is None else (match.group(), *(g or "" for g in match.groups()))

    def finds(self, text: str) -> bool:
        """As Go's MatchString."""
        return self._compiled.search(unicode(text)) is not None

    def finds_something(self, text: str) -> bool:
        """As Go's FindString(…) != "": a leftmost match that is empty does not count."""
        match = self._compiled.search(unicode(text))
        return match is not None and match.group() != ""

    def find_all(self, text: str) -> list[tuple[int, int]]:
        """As Go's FindAllStringIndex."""
        return [match.span() for match in self._compiled.finditer(unicode(text))]


def compile_go(source: str) -> GoRegex | RefusedPattern:
    """Compiles a pattern as `regexp.MustCompile` would, or states why it panics."""
    if len(source) > 4096:
        return _compile(source)
    return _compile_cached(source)


def validity(source: str) -> RefusedPattern | None:
    """Why a pattern is invalid, or None; cheaper than compiling for a plain one."""
    if _SURELY_VALID.fullmatch(source):
        return None
    compiled = compile_go(source)
    return compiled if isinstance(compiled, RefusedPattern) else None


def join_or(sources: Iterable[str]) -> str:
    """One pattern of many, as gitleaks joins them from 8.28.0 on (config/utils.go joinRegexOr)."""
    return f"(?:{'|'.join(sources)})"


@functools.lru_cache(maxsize=4096)
def _compile_cached(source: str) -> GoRegex | RefusedPattern:
    return _compile(source)


def _compile(source: str) -> GoRegex | RefusedPattern:
    if len(source) > MAX_LENGTH:
        return RefusedPattern(f"more than {MAX_LENGTH} characters", certain=False)
    if source.count("(") - source.count("(?:") > MAX_GROUPS or source.count("((") > MAX_GROUPS:
        return RefusedPattern(f"more than {MAX_GROUPS} groups", certain=False)
    if (why := excess(source)) is not None:
        return RefusedPattern(why, certain=False)
    if "\\C" in source and r"\C" in _TOKEN.findall(source):
        return RefusedPattern(r"\C is not known to Go")  # RE2 takes it as one byte
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    try:
        return GoRegex(source, re2.compile(source, options))
    except UnicodeEncodeError:
        return RefusedPattern("it is not valid UTF-8")
    except re2.error as error:
        message = error.args[0] if error.args else "it does not compile"
        text = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
        return RefusedPattern(text, certain="too large" not in text)


_TOKEN = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|[^\\]", re.DOTALL)
