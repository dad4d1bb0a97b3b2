"""Patterns of Python's `re`, as pre-commit searches with them, tried on a repository's paths.

Python's engine backtracks and cannot be stopped, so it is used last: RE2 tries a pattern that both
read alike; any other goes to a process of its own that has to be done in time.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from evalpolicy.patterns import PatternError, compiled

BUDGET = 0.5
"""Seconds that all patterns of one run together may spend in the process of their own."""

_LONGEST = 20_000
_VERBOSE = re.compile(r"\A\s*\(\?x\)")
_BLANK = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|#[^\n]*|\s+", re.DOTALL)
# What RE2 takes and reads otherwise than Python does.
_OTHERWISE = re.compile(r"\{,|\[\[:|\\[QECpPzCx]|\(\?[a-zA-Z]*[Uux]")
_CHILD = (
    "import json,re,sys;r=json.load(sys.stdin);p=re.compile(r[0]);"
    "json.dump([i for i,t in enumerate(r[1]) if p.search(t)],sys.stdout)"
)


class WrongPattern(ValueError):  # noqa: N818 - a fact about somebody's pattern
    """Python refuses the pattern; the message says why."""


class TooSlow(Exception):  # noqa: N818 - a fact about somebody's pattern
    """The pattern was not done in time."""


class PythonPatterns(Struct):
    """Tries patterns on one list of paths, within one budget (seconds)."""

    paths: Sequence[str]
    left: float = BUDGET

    def matching(self, pattern: str, among: Collection[str] | None = None) -> frozenset[str]:
        """The paths (all, or those `among` them) in which it is found.

        Raises `WrongPattern` and `TooSlow`.
        """
        return frozenset(self._found(pattern, self.paths if among is None else among))

    def matches_any(self, pattern: str) -> bool:
        """Whether it is found in any path. Raises `WrongPattern` and `TooSlow`."""
        return any(True for _ in self._found(pattern, self.paths))

    def _found(self, pattern: str, paths: Collection[str]) -> Iterator[str]:
        if len(pattern) > _LONGEST:
            raise TooSlow(f"it has {len(pattern):,} characters")
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise WrongPattern(str(error)) from error
        plain = _plain(pattern)
        if _OTHERWISE.search(plain) is None:
            try:
                linear = compiled(plain)
            except PatternError:
                pass
            else:
                yield from (path for path in paths if linear.search(_clean(path)) is not None)
                return
        yield from self._apart(pattern, list(paths))

    def _apart(self, pattern: str, paths: Sequence[str]) -> list[str]:
        if self.left <= 0:
            raise TooSlow("other patterns took the time there is")
        start = time.monotonic()
        given = json.dumps([pattern, list(map(_clean, paths))])
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", _CHILD],
                input=given, capture_output=True, text=True, timeout=self.left, check=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise TooSlow("it backtracks without end") from None
        except subprocess.CalledProcessError as error:
            raise TooSlow("Python ended over it") from error
        finally:
            self.left -= time.monotonic() - start
        return [paths[number] for number in json.loads(done.stdout)]


def _plain(pattern: str) -> str:
    """A verbose pattern without its blanks and comments."""
    verbose = _VERBOSE.match(pattern)
    return pattern if verbose is None else _BLANK.sub(r"\1", pattern[verbose.end() :])


def _clean(path: str) -> str:
    return path if path.isascii() else path.encode("utf-8", "replace").decode()
