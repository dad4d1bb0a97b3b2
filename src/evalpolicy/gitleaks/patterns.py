"""A list of regular expressions and how a gitleaks version tries it on a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evalpolicy.gitleaks.goregex import GoRegex, Refused, compile_go, join_or

Test = Callable[[str], bool]

_PLAIN = re.compile(r"\^?(?:[\w/ -]|\\[./-]|\.)*[\w/ -](?:[\w/ -]|\\[./-]|\.)*\$?", re.ASCII)
"""A pattern without groups, flags, repetition or alternatives that never matches nothing."""

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of one criterion.

    `joined` (8.28.0 and after): as one `(?:a|b)`, which may match the empty string; otherwise each
    alone, where a leftmost match that is empty does not count (config/utils.go).
    """

    sources: tuple[str, ...] = ()
    joined: bool = False
    _tests: list[Test] = field(default_factory=list, compare=False, repr=False)

    def allow(self, text: str) -> bool:
        """Whether the list lets a path or a secret pass; "" never passes through a list."""
        if self.sources and not self._tests:
            self._tests.extend(_tests(self.sources, self.joined))
        return bool(text) and any(test(text) for test in self._tests)


def _tests(sources: Sequence[str], joined: bool) -> list[Test]:
    # Thousands of plain patterns mean the same joined or not, and joined they take milliseconds.
    plain = [source for source in sources if _PLAIN.fullmatch(source)]
    chunks = [plain[at : at + _CHUNK] for at in range(0, len(plain), _CHUNK)]
    if len(plain) == len(sources):
        return [_compiled(join_or(chunk)).finds for chunk in chunks]
    if joined:
        return [_compiled(join_or(sources)).finds]
    others = [source for source in sources if not _PLAIN.fullmatch(source)]
    return [
        *(_compiled(join_or(chunk)).finds for chunk in chunks),
        *(_compiled(source).finds_something for source in others),
    ]


def _compiled(source: str) -> GoRegex:
    found = compile_go(source)
    if isinstance(found, Refused):
        raise ValueError(f"not checked before use: {found.message}")
    return found
