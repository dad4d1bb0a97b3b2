"""What runs checks in a repository: the pre-commit configuration, workflows and scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from evalpolicy.artifacts.source import Problem
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.model import EXECUTABLE

if TYPE_CHECKING:
    from evalpolicy.artifacts.pre_commit_config import Hook, HookRepository, PreCommitConfig
    from evalpolicy.artifacts.workflow import Workflow

PRE_COMMIT = (".pre-commit-config.yaml", ".pre-commit-config.yml")
# No configuration of a gate and no script is larger (bytes).
_LIMIT = 4 << 20
_MAKEFILES = ("Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", "Taskfile.yml")
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")


class Gates:
    """The files of one snapshot that make gates, each parsed when it is first asked for.

    `problems` collects, as (path, problem), what could not be read on the way.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.problems: list[tuple[str, Problem]] = []

    @cached_property
    def pre_commit(self) -> tuple[str, PreCommitConfig] | None:
        """The pre-commit configuration and its path."""
        path = next((name for name in PRE_COMMIT if name in self.snapshot.entries), None)
        content = self._read(path) if path is not None else None
        if path is None or content is None:
            return None
        from evalpolicy.artifacts.pre_commit_config import parse

        config = parse(content)
        self.problems.extend((path, problem) for problem in config.problems)
        return path, config

    def hooks(self) -> Iterator[tuple[str, HookRepository, Hook]]:
        """Every hook, with the configuration's path and the hook's repository."""
        if self.pre_commit is not None:
            path, config = self.pre_commit
            for repository in config.repositories:
                for hook in repository.hooks:
                    yield path, repository, hook

    @cached_property
    def workflows(self) -> Mapping[str, Workflow]:
        """Every workflow that has jobs, by path; one that is all comments is none."""
        found = {}
        for path in self.snapshot.entries:
            if _WORKFLOW.fullmatch(path) is None or (content := self._read(path)) is None:
                continue
            from evalpolicy.artifacts.workflow import parse

            workflow = parse(content)
            if _says_something(content):
                self.problems.extend((path, problem) for problem in workflow.problems)
            found[path] = workflow
        return found

    @cached_property
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

    @cached_property
    def makefiles(self) -> Mapping[str, str]:
        """The text of every Makefile and its like, by path."""
        return {
            path: text
            for path, entry in self.snapshot.entries.items()
            if entry.is_file
            and path.rpartition("/")[2] in _MAKEFILES
            and (text := self._text(path)) is not None
        }

    def _text(self, path: str) -> str | None:
        content = self._read(path)
        return None if content is None else content.decode("utf-8", "replace")

    def _read(self, path: str) -> bytes | None:
        try:
            return self.snapshot.read(path, _LIMIT)
        except Unreadable as reason:
            self.problems.append((path, Problem(str(reason))))
            return None


_SHEBANG = re.compile(r"#!\s*\S*?(?:/|env\s+)(?:ba|da|k|z)?sh\b")


def _bare(path: str) -> bool:
    return "." not in path.rpartition("/")[2]


def _says_something(content: bytes) -> bool:
    return any(line.strip() and not line.lstrip().startswith(b"#") for line in content.split(b"\n"))
