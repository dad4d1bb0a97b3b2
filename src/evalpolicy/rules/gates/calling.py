"""Checks that never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import START
from evalpolicy.facts.gates import Gates
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.shell.model import Script

_CHECK = re.compile(r"(?:^|[_.-])(?:tests?|check|lint|verify|validate|audit|scan)(?=$|[_.-])")
# Elsewhere a sweep may as well start evaluations.
_SWEEP = re.compile(r"(?:^|/)tests?/(?:.*[/_.-])?sweep(?=$|[_.-])")
# A comment of a Makefile, a line by itself; a word with which a shell looks for files.
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_WORD = re.compile(r"[\w.*/-]+")


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
        is_check = _CHECK.search(_stem(path)) or _SWEEP.search(path)
        if is_check and path not in reached and not fleet.is_in_unit(path):
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
    """What workflows and hooks run."""
    found = [_run(run.script) for run in gates.runs]
    found += [hook.entry.text for _, _, hook in gates.hooks() if hook.entry is not None]
    found += [a.text for _, _, hook in gates.hooks() for a in hook.args or ()]
    return found


def _run(script: Script) -> str:
    """The words of the commands and loops, a command a line; no comment is one."""
    from evalpolicy.artifacts.syntax.shell.model import loop_words
    from evalpolicy.artifacts.syntax.shell.shells import with_inner

    lines = [(*command.assignments, *command.words) for command in with_inner(script)]
    lines += loop_words(script.lists)
    return "\n".join(" ".join(word.text for word in words) for words in lines)


def _reached(gates: Gates) -> set[str]:
    """The scripts that are called, by a workflow, a hook, or a script or Makefile of those."""
    from evalpolicy.artifacts.syntax.shell.reader import parse

    waiting = {**gates.scripts, **gates.makefiles}
    texts = _texts(gates)
    reached: set[str] = set()
    while texts:
        text = "\n".join(texts)
        texts = []
        words = {word.removeprefix("./") for word in _WORD.findall(text)}
        globs = {word for word in words if "*" in word and "/" in word}
        for path in [path for path in waiting if _names(text, globs, path)]:
            content = waiting.pop(path)
            is_script = path in gates.scripts
            texts.append(_run(parse(content)) if is_script else _COMMENT.sub("", content))
            reached.add(path)
    return reached


def _names(text: str, globs: set[str], path: str) -> bool:
    name = _stem(path)
    if path in ("Makefile", "makefile", "GNUmakefile"):
        return re.search(r"\bmake\b", text) is not None
    if path in ("justfile", "Justfile"):
        return re.search(r"\bjust\b", text) is not None
    # A name that many scripts have needs its folder too.
    needed = path.rpartition("/")[0].rpartition("/")[2] + f"/{name}" if "/" in path else name
    if (needed if name in ("run.sh", "test.sh", "check.sh") else name) in text:
        return True
    return any(fnmatchcase(path, glob) for glob in globs)
