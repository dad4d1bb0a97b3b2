"""How a repository uses gitleaks: each pin with the configuration it reads, judged there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.facts.gates import Gates
from evalpolicy.scanners.gitleaks.versions import Version, table
from evalpolicy.snapshot import Unreadable, tracing
from evalpolicy.snapshot.model import SUBMODULE, understood
from evalpolicy.snapshot.tracing import remembered, reported

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig
    from evalpolicy.scanners.gitleaks.evaluate import Evaluation
    from evalpolicy.scanners.gitleaks.invocation import Invocation
    from evalpolicy.scanners.gitleaks.pins import Pin

NAMES = (".gitleaks.toml", "gitleaks.toml")
"""File names of a gitleaks configuration; gitleaks only finds the first one by itself."""

# A larger configuration is not read (bytes).
LIMIT = 16 << 20
_WORKSPACE = re.compile(
    r"^(?:\$\{\{\s*github\.workspace\s*\}\}|\$\{?(?:GITHUB_WORKSPACE|PWD)\}?|\$\(pwd\)"
    r"|/github/workspace)/"
)


class Use(Struct, frozen=True):
    """One way in which gitleaks runs here, with its configuration and the evaluation of that.

    `pin` is None where nothing in the repository runs gitleaks and yet a configuration is there.
    `path` is the configuration that it looks for (None if it takes text); `config` and
    `evaluation` are None if that is not there.
    """

    pin: Pin | None
    version: Version
    path: str | None
    config: GitleaksConfig | None = None
    evaluation: Evaluation | None = None

    @property
    def invocation(self) -> Invocation:
        from evalpolicy.scanners.gitleaks.invocation import Invocation

        return Invocation(mode="history") if self.pin is None else self.pin.invocation

    @property
    def place(self) -> str:
        """Where the pin is, or that there is no pin."""
        if self.pin is None:
            return "the latest known: nothing pins one"
        where = f"{self.pin.path}:{self.pin.span.line}"
        return where if self.pin.version is not None else f"the latest known: {where} pins none"

    def __str__(self) -> str:
        return f"gitleaks {self.version} ({self.place})"


class GitleaksUses:
    """Every use of gitleaks in one snapshot. `problems` collects what could not be judged."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates
        self.snapshot = gates.snapshot
        self.problems: list[tuple[str, Problem]] = []
        self._judged: dict[object, Any] = {}

    @property
    @tracing.tracked
    def pins(self) -> tuple[Pin, ...]:
        """Every place that runs gitleaks."""
        scripts = {**self.gates.makefiles, **self.gates.scripts}
        naming = [(path, text) for path, text in scripts.items() if "gitleaks" in text]
        if self.gates.pre_commit is None and not self.gates.workflows and not naming:
            return ()
        from evalpolicy.scanners.gitleaks.pins import pre_commit_pins, script_pins, workflow_pins

        found: list[Pin] = []
        if self.gates.pre_commit is not None:
            path, config = self.gates.pre_commit
            found += pre_commit_pins(config, path)
        for path, workflow in self.gates.workflows.items():
            found += workflow_pins(workflow, path)
        for path, text in naming:
            found += script_pins(text, path)
        return tuple(found)

    @cached_property
    def configs(self) -> tuple[str, ...]:
        """The paths of all files that are called like a configuration, one at the root first."""
        named = [p for p in self.snapshot.entries if p.rpartition("/")[2] in NAMES]
        return tuple(sorted(named, key=lambda path: (path.count("/"), path)))

    @cached_property
    def tracked(self) -> tuple[str, ...]:
        entries = self.snapshot.entries.items()
        return tuple(path for path, entry in entries if entry.mode != SUBMODULE)

    @property
    @tracing.tracked
    def uses(self) -> tuple[Use, ...]:
        """Each pin with what it reads; without any, each file at the newest version."""
        if self.pins:
            return tuple(self._use(pin) for pin in self.pins)
        return tuple(self.at(path, table().newest) for path in self.configs)

    def read(self) -> Iterator[tuple[Use, GitleaksConfig, Evaluation]]:
        """The uses whose configuration exists."""
        for use in self.uses:
            if use.config is not None and use.evaluation is not None:
                yield use, use.config, use.evaluation

    def at(self, path: str, version: Version, pin: Pin | None = None) -> Use:
        """A configuration of this snapshot as a version reads it, run as `pin` runs it."""
        config = self.config(path)
        bare = Use(pin, version, path)
        if config is None:
            return bare
        return Use(pin, version, path, config, self._evaluation(path, config, bare))

    @tracing.tracked
    def config(self, path: str) -> GitleaksConfig | None:
        """A configuration by its path; None if it is not there or cannot be read."""
        if path not in self.snapshot.entries:
            return None
        from evalpolicy.artifacts.gitleaks_config import parse

        try:
            return understood(parse, self.snapshot.read(path, LIMIT))
        except Unreadable as reason:
            self._problem(path, Problem(str(reason), is_bug=reason.is_bug))
            return None

    def content(self, path: str) -> bytes | None:
        """The bytes of a tracked file, for `extend.path`."""
        try:
            return self.snapshot.read(path, LIMIT) if path in self.snapshot.entries else None
        except Unreadable:
            return None

    def _use(self, pin: Pin) -> Use:
        version = pin.version or table().newest
        path = config_path(pin.invocation, version)
        return Use(pin, version, None) if path is None else self.at(path, version, pin)

    def _evaluation(self, path: str, config: GitleaksConfig, use: Use) -> Evaluation | None:
        run = use.invocation
        name = (path, use.version, run.mode, run.directory, run.target)
        return remembered(self._judged, name, partial(self._evaluate, path, config, use))

    def _evaluate(self, path: str, config: GitleaksConfig, use: Use) -> Evaluation | None:
        from evalpolicy.scanners.gitleaks.evaluate import evaluate

        def judged(config: GitleaksConfig) -> Evaluation:
            return evaluate(
                config, use.version, use.invocation, self.tracked, path=path, read=self.content
            )

        try:
            found = understood(judged, config)
        except Unreadable as reason:
            self._problem(path, Problem(str(reason), is_bug=reason.is_bug))
            return None
        for problem in found.problems:
            self._problem(path, problem)
        return found

    def _problem(self, path: str, problem: Problem) -> None:
        self.problems.append((path, problem))
        reported(path, problem)


def config_path(invocation: Invocation, version: Version) -> str | None:
    """Where a version looks for its configuration, with the workspace's own name taken off."""
    written = invocation.config_path(version)
    if written is None or invocation.config is None:
        return written
    inside = _WORKSPACE.sub("", invocation.config)
    return written if inside == invocation.config else posixpath.normpath(inside)
