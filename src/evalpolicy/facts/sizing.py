"""The sizes of the tracked files, and how the large-file hook of pre-commit judges them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from evalpolicy.artifacts.large_files import DEFAULT_MAXKB, HOOK, maxkb
from evalpolicy.artifacts.syntax.source import Located, Problem, Span
from evalpolicy.config.reading import Config
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.python_re import PythonPatterns, TooSlow, WrongPattern
from evalpolicy.snapshot import Unreadable, tracing
from evalpolicy.snapshot.model import understood

if TYPE_CHECKING:
    from evalpolicy.artifacts.pre_commit_config import Hook, PreCommitConfig

ELSEWHERE = "some/other/folder"
"""A folder that no fleet has: a pattern that matches there matches anywhere."""

_CONFIG_LIMIT = 1 << 20
_POINTER = 1024


class HookExclusion(Struct, frozen=True):
    """A pattern that keeps files from the hook; `covers` are the tracked files that it matches."""

    pattern: Located
    key: str
    covers: frozenset[str]
    anywhere: frozenset[str]
    """The files among them that it would also match in any other folder."""


class LargeFileHook(Struct, frozen=True):
    """The hook as one repository configures it. `maxkb` is in KiB; `args` is its place.

    `sees` are the tracked files that its patterns leave to it. Without `enforce_all` it looks at
    files that are being added only.
    """

    path: str
    span: Span
    maxkb: int
    enforce_all: bool
    args: Span
    allowances: tuple[HookExclusion, ...]
    sees: frozenset[str]

    def refuses(self, size: int) -> bool:
        """Whether the hook rejects a file of this size (bytes): it rounds up to whole KiB."""
        return -(-size // 1024) > self.maxkb


class Sizing:
    """The sizes of the tracked files, in bytes, and the hooks that judge them.

    A Git LFS pointer counts with the size of what it stands for. Patterns are tried as
    `python_patterns` does; one that is invalid, or takes too long, is a problem, and keeps
    no file from the hook.
    """

    def __init__(self, fleet: Fleet, config: Config) -> None:
        self._fleet = fleet
        self._sizes = config.sizes
        self.fixtures = frozenset(fleet.fixture_paths)
        self._pointers: set[str] = set()

    @cached_property
    def tracked(self) -> frozenset[str]:
        """Every tracked file."""
        snapshot = self._fleet.snapshot
        return frozenset(
            path
            for path, entry in snapshot.entries.items()
            if entry.is_file and (entry.oid is not None or snapshot.kind == "folder")
        )

    @property
    @tracing.tracked
    def of(self) -> Mapping[str, int]:
        """The fixtures, and the other tracked files that are larger than any limit, by path.

        What cannot be read is left out; a fixture that cannot is a problem. No more is asked of
        the small ones, so that what was found holds while they change.
        """
        snapshot = self._fleet.snapshot
        floor = 1024 * min(self.limit, self.fixture_limit, *(hook.maxkb for hook in self.hooks))
        pointers = self._has_lfs
        found: dict[str, int] = {}
        for path in sorted(self.tracked):
            is_fixture = path in self.fixtures
            if not (is_fixture or pointers or snapshot.exceeds(path, floor)):
                continue
            if (size := snapshot.size(path)) is None:
                continue
            if size <= _POINTER and (pointers or is_fixture):
                size = self._behind_pointer(path, size)
            if is_fixture or size > floor:
                found[path] = size
        return found

    @property
    def pointers(self) -> frozenset[str]:
        """The tracked files that are Git LFS pointers."""
        return frozenset(self._pointers if self.of else ())

    @property
    def limit(self) -> int:
        """For files other than fixtures, in KiB: configured, else the hook's, else its default."""
        if self._sizes.limit is not None:
            return self._sizes.limit
        return min((hook.maxkb for hook in self.hooks), default=DEFAULT_MAXKB)

    @property
    def fixture_limit(self) -> int:
        return self._sizes.fixture_limit

    @property
    def fixture_budget(self) -> int | None:
        return self._sizes.fixture_budget

    @property
    def fixture_sizes(self) -> Mapping[str, int]:
        return {path: size for path, size in self.of.items() if path in self.fixtures}

    @property
    def allowed(self) -> frozenset[str]:
        """The files that every hook's patterns exclude; empty if there is no hook."""
        if not self.hooks:
            return frozenset()
        return self.tracked.difference(*(hook.sees for hook in self.hooks))

    @property
    @tracing.tracked
    def hooks(self) -> tuple[LargeFileHook, ...]:
        """The large-file hook wherever it is configured."""
        snapshot = self._fleet.snapshot
        found: list[LargeFileHook] = []
        for name in (".pre-commit-config.yaml", ".pre-commit-config.yml"):
            if name not in snapshot.entries:
                continue
            from evalpolicy.artifacts.pre_commit_config import parse

            try:
                config = understood(parse, snapshot.read(name, _CONFIG_LIMIT))
            except Unreadable as reason:
                self._fleet.unreadable(name, reason)
                continue
            for problem in config.problems:
                self._problem(name, problem)
            found.extend(self._read(name, config))
        return tuple(found)

    def _read(self, path: str, config: PreCommitConfig) -> Iterator[LargeFileHook]:
        for repository in config.repositories:
            for hook in repository.hooks:
                if hook.id.text == HOOK:
                    yield self._hook(path, config, hook)

    def _hook(self, path: str, config: PreCommitConfig, hook: Hook) -> LargeFileHook:
        excludes = [("exclude", p) for p in (config.exclude, hook.exclude) if p is not None]
        allowances = [
            made for key, pattern in excludes if (made := self._allowance(path, key, pattern))
        ]
        sees = self.tracked
        for pattern in (config.files, hook.files):
            if pattern is not None and (made := self._allowance(path, "files", pattern)):
                sees &= made.covers
        sees = sees.difference(*(allowance.covers for allowance in allowances))
        maxkb, where = self._maxkb(path, hook)
        enforce_all = any(arg.text == "--enforce-all" for arg in hook.args or ())
        return LargeFileHook(path, hook.id.span, maxkb, enforce_all, where, tuple(allowances), sees)

    def _allowance(self, path: str, key: str, pattern: Located) -> HookExclusion | None:
        names = {file: f"{ELSEWHERE}/{file.rpartition('/')[2]}" for file in self.tracked}
        probes = sorted(set(names.values()))
        try:
            matched = PythonPatterns([*sorted(self.tracked), *probes]).matching(pattern.text)
        except WrongPattern as why:
            message = f"{key} is not a Python regular expression: {why}"
        except TooSlow as why:
            message = f"{key} was not matched with every file: {why}"
        else:
            covers = frozenset(file for file in self.tracked if file in matched)
            anywhere = frozenset(file for file in covers if names[file] in matched)
            return HookExclusion(pattern, key, covers, anywhere)
        self._problem(path, Problem(message, pattern.span))
        return None

    def _maxkb(self, path: str, hook: Hook) -> tuple[int, Span]:
        given = maxkb(hook.args or ())
        if given is None:
            return DEFAULT_MAXKB, hook.id.span
        try:
            return int(given.text[:18]), given.span
        except ValueError:
            message = f"--maxkb is not a whole number: {given.text!r}"
            self._problem(path, Problem(message, given.span))
            return DEFAULT_MAXKB, hook.id.span

    @property
    @tracing.tracked
    def _has_lfs(self) -> bool:
        """Whether any .gitattributes hands files to Git LFS."""
        snapshot = self._fleet.snapshot
        for path, entry in snapshot.entries.items():
            if entry.is_file and path.rpartition("/")[2] == ".gitattributes":
                try:
                    if b"filter=lfs" in snapshot.read(path, _CONFIG_LIMIT):
                        return True
                except Unreadable as reason:
                    self._fleet.unreadable(path, reason)
        return False

    def _behind_pointer(self, path: str, size: int) -> int:
        from evalpolicy.artifacts.trajectory import read_lfs_pointer

        try:
            pointer = read_lfs_pointer(self._fleet.snapshot.read(path, _POINTER))
        except Unreadable as reason:
            self._fleet.unreadable(path, reason)
            return size
        if pointer is None:
            return size
        self._pointers.add(path)
        return pointer.size

    def _problem(self, path: str, problem: Problem) -> None:
        self._fleet.report(path, problem)
