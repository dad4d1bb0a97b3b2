"""How a repository uses gitleaks: each pin with the configuration it reads, judged there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.source import Located, Problem, Span
from evalpolicy.facts.gates import Gates
from evalpolicy.scanners.gitleaks.runs.names import is_dockerfile, may_run
from evalpolicy.scanners.gitleaks.versions import COMMON, Version, table
from evalpolicy.snapshot import Unreadable, tracing
from evalpolicy.snapshot.model import SUBMODULE, understood
from evalpolicy.snapshot.tracing import remembered, reported

if TYPE_CHECKING:
    from evalpolicy.artifacts.gitleaks_config import GitleaksConfig
    from evalpolicy.artifacts.workflow import Workflow
    from evalpolicy.scanners.gitleaks.evaluate import Evaluation
    from evalpolicy.scanners.gitleaks.invocation import Invocation
    from evalpolicy.scanners.gitleaks.runs.model import Pin
    from evalpolicy.scanners.gitleaks.runs.script import ScriptPiece

NAMES = (".gitleaks.toml", "gitleaks.toml")
"""File names of a gitleaks configuration; gitleaks only finds the first one by itself."""

# A larger configuration is not read (bytes).
LIMIT = 16 << 20


class Use(Struct, frozen=True):
    """One way in which gitleaks runs here, with its configuration and the evaluation of that.

    `pin` is None where nothing in the repository runs gitleaks and yet a configuration is there.
    `path` is the configuration that it looks for (None if it takes text, or the default); `config`
    and `evaluation` are None if that is not there. `doubt`: the version is not known, and this is
    what another one would do. `span` is the place of a text whose lines have no places.
    """

    pin: Pin | None
    version: Version
    path: str | None
    config: GitleaksConfig | None = None
    evaluation: Evaluation | None = None
    doubt: bool = False
    span: Span | None = None

    @property
    def assumed(self) -> bool:
        """Whether nothing says which version runs, so that the newest one is judged."""
        return self.pin is None or self.pin.version is None

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
        """Every place that runs gitleaks; a script is judged as what calls it runs it."""
        naming = self._naming
        if self.gates.pre_commit is None and not self.gates.workflows and not naming:
            return ()
        from evalpolicy.scanners.gitleaks.runs.files import script_pins
        from evalpolicy.scanners.gitleaks.runs.hooks import pre_commit_pins
        from evalpolicy.scanners.gitleaks.runs.script import CallableFiles
        from evalpolicy.scanners.gitleaks.runs.tools import tools_seen
        from evalpolicy.scanners.gitleaks.runs.workflows import (
            Callees,
            inputs_given,
            workflow_pins,
        )

        tools = tools_seen(self.gates.content)
        workflows = self.gates.workflows
        files = CallableFiles(frozenset(naming), self._pieces)
        callees = Callees(
            files=files,
            action=self._action,
            callers=lambda path: inputs_given(workflows.values(), path),
            tools=tools,
            exists=lambda path: path in self.snapshot.entries,
        )
        found: list[Pin] = []
        if self.gates.pre_commit is not None:
            path, config = self.gates.pre_commit
            found += pre_commit_pins(config, path, files, tools)
        for path, workflow in workflows.items():
            found += workflow_pins(workflow, path, callees)
        called = {(pin.path, pin.span) for pin in found}
        for path, text in naming.items():
            alone = script_pins(text, path, files, tools)
            found += [pin for pin in alone if (pin.path, pin.span) not in called]
        return tuple(dict.fromkeys(found))

    @cached_property
    def _naming(self) -> Mapping[str, str]:
        """The text of every file with scripts that names gitleaks, by path."""
        texts = {**self.gates.makefiles, **self.gates.scripts}
        for path in self.snapshot.entries:
            if path not in texts and may_run(path):
                read = self._of_image if is_dockerfile(path) else self.gates.content
                content = read(path) or b""
                if b"gitleaks" in content:
                    texts[path] = content.decode("utf-8", "replace")
        return {path: text for path, text in texts.items() if "gitleaks" in text.lower()}

    def _of_image(self, path: str) -> bytes | None:
        """A Dockerfile's bytes; who judges images reports one that cannot be read."""
        try:
            return self.snapshot.read(path, LIMIT)
        except Unreadable:
            return None

    def _pieces(self, path: str) -> tuple[ScriptPiece, ...]:
        from evalpolicy.scanners.gitleaks.runs.files import pieces_of

        text = self._naming.get(path)
        return () if text is None else pieces_of(text, path)

    def _action(self, folder: str) -> Workflow | None:
        """A composite action by its folder."""
        from evalpolicy.artifacts.workflow import parse_action

        for name in ("action.yml", "action.yaml"):
            content = self.gates.content(f"{folder}/{name}")
            if content is not None:
                return understood(parse_action, content)
        return None

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
        """The uses whose configuration exists; where the version is not known, also in `doubt`."""
        for use in (*self.uses, *self._doubts):
            if use.config is not None and use.evaluation is not None:
                yield use, use.config, use.evaluation

    @property
    @tracing.tracked
    def _doubts(self) -> tuple[Use, ...]:
        """Each use of an unknown version at the other versions in use."""
        return tuple(
            replace(self._at(use, version), doubt=True)
            for use in self.uses
            if use.assumed and use.config is not None
            for version in COMMON
        )

    def _at(self, use: Use, version: Version) -> Use:
        return self._use(replace(use.pin, version=version), use.pin) if use.pin else self.at(
            use.path or "", version
        )  # fmt: skip

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

    def _use(self, pin: Pin, of: Pin | None = None) -> Use:
        version = pin.version or table().newest
        pin = of or pin
        if pin.inline is not None and pin.invocation.takes_text(version):
            return self._of_text(pin, pin.inline, version)
        path = pin.invocation.config_path(version)
        is_file = not pin.invocation.config and pin.invocation.root in self.snapshot.entries
        if path is None or is_file:  # of a file, gitleaks looks for no configuration
            return Use(pin, version, None)
        return self.at(path, version, pin)

    def _of_text(self, pin: Pin, written: Located, version: Version) -> Use:
        """The text of GITLEAKS_CONFIG_TOML, at its place in the file that sets it."""
        from evalpolicy.artifacts.gitleaks_config import parse

        if "${{" in written.text:
            return Use(pin, version, None)
        text, span = self._in_place(pin.path, written)
        config = parse(text.encode("utf-8", "surrogateescape"))
        bare = Use(pin, version, None, span=span)
        return replace(bare, config=config, evaluation=self._evaluation(pin.path, config, bare))

    def _in_place(self, path: str, written: Located) -> tuple[str, Span | None]:
        """A block's text on its own lines and columns; of another, the place of all of it."""
        above, text = written.span.line, written.text
        if "\n" not in text or written.span.end_line == above:
            return text, written.span
        lines = (self.gates.content(path) or b"").decode("utf-8", "replace").split("\n")
        first = next((line for line in lines[above:] if line.strip()), "")
        indent = first[: len(first) - len(first.lstrip())] if text[:1].strip() else ""
        if text.count('"""') + text.count("'''"):  # blanks would stand in a string
            indent = ""
        return "\n" * above + "".join(indent + line for line in text.splitlines(True)), None

    def _evaluation(self, path: str, config: GitleaksConfig, use: Use) -> Evaluation | None:
        run = use.invocation
        name = (path, config.document.text if use.path is None else "", use.version, run)
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
