"""Paths that workflows, hooks and scripts name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Lines, Span
from evalpolicy.facts.gates import Gates
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.shell.model import Script, ShellWord, SimpleCommand
    from evalpolicy.artifacts.workflow import Job

_PATH = re.compile(r"(?:\./)?[\w@+-][\w.@+-]*(?:/[\w.@+-]+)+")
_INTERPRETERS = re.compile(r"(?:ba|da|k|z)?sh|source|\.|python[0-9.]*|node|ruby|perl")
_MOVES = frozenset(("cd", "pushd", "popd"))
# They ask whether a file is there, or make it fit to run; whoever else names it may make it.
_ASKS = frozenset(("test", "[", "[[", "chmod", "ls", "cat", "echo", "shellcheck"))
_MAKERS = frozenset(
    ("mkdir", "cp", "mv", "ln", "install", "touch", "tee", "git", "tar", "unzip", "curl", "wget",
     "rsync", "rm", "sed")
)  # fmt: skip
_OUTPUT = ("-o", "--out", "-d", "--dest", "--target")


@rule("GAT009", "path-not-there", "error")
def path_not_there(gates: Gates, fleet: Fleet) -> Iterator[Hit]:
    """A workflow or a hook runs a script, or names a unit, that is not in the repository.

    Judged are the scripts that a step or a hook runs, the actions and workflows that a step or a
    job uses (`./…`), and paths below the folders of benchmarks, agents, models, gateways and core
    images.

    ## Why

    Files move, but workflows keep their names: the gate fails for everybody, or, in a loop with
    `|| true`, silently does nothing. In the reference fleet a gate built `core/runtime-bundle` a
    day after that was split in two (mended in 8eee4a7c).

    ## Example

    ```yaml .github/workflows/test.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: tests/static/helm.sweep.sh
    ```

    ```bash tests/static/compose.sweep.sh
    #!/bin/bash
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```yaml .github/workflows/test.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: tests/static/compose.sweep.sh
    ```

    ```bash tests/static/compose.sweep.sh
    #!/bin/bash
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    A path whose folder is not in the repository either, which a build may have made; one with a
    variable or a wildcard; one that another command of the script may make. A step with a
    `working-directory`, what follows a `cd`, and a job that checks out another repository.
    """
    named = _Named(fleet)
    for path, workflow in gates.workflows.items():
        for job in workflow.jobs:
            yield from _of_job(path, job, named)
    elsewhere = {
        step.span
        for workflow in gates.workflows.values()
        for job in workflow.jobs
        if _checks_out_another(job)
        for step in job.steps
    }
    for run in gates.runs:
        if run.step.working_directory is None and run.step.span not in elsewhere:
            lines = Lines(run.script.text, *run.step.run_span[:2])
            for target, start, end in _missing(run.script, named):
                yield _hit(run.path, target, lines.span(start, end), run.step.job)
    yield from _of_hooks(gates, named)


class _Named:
    """What is in the repository, and what a path in a script can mean."""

    def __init__(self, fleet: Fleet) -> None:
        layout = fleet.layout
        self._snapshot = fleet.snapshot
        self._units = Globs(
            (*layout.benchmarks, *layout.agents, *layout.models, *layout.gateways, *layout.core)
        )

    def is_there(self, path: str) -> bool:
        """Whether a path exists; the root does, and of what is outside of it nothing is known."""
        if path == "." or path.startswith(".."):
            return True
        return path in self._snapshot.entries or path in self._snapshot.folders

    def lacks(self, path: str) -> bool:
        """Whether the folder of a path is there, and the path itself is not."""
        return posixpath.dirname(path) in self._snapshot.folders and not self.is_there(path)

    def lacks_unit(self, path: str) -> bool:
        """Whether a path leads to or into the folder of a unit that is not there."""
        parts = path.split("/")
        folders = ("/".join(parts[: at + 1]) for at in range(1, len(parts)))
        unit = next((folder for folder in folders if folder in self._units), None)
        return unit is not None and self.lacks(unit)


def _of_job(path: str, job: Job, named: _Named) -> Iterator[Hit]:
    if _checks_out_another(job):
        return
    for uses in (job.uses, *(step.uses for step in job.steps)):
        if uses is not None and uses.text.startswith("./") and "${{" not in uses.text:
            target = posixpath.normpath(uses.text)
            if not named.is_there(target):
                yield _hit(path, target, uses.span, job.name)


def _of_hooks(gates: Gates, named: _Named) -> Iterator[Hit]:
    from evalpolicy.artifacts.syntax.shell.reader import parse

    for path, repository, hook in gates.hooks():
        if hook.entry is not None and repository.url.text == "local":
            for target, _, _ in _missing(parse(hook.entry.text), named):
                yield _hit(path, target, hook.entry.span, hook.id.text)


def _missing(script: Script, named: _Named) -> Iterator[tuple[str, int, int]]:
    """What a script runs or names that is not there, with its range."""
    from evalpolicy.artifacts.syntax.shell.model import loop_words

    made = _made(script, lambda name: name not in _ASKS and not _INTERPRETERS.fullmatch(name))
    for command in script.commands:
        if command.words and command.words[0].text in _MOVES:
            break
        word = _runs(command)
        path = "" if word is None else _path(word)
        if word is not None and path and path not in made and named.lacks(path):
            yield path, word.start, word.end
    made = _made(script, _MAKERS.__contains__)
    words = [word for command in script.commands for word in command.words]
    words += [word for loop in loop_words(script.lists) for word in loop[1:]]
    for word in words:
        for part in word.text.split():
            path = posixpath.normpath(part) if _PATH.fullmatch(part) else ""
            if path and path not in made and named.lacks_unit(path):
                yield path, word.start, word.end
                break


def _runs(command: SimpleCommand) -> ShellWord | None:
    """The file that a command runs: its program, or what an interpreter is given."""
    from evalpolicy.artifacts.syntax.shell.running import basename, innermost

    inner = innermost(command)
    words = inner.words
    if not words or inner.image is not None:
        return None
    if not _INTERPRETERS.fullmatch(basename(words[0].text)):
        return words[0]
    return next((word for word in words[1:2] if not word.text.startswith("-")), None)


def _path(word: ShellWord) -> str:
    """The path that a word is; "" if it has a variable, or is none."""
    if word.expands or not _PATH.fullmatch(word.text):
        return ""
    return posixpath.normpath(word.text)


def _made(script: Script, makes: Callable[[str], bool]) -> frozenset[str]:
    """The paths that a command of the script may make: one that `makes`, or by `-o` or `>`."""
    from evalpolicy.artifacts.syntax.shell.running import basename, unwrapped

    found = {
        each.target.text
        for command in script.commands
        for each in command.redirects
        if each.target is not None and ">" in each.operator
    }
    for command in script.commands:
        words = unwrapped(command.words)
        if words and makes(basename(words[0].text)):
            found |= {word.text.rpartition("=")[2] for word in words[1:]}
        for option, value in pairwise(words):
            if option.text.startswith(_OUTPUT):
                found.add(value.text)
    return frozenset(posixpath.normpath(text) for text in found if text)


def _checks_out_another(job: Job) -> bool:
    return any(
        step.uses is not None
        and step.uses.text.startswith("actions/checkout@")
        and any(step.input(name) is not None for name in ("path", "repository", "ref"))
        for step in job.steps
    )


def _hit(path: str, target: str, span: Span, subject: str) -> Hit:
    return Hit(path, f"{target} does not exist: correct the path", span, "", subject, target)
