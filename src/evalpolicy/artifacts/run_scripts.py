"""The shell scripts that a Dockerfile's RUN instructions run, each place known in the file.

A here-document is a script where it is all there is to RUN, or where a shell reads it; what goes
into a file or to another interpreter is not (BuildKit's dockerfile reference, "Here-Documents").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.dockerfile import Dockerfile, Heredoc, Instruction
from evalpolicy.artifacts.installs import PipInstall, install_of
from evalpolicy.artifacts.syntax.shell import model as shell
from evalpolicy.artifacts.syntax.shell.fates import FAILS, Fate, judged
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import unwrapped
from evalpolicy.artifacts.syntax.shell.shells import (
    MAX_SHELLS,
    names_shell,
    scripts_within,
    shell_call,
)
from evalpolicy.artifacts.syntax.source import Lines, Span


class RunScript(Struct, frozen=True):
    """One script: its text, what it says, and the span of a range of what was read.

    `run` counts the RUN instructions of the file from 0: scripts with one number make one layer.
    """

    text: str
    read: shell.Script
    span: Callable[[int, int], Span]
    instruction: Instruction
    run: int

    @property
    def commands(self) -> tuple[shell.SimpleCommand, ...]:
        return self.read.commands


class ScriptInstall(Struct, frozen=True):
    """What one command of a script installs, and what comes of its failure.

    `number` is the command's place in the script.
    """

    script: RunScript
    number: int
    install: PipInstall
    fate: Fate

    @property
    def span(self) -> Span:
        """The place of the command, without redirections."""
        words = self.script.commands[self.number].words
        return self.script.span(words[0].start, words[-1].end)


def scripts(dockerfile: Dockerfile) -> tuple[RunScript, ...]:
    """Every script of every RUN, in the file's order; triggers (ONBUILD RUN) as well."""
    found: list[RunScript] = []
    number = 0
    for outer in dockerfile.instructions:
        instruction = outer.onbuild or outer
        if instruction.keyword == "RUN":
            found.extend(_of_run(instruction, number))
            number += 1
    return tuple(found)


def installs(scripts: Iterable[RunScript]) -> tuple[ScriptInstall, ...]:
    """What the scripts install, uninstall or run from a registry, in their order."""
    return tuple(each for script in scripts for each in _installs(script))


def _installs(script: RunScript) -> list[ScriptInstall]:
    found = [
        (number, install)
        for number, command in enumerate(script.commands)
        if (install := install_of(command.words)) is not None
    ]
    if not found:
        return []
    # By where a command begins: functions are judged behind what calls them.
    fates = {
        each.command.words[0].start: each.fate for each in judged(script.read) if each.command.words
    }
    starts = [script.commands[number].words[0].start for number, _ in found]
    return [
        ScriptInstall(script, number, install, fates.get(start, FAILS))
        for (number, install), start in zip(found, starts, strict=True)
    ]


def _of_run(instruction: Instruction, number: int) -> Iterator[RunScript]:
    if instruction.json is not None:
        yield from _of_exec(instruction, number)
        return
    heredocs = instruction.heredocs
    text = instruction.value
    main = RunScript(text, parse(text), instruction.span_within, instruction, number)
    yield from _with_inner(main)
    bare = bool(heredocs) and not any(command.words for command in main.commands)
    fed = {
        redirect.number
        for command in main.commands
        if bare or ((call := shell_call(unwrapped(command.words))) and call.reads)
        for redirect in command.redirects
        if redirect.number >= 0
    }
    for index, heredoc in enumerate(heredocs):
        if index in fed and names_shell(heredoc.body.partition("\n")[0]):
            yield from _with_inner(_of_body(instruction, heredoc, number))


def _of_body(instruction: Instruction, heredoc: Heredoc, number: int) -> RunScript:
    span = Lines(heredoc.body, heredoc.span.line).span
    return RunScript(heredoc.body, parse(heredoc.body), span, instruction, number)


def _of_exec(instruction: Instruction, number: int) -> Iterator[RunScript]:
    """`RUN ["sh", "-c", "…"]`: no place within the JSON form is known but its own."""
    words = tuple(shell.ShellWord(word, 0, 0, quoted=True) for word in instruction.json or ())

    def span(start: int, end: int) -> Span:
        return instruction.value_span

    call = shell_call(words)
    if call is not None and call.script is not None:
        text = call.script.text
        yield from _with_inner(RunScript(text, parse(text), span, instruction, number))
    elif words:
        read = shell.Script(instruction.value, (), (shell.SimpleCommand(words),))
        yield RunScript(instruction.value, read, span, instruction, number)


def _with_inner(script: RunScript, depth: int = 0) -> Iterator[RunScript]:
    """A script, and those within it: `sh -c '…'`, and `bash <<EOF` in a here-document."""
    yield script
    text = script.read.text
    for command in script.commands if depth < MAX_SHELLS else ():
        for start, end in scripts_within(script.read, command):
            inner = replace(script, text=text[start:end], read=parse(text, start, end))
            yield from _with_inner(inner, depth + 1)
