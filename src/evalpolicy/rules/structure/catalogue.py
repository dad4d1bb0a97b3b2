"""The catalogue: benchmarks and agents are complete and counted correctly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.artifacts.syntax.source import START, Span
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.snapshot import Unreadable

_README = "README.md"
_README_LIMIT = 1 << 20
# `101 benchmarks`, `**1,040** benchmarks`, `100+ AI benchmarks`, `benchmarks-101-blue` (a badge).
_CLAIM = re.compile(
    r"(?<![\w.,/-])(?P<count>\d{1,3}(?:,\d{3})+|\d+)(?P<more>\+)?[*_`\]]*\s+[*_`\[]*"
    r"(?:AI\s+|eval(?:uation)?\s+)?(?P<what>benchmarks|agents)\b"
    r"|(?:badge/|label=)(?P<badge>benchmarks|agents)-(?P<shown>\d+)",
    re.IGNORECASE,
)


@rule("STR001", "benchmark-incomplete", "error")
def benchmark_incomplete(fleet: Fleet) -> Iterator[Hit]:
    """A benchmark's folder lacks its Dockerfile, compose.yaml or README.md.

    An agent's folder needs a Dockerfile and a README.md.

    ## Why

    Each file is one entry point: the image, the way to run it on one machine, and what a reader
    looks at first. The README is the one that gets forgotten: the reference fleet wrote 113 of
    them at once before it enforced them.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ```markdown containers/benchmarks/arc/README.md
    # ARC
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ```markdown containers/benchmarks/arc/README.md
    # ARC
    ```

    ```yaml containers/benchmarks/arc/compose.yaml
    include: [../../compose/services.yaml]
    ```

    ## Exempt

    A carrier for tests (`eval.benchmark.env="test"`) needs no README. Folders that begin with
    `_` or `.` are not benchmarks.

    ## Configuration

    `layout.benchmarks` and `layout.agents` set where the folders are.
    """
    needed = {
        "benchmark": ("Dockerfile", "compose.yaml", _README),
        "agent": ("Dockerfile", _README),
    }
    carriers = cache(partial(_carriers, fleet))
    for folder, role in sorted(fleet.placed.items()):
        name = folder.rpartition("/")[2]
        there = fleet.snapshot.folders.get(folder, ())
        for file in needed.get(role, ()):
            if file in there or (file == "Dockerfile" and "Containerfile" in there):
                continue
            if file == _README and role == "benchmark" and name in carriers():
                continue
            near = f"{folder}/Dockerfile"
            if near not in fleet.snapshot.entries:
                near = fleet.snapshot.below(folder)[0]
            yield Hit(
                near, f"{role} {name} has no {file}: add it", START, "", name, file,
                cause=f"{role} {file}",
            )  # fmt: skip


@rule("STR002", "counts", "error")
def counts(fleet: Fleet) -> Iterator[Hit]:
    """The README gives a wrong number of benchmarks or agents.

    The first number of each is checked: "101 benchmarks", "**22** agents", a badge. "100+" is a
    lower bound.

    ## Why

    The project is quoted with this number. It becomes wrong with the first benchmark that is added
    without updating it.

    ## Example

    ```markdown README.md
    # Evaluations: 3 benchmarks, ready to run
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```markdown README.md
    # Evaluations: 1 benchmarks, ready to run
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    Carriers for tests are not counted. A README without a number is not checked.
    """
    if _README not in fleet.snapshot.entries:
        return
    try:
        content = fleet.snapshot.read(_README, _README_LIMIT)
    except Unreadable as reason:
        fleet.unreadable(_README, reason)
        return
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    placed = [(role, folder.rpartition("/")[2]) for folder, role in fleet.placed.items()]
    carriers = _carriers(fleet)
    actual = {
        "benchmarks": sum(role == "benchmark" and name not in carriers for role, name in placed),
        "agents": sum(role == "agent" for role, _ in placed),
    }
    for found in _CLAIM.finditer(text):
        what = (found["what"] or found["badge"]).lower()
        if what not in actual:
            continue
        count = actual.pop(what)
        group = "count" if found["count"] else "shown"
        claimed = int(found[group].replace(",", ""))
        if claimed == count or (found["more"] and claimed <= count):
            continue
        start, end = found.span(group)
        line = text.count("\n", 0, start) + 1
        column = start - text.rfind("\n", 0, start)
        yield Hit(
            _README,
            f"the README claims {counted(claimed, what[:-1])}, but the fleet has {count:,}: "
            "correct the number",
            Span.at(line, column, end - start),
            "",
            what,
            what,
        )


def _carriers(fleet: Fleet) -> frozenset[str]:
    """The benchmarks that exist for tests only."""
    return frozenset(
        unit.name for unit in fleet.of("benchmark") if unit.value("eval.benchmark.env") == "test"
    )
