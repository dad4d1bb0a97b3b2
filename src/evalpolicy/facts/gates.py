"""What runs checks in a repository: the pre-commit configuration, workflows and scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.config.reading import Config, GateSettings
from evalpolicy.snapshot import Snapshot, Unreadable, tracing
from evalpolicy.snapshot.model import EXECUTABLE, SUBMODULE, understood
from evalpolicy.snapshot.tracing import reported

if TYPE_CHECKING:
    from evalpolicy.artifacts.pre_commit_config import Hook, HookRepository, PreCommitConfig
    from evalpolicy.artifacts.syntax.shell.model import Script
    from evalpolicy.artifacts.syntax.shell.shells import Options
    from evalpolicy.artifacts.workflow import Step, Workflow
    from evalpolicy.facts.gate_commands import GateNames
    from evalpolicy.matching.python_re import PythonPatterns

_Read = TypeVar("_Read")

PRE_COMMIT = (".pre-commit-config.yaml", ".pre-commit-config.yml")
# No configuration of a gate and no script is larger (bytes).
_LIMIT = 4 << 20
_MAKEFILES = ("Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", "Taskfile.yml")
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")


class Gates:
    """The files of one snapshot that define gates, each parsed on first use.

    `problems` collects, as (path, problem), what could not be read on the way.
    """

    def __init__(self, snapshot: Snapshot, config: Config | None = None) -> None:
        self.snapshot = snapshot
        self._settings = config.gates if config is not None else GateSettings()
        self.problems: list[tuple[str, Problem]] = []

    @property
    @tracing.tracked
    def pre_commit(self) -> tuple[str, PreCommitConfig] | None:
        """The pre-commit configuration and its path."""
        path = next((name for name in PRE_COMMIT if name in self.snapshot.entries), None)
        content = self._read(path) if path is not None else None
        if path is None or content is None:
            return None
        from evalpolicy.artifacts.pre_commit_config import parse

        config = self._parsed(path, parse, content)
        if config is None:
            return None
        for problem in config.problems:
            self._problem(path, problem)
        return path, config

    def hooks(self) -> Iterator[tuple[str, HookRepository, Hook]]:
        """Every hook, with the configuration's path and the hook's repository."""
        if self.pre_commit is not None:
            path, config = self.pre_commit
            for repository in config.repositories:
                for hook in repository.hooks:
                    yield path, repository, hook

    @property
    @tracing.tracked
    def workflows(self) -> Mapping[str, Workflow]:
        """Every workflow that has jobs, by path."""
        found = {}
        for path in self.snapshot.entries:
            if _WORKFLOW.fullmatch(path) is None or (content := self._read(path)) is None:
                continue
            from evalpolicy.artifacts.workflow import parse

            workflow = self._parsed(path, parse, content)
            if workflow is None:
                continue
            if _says_something(content):
                for problem in workflow.problems:
                    self._problem(path, problem)
            found[path] = workflow
        return found

    @property
    @tracing.tracked
    def scripts(self) -> Mapping[str, str]:
        """The text of every shell script, by path."""
        return {
            path: text
            for path, entry in self.snapshot.entries.items()
            if entry.is_file
            and (path.endswith((".sh", ".bash")) or (entry.mode == EXECUTABLE and _bare(path)))
            and (text := self._text(path)) is not None
            and (path.endswith((".sh", ".bash")) or _SHEBANG.match(text))
        }

    @property
    @tracing.tracked
    def makefiles(self) -> Mapping[str, str]:
        """The text of every Makefile and its like, by path."""
        return {
            path: text
            for path, entry in self.snapshot.entries.items()
            if entry.is_file
            and path.rpartition("/")[2] in _MAKEFILES
            and (text := self._text(path)) is not None
        }

    @cached_property
    def names(self) -> GateNames:
        """The commands that count as gates in this repository."""
        from evalpolicy.facts.gate_commands import CHECKERS, GateNames

        return GateNames(
            CHECKERS | frozenset(self._settings.commands),
            frozenset(self._settings.not_gates),
            lambda path: path in self.scripts or path in self.snapshot.entries,
        )

    @cached_property
    def tracked(self) -> PythonPatterns:
        """Tries patterns of pre-commit on the paths of all files."""
        from evalpolicy.matching.python_re import PythonPatterns

        entries = self.snapshot.entries.items()
        return PythonPatterns([path for path, entry in entries if entry.mode != SUBMODULE])

    @property
    @tracing.tracked
    def runs(self) -> tuple[Run, ...]:
        """Every step of a workflow that runs a script in a shell this tool reads."""
        if not self.workflows:
            return ()
        from evalpolicy.artifacts.syntax.shell.reader import parse
        from evalpolicy.artifacts.workflow import step_options

        return tuple(
            Run(path, step, parse(step.run.text), options)
            for path, workflow in self.workflows.items()
            for step in workflow.steps()
            if step.run is not None and (options := step_options(step.shell)) is not None
        )

    @property
    @tracing.tracked
    def called(self) -> Mapping[str, str]:
        """The scripts that a hook or a step calls by their path, and who calls them."""
        from evalpolicy.artifacts.syntax.shell.reader import parse
        from evalpolicy.artifacts.syntax.shell.running import innermost

        texts = [(f"{run.path}:{run.step.run_span.line}", run.script) for run in self.runs]
        for path, _, hook in self.hooks():
            if hook.entry is not None:
                texts.append((f"{path}:{hook.entry.span.line}", parse(hook.entry.text)))
        found: dict[str, str] = {}
        for caller, script in texts:
            for command in script.commands:
                for word in innermost(command).words[:3]:
                    path = word.text.removeprefix("./")
                    if path in self.scripts:
                        found.setdefault(path, caller)
        return found

    def content(self, path: str) -> bytes | None:
        """The bytes of a file that a gate names; None if it is not there or cannot be read."""
        return self._read(path) if path in self.snapshot.entries else None

    def _text(self, path: str) -> str | None:
        content = self._read(path)
        return None if content is None else content.decode("utf-8", "replace")

    def _read(self, path: str) -> bytes | None:
        try:
            return self.snapshot.read(path, _LIMIT)
        except Unreadable as reason:
            self._problem(path, Problem(str(reason)))
            return None

    def _parsed(self, path: str, parse: Callable[[bytes], _Read], content: bytes) -> _Read | None:
        try:
            return understood(parse, content)
        except Unreadable as reason:
            self._problem(path, Problem(str(reason), is_bug=reason.is_bug))
            return None

    def _problem(self, path: str, problem: Problem) -> None:
        self.problems.append((path, problem))
        reported(path, problem)


class Run(Struct, frozen=True):
    """A step's script, and what its shell starts with."""

    path: str
    step: Step
    script: Script
    options: Options


_SHEBANG = re.compile(r"#!\s*\S*?(?:/|env\s+)(?:ba|da|k|z)?sh\b")


def _bare(path: str) -> bool:
    return "." not in path.rpartition("/")[2]


def _says_something(content: bytes) -> bool:
    return any(line.strip() and not line.lstrip().startswith(b"#") for line in content.split(b"\n"))
