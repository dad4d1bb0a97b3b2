"""The shell scripts that a Dockerfile's RUN instructions run, each place known in the file.

A here-document is a script where it is all there is to RUN, or where a shell reads it; what goes
into a file or to another interpreter is not (BuildKit's dockerfile reference, "Here-Documents").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.dockerfile import Dockerfile, Heredoc, Instruction
from evalpolicy.artifacts.installs import Install, install_of
from evalpolicy.artifacts.syntax.shell_words import (
    MAX_DEPTH,
    Command,
    ShellWord,
    commands,
    inline_script,
    is_shell,
    names_shell,
    quoted_range,
    unwrapped,
)
from evalpolicy.artifacts.syntax.source import Span


class Script(Struct, frozen=True):
    """One script: its text, its commands, and the span of a range of the text.

    `run` counts the RUN instructions of the file from 0: scripts with one number make one layer.
    """

    text: str
    commands: tuple[Command, ...]
    span: Callable[[int, int], Span]
    instruction: Instruction
    run: int


class ScriptInstall(Struct, frozen=True):
    """What one command of a script installs; `number` is the command's place in the script."""

    script: Script
    number: int
    install: Install

    @property
    def span(self) -> Span:
        """The place of the command, without redirections."""
        words = self.script.commands[self.number].words
        return self.script.span(words[0].start, words[-1].end)


def scripts(dockerfile: Dockerfile) -> tuple[Script, ...]:
    """Every script of every RUN, in the file's order; triggers (ONBUILD RUN) as well."""
    found: list[Script] = []
    number = 0
    for outer in dockerfile.instructions:
        instruction = outer.onbuild or outer
        if instruction.keyword == "RUN":
            found.extend(_of_run(instruction, number))
            number += 1
    return tuple(found)


def installs(scripts: Iterable[Script]) -> tuple[ScriptInstall, ...]:
    """What the scripts install, uninstall or run from a registry, in their order."""
    return tuple(
        ScriptInstall(script, number, install)
        for script in scripts
        for number, command in enumerate(script.commands)
        if (install := install_of(command.words)) is not None
    )


def _of_run(instruction: Instruction, number: int) -> Iterator[Script]:
    if instruction.json is not None:
        yield from _of_exec(instruction, number)
        return
    heredocs = instruction.heredocs
    main = Script(
        instruction.value, tuple(commands(instruction.value)), instruction.span_within,
        instruction, number,
    )  # fmt: skip
    yield from _with_inner(main)
    bare = bool(heredocs) and not any(command.words for command in main.commands)
    fed = {
        redirect.number
        for command in main.commands
        if bare or is_shell(unwrapped(command.words))
        for redirect in command.redirects
        if redirect.number >= 0
    }
    for index, heredoc in enumerate(heredocs):
        if index in fed and names_shell(heredoc.body.partition("\n")[0]):
            yield from _with_inner(_of_body(instruction, heredoc, number))


def _of_body(instruction: Instruction, heredoc: Heredoc, number: int) -> Script:
    starts = [0]
    for line in heredoc.body.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def span(start: int, end: int) -> Span:
        from bisect import bisect_right

        first = bisect_right(starts, start) - 1
        last = max(first, bisect_right(starts, max(end - 1, start)) - 1)
        line = heredoc.span.line
        return Span(line + first, start - starts[first] + 1, line + last, end - starts[last] + 1)

    return Script(heredoc.body, tuple(commands(heredoc.body)), span, instruction, number)


def _of_exec(instruction: Instruction, number: int) -> Iterator[Script]:
    """`RUN ["sh", "-c", "…"]`: no place within the JSON form is known but its own."""
    words = tuple(ShellWord(word, 0, 0, quoted=True) for word in instruction.json or ())

    def span(start: int, end: int) -> Span:
        return instruction.value_span

    inner = inline_script(words)
    if inner is not None:
        text = inner.text
        yield from _with_inner(Script(text, tuple(commands(text)), span, instruction, number))
    elif words:
        yield Script(instruction.value, (Command(words, (), ""),), span, instruction, number)


def _with_inner(script: Script, depth: int = 0) -> Iterator[Script]:
    """A script, and those within it: `sh -c '…'`, and `bash <<EOF` in a here-document."""
    yield script
    if depth == MAX_DEPTH:
        return
    for command in script.commands:
        words = unwrapped(command.words)
        word = inline_script(words)
        within = None if word is None else quoted_range(script.text, word)
        if within is not None:
            yield from _part(script, within, depth)
        if is_shell(words):
            for redirect in command.redirects:
                if redirect.here is not None and redirect.here[1] > redirect.here[0]:
                    yield from _part(script, redirect.here, depth)


def _part(script: Script, within: tuple[int, int], depth: int) -> Iterator[Script]:
    left, right = within
    text = script.text[left:right]

    def span(start: int, end: int) -> Span:
        return script.span(left + start, left + end)

    inner = replace(script, text=text, commands=tuple(commands(text)), span=span)
    yield from _with_inner(inner, depth + 1)
