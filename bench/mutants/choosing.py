"""Which tests may notice a mutant, and in which order they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bench.mutants.operators import Mutant
from bench.mutants.watching import Watched

# The first round: as many files of tests, and at most as long (seconds, unmutated).
FILES = 4
FIRST = 15.0
# The second round, over everything else that runs the line. A mutant that would need more
# counts as alive.
SECOND = 45.0
# Compares what every module of a rule says when it is imported with what is written down of it.
ON_IMPORT = "tests/frontends/hooks/test_catalogue.py"


def rounds(mutant: Mutant, watched: Watched) -> Iterator[list[str]]:
    """The ids of the tests to be run, fastest first: those of the most special files, then others.

    A test is special to a line if it runs few others. Each file of tests has to be imported, so
    a few come first.
    """
    running = sorted(_running(mutant, watched), key=lambda test: watched.tests[test].seconds)
    least: dict[str, int] = {}
    for test in running:
        size = sum(map(len, watched.tests[test].lines.values()))
        least[_file(test)] = min(size, least.get(_file(test), size))
    special = sorted(least, key=lambda file: least[file])[:FILES]
    first = _within(watched, [test for test in running if _file(test) in special], FIRST)
    yield first
    asked = set(first)
    yield _within(watched, [test for test in running if test not in asked], SECOND)


def _file(test: str) -> str:
    return test.partition("::")[0]


def _within(watched: Watched, tests: Iterable[str], budget: float) -> list[str]:
    taken = []
    for test in tests:
        budget -= watched.tests[test].seconds
        if budget < 0:
            break
        taken.append(test)
    return taken


def _running(mutant: Mutant, watched: Watched) -> set[str]:
    """The tests that run the lines; for lines that run on import, all that run the module."""
    lines = watched.running.get(mutant.path, {})
    if not mutant.imported:
        changed = range(mutant.first, mutant.last + 1)
        return set().union(*(lines.get(line, set()) for line in changed))
    module = set[str]().union(*lines.values())
    if len(module) < 2:  # constants alone: who runs what stands beside them
        folder = mutant.path.rpartition("/")[0]
        beside = [of for path, of in watched.running.items() if path.startswith(folder)]
        module = module.union(*(tests for of in beside for tests in of.values()))
    return module | {test for test in watched.tests if _file(test) == ON_IMPORT}
