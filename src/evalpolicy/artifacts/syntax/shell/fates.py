"""What comes of a command's failure: whether it can fail the script, and if not, what takes it.

Bash's rules (its manual, "The Set Builtin" and "Lists of Commands"; tests/artifacts/syntax/
test_shell_fates.py runs bash itself): `-e` holds in no condition, behind no `!`, before no `&&`
or `||`, and in no command substitution; a pipeline's code is its last command's without pipefail.
Every other command is taken to succeed, but of what stands behind `||`, and of branches, only
what is sure is taken as known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.shell.model import (
    AndOr,
    Compound,
    Lists,
    Node,
    Pipeline,
    Script,
    SimpleCommand,
)
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import unwrapped
from evalpolicy.artifacts.syntax.shell.shells import (
    MAX_SHELLS,
    NO_OPTIONS,
    Options,
    scripts_within,
    shell_call,
    switched,
)

Kind: TypeAlias = Literal[
    "fails", "asked", "unheeded", "fallback", "pipe", "dropped", "background", "captured"
]


class Fate(Struct, frozen=True):
    """`fails`: the script ends with the failure. `asked`: something looks at the exit code.

    Of the others the failure goes nowhere: `fallback`, a command behind `||` that succeeds;
    `pipe`, without pipefail; `dropped`, the script goes on; `background`; `captured`, in `$(…)`;
    `unheeded`, the condition of an `if` whose branches only print. `by` is the command that the
    exit code is taken from instead, for `fallback` and `pipe`, and for what is captured only to
    be printed or declared.
    """

    kind: Kind
    by: SimpleCommand | None = None


class JudgedCommand(Struct, frozen=True):
    """A command of a script with its fate; `captured`: it stands within a substitution.

    `pipeline` is the one that it is part of.
    """

    command: SimpleCommand
    fate: Fate
    captured: bool
    pipeline: Pipeline


FAILS = Fate("fails")
_ASKED = Fate("asked")
_DROPPED = Fate("dropped")
_CAPTURED = Fate("captured")
_UNHEEDED = Fate("unheeded")
_SAYS = frozenset(("true", ":", "echo", "printf"))
_PRINTS_OR_DECLARES = frozenset(
    ("echo", "printf", "local", "export", "declare", "typeset", "readonly")
)
# What is printed there, people read and no program.
_LOGS = re.compile(r"&?[12]|/dev/\w+|\"?\$\{?GITHUB_STEP_SUMMARY\}?\"?")
_Outcome: TypeAlias = Literal[
    "succeeds", "fails", "leaves with 0", "leaves with failure", "unknown"
]


class _Context(Struct, frozen=True):
    """`fresh`: the fate of a command whose failure `-e` may act on; `spent`: of one that it let
    pass; `leaving`: of the shell's ending with a failure; `ignored`: `-e` does not hold; `read`:
    a program reads what is printed."""

    fresh: Fate
    spent: Fate
    leaving: Fate
    ignored: bool = False
    captured: bool = False
    read: bool = False

    def with_(self, fate: Fate, *, ignored: bool | None = None) -> _Context:
        """The fate of a separate shell, which fails as a whole."""
        ignored = self.ignored if ignored is None else ignored
        return _Context(fate, fate, fate, ignored, self.captured, self.read)

    def asked(self, fate: Fate = _ASKED) -> _Context:
        """That of a condition."""
        return replace(self, fresh=fate, spent=fate, ignored=True)


_TOP = _Context(FAILS, FAILS, FAILS)


def _rank(context: _Context) -> int:
    return {"fails": 0, "asked": 1}.get(context.fresh.kind, 2)


def judged(script: Script, options: Options = NO_OPTIONS) -> list[JudgedCommand]:
    """Every command of a script with its fate, under what its shell starts with."""
    return _FateJudge(script, options).run(_TOP)


class _FateJudge:
    def __init__(self, script: Script, options: Options, depth: int = 0) -> None:
        self.script = script
        self.depth = depth
        self.options = options
        self.found: list[JudgedCommand] = []
        self.functions: set[str] = set()
        self.bodies: list[tuple[str, Lists]] = []
        self.returns = False  # whether this is a function's body
        self.calls: dict[str, tuple[_Context, Options]] = {}
        self.waits = any(command.text[:1] == ("wait",) for command in script.commands)
        self.looks = any(
            word.expands and "PIPESTATUS" in word.text
            for command in script.commands
            for word in (*command.words, *command.assignments)
        )

    def run(self, context: _Context) -> list[JudgedCommand]:
        self.lists(self.script.lists, context)
        while bodies := self.bodies:
            self.bodies = []
            # The one defined last first: it calls those before it more often than they call it.
            later = [each for each in reversed(bodies) if not self.body(*each, called=True)]
            for name, body in later:
                self.body(name, body, called=False)
        return self.found

    def body(self, name: str, body: Lists, *, called: bool) -> bool:
        """Judges a function's body where its best call stands; whether it did."""
        if called and name not in self.calls:
            return False
        context, options = self.calls.get(name, (_TOP, self.options))
        self.options = options
        self.returns = True
        self.lists(body, replace(context, spent=context.fresh))
        return True

    def lists(self, lists: Lists, context: _Context) -> None:
        for number, item in enumerate(lists):
            inner = context
            if item.background:
                inner = context.with_(_ASKED if self.waits else Fate("background"), ignored=True)
            elif number + 1 < len(lists):
                after = _ASKED if _looks_back(lists[number + 1]) else _DROPPED
                inner = replace(context, fresh=after, spent=after)
            if self.options.errexit and not inner.ignored:
                inner = replace(inner, fresh=context.leaving)
            options = self.options
            self.and_or(item, inner)
            if item.background:
                self.options = options

    def and_or(self, item: AndOr, context: _Context) -> None:
        """From the right to the left: what comes of a failure is decided by what stands behind."""
        last = len(item.pipelines) - 1
        contexts = [context]
        # What comes of the list where its code is a failure, and where one was made good (None).
        failed: Fate | None = context.spent
        good: Fate | None = None
        for number in range(last, 0, -1):
            pipeline, operator = item.pipelines[number], item.operators[number - 1]
            run: Fate | None
            match _outcome(pipeline, self.returns):
                case "succeeds":
                    run = good
                case "fails":
                    run = context.fresh if number == last else failed
                case "leaves with 0":
                    run = None
                case "leaves with failure":
                    run = context.leaving
                case "unknown":
                    run = _ASKED
            if operator == "||":
                failed = run or Fate("fallback", _first(pipeline))
            else:
                good = run
            contexts.append(replace(context, fresh=failed, spent=failed, ignored=True))
        for pipeline, inner in zip(item.pipelines, reversed(contexts), strict=True):
            self.pipeline(pipeline, inner)

    def pipeline(self, pipeline: Pipeline, context: _Context) -> None:
        commands = pipeline.commands
        if pipeline.negated and context.fresh != _UNHEEDED:
            context = context.asked()
        if len(commands) == 1:
            self.node(commands[0], pipeline, context)
            return
        options = self.options
        end = commands[-1]
        lost = (
            _ASKED if self.looks else Fate("pipe", end if isinstance(end, SimpleCommand) else None)
        )
        for command in commands:
            # A fallback takes the failure with pipefail as well.
            kept = options.pipefail or command is end or context.fresh.kind == "fallback"
            self.options = options
            inner = context.with_(context.fresh if kept else lost)
            self.node(command, pipeline, inner if command is end else replace(inner, read=True))
        self.options = options

    def node(self, node: Node, pipeline: Pipeline, context: _Context) -> None:
        asked = context.fresh.kind == "asked"
        for inner in node.inner:
            sets = isinstance(node, SimpleCommand) and not node.words and inner is node.inner[-1]
            self.substitution(inner, context.fresh if sets or asked else _captured(node, context))
        if isinstance(node, SimpleCommand):
            self.found.append(JudgedCommand(node, context.fresh, context.captured, pipeline))
            self.command(node, context)
            return
        context = replace(context, read=context.read or not _logs(node))
        match node.kind:
            case "if":
                unheeded = not context.read and _only_prints(node)
                condition = context.asked(_UNHEEDED if unheeded else _ASKED)
                for number, part in enumerate(node.parts):
                    asked = number % 2 == 0 and number + 1 < len(node.parts)
                    self.lists(part, condition if asked else context)
            case "while" | "until":
                self.lists(node.parts[0], context.asked())
                self.lists(node.parts[1], context)
            case "subshell":
                options = self.options
                self.lists(node.parts[0], context.with_(context.fresh))
                self.options = options
            case "function":
                self.functions.add(node.words[0].text)
                self.bodies.append((node.words[0].text, node.parts[0]))
            case "group" | "for" | "case" | "cut":
                for part in node.parts:
                    self.lists(part, context)

    def substitution(self, lists: Lists, fate: Fate) -> None:
        """Its own shell, where bash does not keep `-e` (without `inherit_errexit`)."""
        options = self.options
        self.options = options._replace(errexit=False)
        self.lists(lists, _Context(fate, fate, fate, captured=True, read=True))
        self.options = options

    def command(self, command: SimpleCommand, context: _Context) -> None:
        words = unwrapped(command.words)
        name = words[0].text if words else ""
        if name == "set":
            self.switch(switched(words)[0])
        elif name == "shopt" and "-o" in command.text:
            self.switch(dict.fromkeys(command.text, "-s" in command.text))
        elif name in self.functions:
            known = self.calls.get(name)
            if known is None or _rank(context) < _rank(known[0]):
                self.calls[name] = context, self.options
        elif self.depth < MAX_SHELLS and (call := shell_call(words)) is not None:
            for start, end in scripts_within(self.script, command):
                inner = _FateJudge(
                    parse(self.script.text, start, end), call.options, self.depth + 1
                )
                self.found += inner.run(context.with_(context.fresh, ignored=False))

    def switch(self, switched: Mapping[str, bool]) -> None:
        known = self.options._asdict()
        self.options = Options(*(switched.get(name, known[name]) for name in known))


def _outcome(pipeline: Pipeline, returns: bool, first: bool = True) -> _Outcome:
    """What a pipeline behind a failure comes to, as far as that is sure.

    `returns`: it is in a function; `first`: `$?` is still the failure's.
    """
    if len(pipeline.commands) != 1 or pipeline.negated:
        return "unknown"
    node = pipeline.commands[0]
    if isinstance(node, Compound):
        return _of_group(node, returns, first) if node.kind in ("group", "subshell") else "unknown"
    words = node.text
    if words[:1] == ("return",) and (not returns or words[1:] != ("0",)):
        return "unknown"
    if words[:1] in (("exit",), ("return",)):
        if len(words) == 1:
            return "leaves with failure" if first else "leaves with 0"
        if len(words) > 2 or not words[1].isdecimal():
            return "unknown"
        return "leaves with failure" if int(words[1]) % 256 else "leaves with 0"
    if words == ("false",):
        return "fails"
    return "succeeds" if words and words[0] in _SAYS else "unknown"


def _of_group(group: Compound, returns: bool, first: bool) -> _Outcome:
    outcome: _Outcome = "succeeds"
    for item in group.parts[0]:
        if len(item.pipelines) > 1 or item.background:
            return "unknown"
        outcome = _outcome(item.pipelines[0], returns, first)
        if outcome != "succeeds":
            break
        first = False
    if group.kind == "subshell" and outcome.startswith("leaves"):
        return "succeeds" if outcome == "leaves with 0" else "fails"
    return outcome


def _logs(node: Node) -> bool:
    """Whether what a command prints goes nowhere but to the log."""
    return all(
        each.target is not None
        and each.number < 0
        and not each.operator.startswith("<")
        and _LOGS.fullmatch(each.target.text)
        for each in node.redirects
    )


def _only_prints(node: Compound) -> bool:
    """Whether an `if` has one command as its condition, and comes to nothing but words."""
    condition, *branches = node.parts
    if len(node.parts) > 3 or len(condition) != 1 or len(condition[0].pipelines) != 1:
        return False
    return all(
        isinstance(each, SimpleCommand) and each.text[:1] and each.text[0] in _SAYS and _logs(each)
        for branch in branches
        for item in branch
        for pipeline in item.pipelines
        for each in pipeline.commands
    )


def _captured(node: Node, context: _Context) -> Fate:
    """The fate of a substitution that gives a command its words."""
    if not isinstance(node, SimpleCommand) or context.read or not _logs(node):
        return _CAPTURED
    words = node.text
    return Fate("captured", node) if words and words[0] in _PRINTS_OR_DECLARES else _CAPTURED


def _first(pipeline: Pipeline) -> SimpleCommand | None:
    """The first simple command of a pipeline."""
    node: Node = pipeline.commands[0]
    while isinstance(node, Compound):
        lists = node.parts[0] if node.parts else ()
        if not lists:
            return None
        node = lists[0].pipelines[0].commands[0]
    return node


def _looks_back(item: AndOr) -> bool:
    """Whether a list begins with a look at the exit code before it."""
    node: Node = item.pipelines[0].commands[0]
    while isinstance(node, Compound):
        if any(word.expands and "$?" in word.text for word in node.words):
            return True
        if not node.parts or not node.parts[0]:
            return False
        node = node.parts[0][0].pipelines[0].commands[0]
    words = (*node.words, *node.assignments)
    return any(word.expands and ("$?" in word.text or "PIPESTATUS" in word.text) for word in words)
