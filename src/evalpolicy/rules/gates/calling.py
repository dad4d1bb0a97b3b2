"""Checks that never run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.syntax.source import START
from evalpolicy.facts.gates import Gates
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, rule

_CHECK = re.compile(r"(?:^|[_.-])(?:tests?|check|lint|verify|validate|sweep|audit|scan)(?=$|[_.-])")


@rule("GAT006", "gate-not-run", "note")
def not_run(gates: Gates, fleet: Fleet) -> Iterator[Hit]:
    """A check script of the repository that no workflow and no hook calls.

    Also a hook of the `manual` stage only, where no workflow asks for that stage.

    ## Why

    A check that nobody has to pass grows old unseen. In the reference fleet the fixture audit and
    four test programs are called by no workflow.

    ## Example

    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - run: make build
    ```

    ```bash tests/audit.sh
    #!/bin/bash
    exit 1
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      build:
        runs-on: ubuntu-latest
        steps:
          - run: tests/audit.sh
    ```

    ```bash tests/audit.sh
    #!/bin/bash
    exit 1
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    Scripts in the folder of a benchmark, an agent or another unit: containers call those. Scripts
    that something calls which is itself called. A repository without workflows and hooks.
    """
    if not gates.workflows and gates.pre_commit is None:
        return
    reached = _reached(gates)
    for path in gates.scripts:
        if _CHECK.search(_stem(path)) and path not in reached and not fleet.is_in_unit(path):
            yield Hit(
                path, "no workflow and no hook calls this check: call it or remove it", START,
                "a check that does not run in CI blocks nothing", path, "script",
            )  # fmt: skip
    staged = any("--hook-stage" in text for text in _texts(gates))
    for path, _, hook in gates.hooks():
        if [stage.text for stage in hook.stages] == ["manual"] and not staged:
            yield Hit(
                path, f"{hook.id.text} is a manual hook, and no workflow runs that stage",
                hook.id.span, "run it in a workflow with `--hook-stage manual`", hook.id.text,
                "manual",
            )  # fmt: skip


def _stem(path: str) -> str:
    return path.rpartition("/")[2]


def _texts(gates: Gates) -> list[str]:
    """What workflows and hooks say."""
    found = [run.step.run.text for run in gates.runs if run.step.run is not None]
    found += [hook.entry.text for _, _, hook in gates.hooks() if hook.entry is not None]
    found += [a.text for _, _, hook in gates.hooks() for a in hook.args or ()]
    return found


def _reached(gates: Gates) -> set[str]:
    """The scripts that are called, by a workflow, a hook, or a script or Makefile of those."""
    callees = {**gates.scripts, **gates.makefiles}
    texts = _texts(gates)
    reached: set[str] = set()
    while texts:
        text = "\n".join(texts)
        texts = []
        for path, content in callees.items():
            if path not in reached and _names(text, path):
                reached.add(path)
                texts.append(content)
    return reached


def _names(text: str, path: str) -> bool:
    name = _stem(path)
    if path in ("Makefile", "makefile", "GNUmakefile"):
        return re.search(r"\bmake\b", text) is not None
    if path in ("justfile", "Justfile"):
        return re.search(r"\bjust\b", text) is not None
    # A name that many scripts have needs its folder too.
    needed = path.rpartition("/")[0].rpartition("/")[2] + f"/{name}" if "/" in path else name
    return (needed if name in ("run.sh", "test.sh", "check.sh") else name) in text
