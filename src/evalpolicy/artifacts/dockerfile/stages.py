"""Resolves the variables, labels and bases of stages.

The facts are those of BuildKit's dockerfile2llb/convert.go (v0.33), which differ in places from
what its documentation says:

- A global ARG counts in FROM, in `--platform` and in later global ARGs; in a stage only once the
  stage says `ARG NAME`, which then takes the global value.
- Within a stage ARG and ENV set one and the same variable and the later wins, also an ARG that
  follows an ENV of its name. A build argument replaces an ARG's default.
- A stage built on an earlier one inherits its ENV and its ARG values (here ENV wins, whatever the
  order was), its labels, and runs its ONBUILD instructions first.
- All values of one instruction see the variables as they were before it, but for ARG, whose
  declarations see one another.
- The platform arguments are set globally. Here they are those of a build for linux/amd64 on
  linux/amd64, so that a result does not depend on the machine.
- The environment of an image from scratch is a default `PATH`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.source import Problem, Span

from .checks import complaints
from .goscan import lower
from .heredocs import is_heredoc
from .model import Arg, Base, Dockerfile, Env, Instruction, Label, Stage, Word
from .pairs import Pair, PairError, declarations, pairs
from .shell import Expansion, ExpansionBudget, Lex, UnsuppliedError, WordError
from .splitting import reread_trigger

PLATFORM_ARGS: Mapping[str, str] = {
    "BUILDPLATFORM": "linux/amd64",
    "BUILDOS": "linux",
    "BUILDOSVERSION": "",
    "BUILDARCH": "amd64",
    "BUILDVARIANT": "",
    "TARGETPLATFORM": "linux/amd64",
    "TARGETOS": "linux",
    "TARGETOSVERSION": "",
    "TARGETARCH": "amd64",
    "TARGETVARIANT": "",
}
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOT_IN_ENV = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})

MAX_INHERITED = 100_000
"""How many variables and triggers all stages together may inherit."""

_STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*\Z")
_NOTHING: Mapping[str, str] = {}


def with_stages(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> Dockerfile:
    """The file with its stages resolved, the build arguments being given."""
    return _Resolution(dockerfile, build_args).run()


class _Draft(Struct):
    """A stage while its instructions are gone through."""

    name: str | None
    base: Base
    platform: Word | None
    from_: Instruction
    variables: dict[str, str]
    env: dict[str, str]
    open: dict[str, tuple[str, ...]] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    triggered: list[Label] = field(default_factory=list)
    args: list[Arg] = field(default_factory=list)
    envs: list[Env] = field(default_factory=list)
    triggers: list[Instruction | None] = field(default_factory=list)

    def stage(self, index: int) -> Stage:
        return Stage(
            index=index,
            name=self.name,
            base=self.base,
            platform=self.platform,
            from_=self.from_,
            instructions=tuple(self.instructions),
            labels=tuple(self.labels),
            triggered=tuple(self.triggered),
            args=tuple(self.args),
            envs=tuple(self.envs),
            env=self.env,
        )


class _Resolution:
    """One pass over the instructions of a file."""

    def __init__(self, dockerfile: Dockerfile, build_args: Mapping[str, str]) -> None:
        self.file = dockerfile
        self.build_args = build_args
        budget = ExpansionBudget()
        self.lex = Lex(dockerfile.escape, budget=budget)
        self.bodies = Lex(skip_quotes=True, budget=budget)
        self.kept = Lex(dockerfile.escape, keep_unset=True, budget=budget)
        self.problems: list[Problem] = []
        self.unsupplied: list[Problem] = []
        self.globals = dict(PLATFORM_ARGS) | {"TARGETSTAGE": _target(dockerfile.instructions)}
        self.globals |= {name: build_args[name] for name in self.globals.keys() & build_args.keys()}
        self.global_args: list[Arg] = []
        self.open_globals: dict[str, tuple[str, ...]] = {}
        self.stages: list[_Draft] = []
        self.by_name: dict[str, int] = {}
        self.inherited = 0

    def run(self) -> Dockerfile:
        for instruction in self.file.instructions:
            wrong = False
            for complaint in complaints(instruction):
                self._report(complaint, instruction.head)
                wrong = True
            try:
                self._visit(instruction, wrong=wrong)
            except (PairError, WordError) as error:
                self._refused(error, "", instruction.head)
        if not self.file.instructions:
            if not self.file.syntax_problems:
                self._report(
                    "no instructions: an empty Dockerfile builds nothing", Span(1, 1, 1, 1)
                )
        elif not self.stages:
            self._report("no FROM: the file builds nothing", self.file.instructions[0].head)
        return replace(
            self.file,
            global_args=tuple(self.global_args),
            stages=tuple(draft.stage(index) for index, draft in enumerate(self.stages)),
            problems=tuple(sorted((*self.file.syntax_problems, *self.problems), key=_place)),
            unsupplied=tuple(self.unsupplied),
        )

    def _report(self, message: str, span: Span) -> None:
        self.problems.append(Problem(message, span))

    def _refused(self, error: ValueError, prefix: str, span: Span) -> None:
        where = self.unsupplied if isinstance(error, UnsuppliedError) else self.problems
        if isinstance(error, PairError) and not prefix:
            span = error.span
        where.append(Problem(prefix + str(error), span))

    def _empty(self, expansion: Expansion, message: str, span: Span) -> None:
        where = self.unsupplied if expansion.unresolved else self.problems
        where.append(Problem(message, span))

    def _visit(self, instruction: Instruction, *, wrong: bool) -> None:
        if instruction.keyword == "FROM":
            self._from(instruction)
        elif self.stages:
            draft = self.stages[-1]
            draft.instructions.append(instruction)
            if not wrong:
                self._run(draft, instruction)
        elif instruction.keyword == "ARG":
            self._global_arg(instruction)
        else:
            self._report(f"{instruction.keyword} comes before the first FROM", instruction.head)

    def _global_arg(self, instruction: Instruction) -> None:
        for pair in declarations(instruction):
            arg = self._declared(pair, self.globals, None, self.open_globals)
            if arg.value is not None:
                self.globals[arg.key] = arg.value
                _note(self.open_globals, arg)
            self.global_args.append(arg)

    def _declared(
        self, pair: Pair, variables: Mapping[str, str], inherited: str | None, open: _Open
    ) -> Arg:
        expansion = Expansion("")
        value = inherited
        unresolved = self.open_globals.get(pair.key, ()) if inherited is not None else ()
        if pair.key in self.build_args:
            value = self.build_args[pair.key]
            unresolved = ()
        elif pair.value is not None:
            expansion = self.lex.expand(pair.value, variables)
            value = expansion.text
            unresolved = _rests_on(expansion, open)
        return Arg(
            pair.key,
            pair.value,
            value,
            expansion.names,
            unresolved,
            pair.span,
            pair.key_span,
            pair.value_span,
        )

    def _from(self, instruction: Instruction) -> None:
        words = instruction.arguments
        name = None
        if len(words) == 3 and lower(words[1].text) == "as":
            name = lower(words[2].text)
            if not _STAGE_NAME.match(name):
                self._report(f"{words[2].text} is not a valid stage name", words[2].span)
        elif len(words) != 1:
            self._report("FROM takes an image, or an image AS a name", instruction.head)
        platform = None
        try:
            base = self._base(instruction)
            platform = self._platform(instruction)
        except WordError as error:
            self._refused(error, "", words[0].span if words else instruction.head)
            raw = words[0].text if words else ""
            base = Base(raw, "", (), (), words[0].span if words else instruction.head)
        draft = _Draft(name, base, platform, instruction, {}, {})
        if name is not None:
            self.by_name[name] = len(self.stages)
        self.stages.append(draft)
        if base.parent is not None:
            self._inherit(draft, self.stages[base.parent])
        elif base.is_scratch:
            draft.variables["PATH"] = draft.env["PATH"] = DEFAULT_PATH

    def _base(self, instruction: Instruction) -> Base:
        if not instruction.arguments:
            return Base("", "", (), (), instruction.head)
        word = instruction.arguments[0]
        expansion = self.lex.expand(word.text, self.globals)
        if not expansion.text:
            self._empty(
                expansion, f"{word.text} expands to nothing: FROM needs an image", word.span
            )
        return Base(
            word.text,
            expansion.text,
            expansion.names,
            _rests_on(expansion, self.open_globals),
            word.span,
            self.by_name.get(expansion.text),
        )

    def _platform(self, instruction: Instruction) -> Word | None:
        for flag in instruction.flags:
            name, _, value = flag.partition("=")
            if name == "--platform" and value:
                expansion = self.lex.expand(value, self.globals)
                if not expansion.text:
                    self._empty(
                        expansion, f"--platform={value} expands to nothing", instruction.head
                    )
                return Word(
                    value, expansion.text, expansion.names, expansion.unresolved, instruction.head
                )
        return None

    def _inherit(self, draft: _Draft, parent: _Draft) -> None:
        self.inherited += len(parent.variables) + len(parent.triggers)
        if self.inherited > MAX_INHERITED:
            raise WordError(f"the stages inherit more than {MAX_INHERITED} variables")
        draft.variables.update(parent.variables)
        draft.open.update(parent.open)
        draft.env.update(parent.env)
        draft.variables.update(parent.env)
        prefix = "ONBUILD of the stage it is built on: "
        for trigger in parent.triggers:
            if trigger is None:
                self._report(
                    f"{prefix}BuildKit does not find an instruction in it", draft.from_.head
                )
                continue
            for complaint in complaints(trigger):
                self._report(prefix + complaint, draft.from_.head)
            try:
                self._run(draft, trigger, triggered=True)
            except (PairError, WordError) as error:
                self._refused(error, prefix, draft.from_.head)

    def _run(self, draft: _Draft, instruction: Instruction, *, triggered: bool = False) -> None:
        match instruction.keyword:
            case "LABEL":
                self._label(draft, instruction, triggered)
            case "ENV":
                self._env(draft, instruction)
            case "ARG":
                for pair in declarations(instruction):
                    inherited = self.globals.get(pair.key)
                    arg = self._declared(pair, draft.variables, inherited, draft.open)
                    if arg.value is not None and arg.key not in NOT_IN_ENV:
                        draft.variables[arg.key] = arg.value
                        _note(draft.open, arg)
                    draft.args.append(arg)
            case "ONBUILD" if instruction.onbuild is not None:
                trigger: Instruction | None = instruction.onbuild
                if self.file.escape != "\\":
                    trigger = reread_trigger(instruction)
                draft.triggers.append(trigger)
            case "WORKDIR" | "USER" | "STOPSIGNAL" | "VOLUME" | "EXPOSE":
                for word in instruction.json or instruction.words:
                    self.lex.expand(word, draft.variables)
            case "COPY" | "ADD":
                self._copy(draft, instruction)

    def _copy(self, draft: _Draft, instruction: Instruction) -> None:
        """Expands what COPY and ADD expand, for what cannot be."""
        for flag in instruction.flags:
            if flag.startswith(("--chown=", "--chmod=", "--checksum=")):
                self.lex.expand(flag.partition("=")[2], draft.variables)
        for word in instruction.json or instruction.words:
            if not is_heredoc(word):
                self.lex.expand(word, draft.variables)
        for heredoc in instruction.heredocs:
            if heredoc.expand:
                self.bodies.expand(heredoc.body, draft.variables)

    def _label(self, draft: _Draft, instruction: Instruction, triggered: bool) -> None:
        labels = draft.triggered if triggered else draft.labels
        for pair in pairs(instruction):
            written = pair.value or ""
            value = self.lex.expand(written, draft.variables)
            labels.append(
                Label(
                    self.lex.expand(pair.key, draft.variables).text,
                    self.kept.expand(written, _NOTHING).text if value.names else value.text,
                    written,
                    value.text,
                    value.names,
                    _rests_on(value, draft.open),
                    pair.span,
                    pair.key_span,
                    pair.value_span or pair.span,
                    len(self.stages) - 1,
                    triggered,
                )
            )

    def _env(self, draft: _Draft, instruction: Instruction) -> None:
        found = []
        for pair in pairs(instruction):
            written = pair.value or ""
            value = self.lex.expand(written, draft.variables)
            found.append(
                Env(
                    self.lex.expand(pair.key, draft.variables).text,
                    self.kept.expand(written, _NOTHING).text if value.names else value.text,
                    written,
                    value.text,
                    value.names,
                    _rests_on(value, draft.open),
                    pair.span,
                    pair.key_span,
                    pair.value_span or pair.span,
                )
            )
        for env in found:
            draft.variables[env.key] = draft.env[env.key] = env.value
            _note(draft.open, env)
        draft.envs += found


_Open: TypeAlias = "dict[str, tuple[str, ...]]"
"""Variables that are set, but rest on others that are not: `ENV A=${B}` with an `ARG B`."""


def _rests_on(value: Expansion, open: _Open) -> tuple[str, ...]:
    """The variables that are not set and on which this value rests, also by way of others."""
    if not value.names:
        return ()
    further = (name for mentioned in value.names for name in open.get(mentioned, ()))
    return tuple(dict.fromkeys((*value.unresolved, *further)))


def _note(open: _Open, setting: Arg | Env) -> None:
    if setting.unresolved:
        open[setting.key] = setting.unresolved
    else:
        open.pop(setting.key, None)


def _target(instructions: tuple[Instruction, ...]) -> str:
    """The name of the last stage, which `TARGETSTAGE` is."""
    for instruction in reversed(instructions):
        if instruction.keyword == "FROM":
            words = instruction.words
            return lower(words[2]) if len(words) == 3 else "default"
    return "default"


def _place(problem: Problem) -> Span:
    return problem.span
