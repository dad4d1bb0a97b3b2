"""Patterns of Python's `re`, as pre-commit searches with them, tried on a repository's paths.

Python's engine backtracks and cannot be stopped, so it is used last: RE2 tries a pattern that both
read alike; any other goes to a process of its own that has to be done in time.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from evalpolicy.matching.re2 import PatternError, compiled, in_python

BUDGET = 0.5
"""Processor seconds that all patterns of one run together may spend in processes of their own."""

# How much longer than its processor time a process may take on a busy machine (seconds).
_PATIENCE = 30

_LONGEST = 20_000
# Paths that a pattern is tried on before all of them.
_FEW = 20
_VERBOSE = re.compile(r"\A\s*\(\?x\)")
_BLANK = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|#[^\n]*|\s+", re.DOTALL)
# What RE2 takes and reads otherwise than Python does.
_OTHERWISE = re.compile(r"\{,|\[\[:|\\[QECpPzCx]|\(\?[a-zA-Z]*[Uux]")
# The timer's signal ends the process, whatever Python's engine is at. What it spent has its start
# in it: many patterns that cost nothing must not start processes without end.
_CHILD = """
import json, re, signal, sys, time
pattern, paths, left = json.load(sys.stdin)
if hasattr(signal, "setitimer"):
    signal.setitimer(signal.ITIMER_PROF, left)
search = re.compile(pattern).search
found = [number for number, path in enumerate(paths) if search(path)]
json.dump([found, time.process_time()], sys.stdout)
"""


class WrongPattern(ValueError):  # noqa: N818 - a fact about somebody's pattern
    """Python rejects the pattern; the message states why."""


class TooSlow(Exception):  # noqa: N818 - a fact about somebody's pattern
    """The pattern did not finish in time."""


class PythonPatterns(Struct):
    """Tries patterns on one list of paths, within one budget (processor seconds)."""

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

    def first(
        self, pattern: str, wanted: Callable[[str], bool], number: int = 1
    ) -> tuple[str, ...]:
        """The first `wanted` paths in which it is found.

        Raises `WrongPattern`, and `TooSlow` for a pattern that RE2 does not read.
        """
        return tuple(islice(filter(wanted, self._found(pattern, self.paths, apart=False)), number))

    def leaves_none(self, exclude: str, pattern: str, wanted: Callable[[str], bool]) -> bool:
        """Whether `exclude` is found in every `wanted` path in which `pattern` is.

        Raises as `first`.
        """
        # Most patterns leave one of the first few, which spares a look at all of them.
        for number in (_FEW, len(self.paths)):
            paths = self.first(pattern, wanted, number)
            if sum(1 for _ in self._found(exclude, paths, apart=False)) < len(paths):
                return False
        return True

    def _found(self, pattern: str, paths: Collection[str], *, apart: bool = True) -> Iterator[str]:
        if len(pattern) > _LONGEST:
            raise TooSlow(f"it has {len(pattern):,} characters")
        try:
            in_python(pattern)
        except re.error as error:
            place = "" if error.pos is None else f" at character {error.pos + 1}"
            raise WrongPattern(f"Python's re rejects it{place}") from error
        except (OverflowError, RecursionError) as error:
            raise WrongPattern("it is nested too deeply or repeats too often") from error
        plain = _plain(pattern)
        if _OTHERWISE.search(plain) is None:
            try:
                linear = compiled(plain)
            except PatternError:
                pass
            else:
                yield from (path for path in paths if linear.search(_clean(path)) is not None)
                return
        if not apart:
            raise TooSlow("it needs a process of its own")
        yield from self._apart(pattern, list(paths))

    def _apart(self, pattern: str, paths: Sequence[str]) -> list[str]:
        if self.left <= 0:
            raise TooSlow("other patterns used up the available time")
        left, self.left = self.left, 0.0
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", _CHILD],
                input=json.dumps([pattern, list(map(_clean, paths)), left]),
                capture_output=True, text=True, timeout=left + _PATIENCE, check=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise TooSlow("it backtracks endlessly") from None
        except subprocess.CalledProcessError as error:
            stopped = error.returncode == -getattr(signal, "SIGPROF", 0)
            raise TooSlow("it backtracks endlessly" if stopped else "it crashed Python") from None
        found, spent = json.loads(done.stdout)
        self.left = left - spent
        return [paths[number] for number in found]


def _plain(pattern: str) -> str:
    """A verbose pattern without its white space and comments."""
    verbose = _VERBOSE.match(pattern)
    return pattern if verbose is None else _BLANK.sub(r"\1", pattern[verbose.end() :])


def _clean(path: str) -> str:
    return path if path.isascii() else path.encode("utf-8", "replace").decode()
