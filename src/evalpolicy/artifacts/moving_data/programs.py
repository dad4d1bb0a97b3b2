"""The programs that an image runs, and where each piece of them stands.

They are those of RUN with their here-documents and `python -c`, what a here-document writes into a
file, and the scripts that COPY brings along, if anything that runs names them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TypeAlias

from evalpolicy.artifacts.dockerfile import Dockerfile, Heredoc
from evalpolicy.artifacts.moving_data.model import Language, Lookup, Program, WrittenWord
from evalpolicy.artifacts.moving_data.settings import DockerfileVariables
from evalpolicy.artifacts.run_scripts import RunScript
from evalpolicy.artifacts.syntax.shell.model import ShellWord, SimpleCommand
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import basename, innermost
from evalpolicy.artifacts.syntax.shell.shells import (
    MAX_SHELLS,
    names_shell,
    scripts_within,
    shell_call,
)
from evalpolicy.artifacts.syntax.source import Lines, Span

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*")
_RUNS = ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK")
_WORD = re.compile(r"[\w.-]+")
# `import a.b`, `from a import b, c`, `python -m a.b`
_IMPORT = re.compile(r"(?:\bimport|\bfrom|-m)[ \t]+([\w.]+)(?:[ \t]+import[ \t]+([\w, \t]+))?")
_SpanOf = Callable[[int, int], Span]
Files: TypeAlias = Mapping[str, Callable[[], bytes | None]]
"""Paths within a build context, each with what reads the file."""


def programs(
    dockerfile: Dockerfile,
    scripts: Iterable[RunScript],
    files: Files,
    settings: DockerfileVariables,
) -> Iterator[Program]:
    """All of them; those of one stage in their order, and in one group."""
    numbers = iter(range(len(dockerfile.stages), 1 << 30))
    for script in scripts:
        instruction = script.instruction
        values = settings.at(instruction)
        outer = settings.stage(instruction)
        program = Program("shell", script.read.text, script.span, "", values, outer, script.read)
        yield program
        whole = script.text == instruction.value and instruction.json is None
        given = instruction.heredocs if whole else ()
        for command in script.commands:
            yield from _handed(program, command, given, numbers)
    for outer_instruction in dockerfile.instructions:
        instruction = outer_instruction.onbuild or outer_instruction
        if instruction.keyword == "COPY" and instruction.arguments:
            values = settings.at(instruction)
            for heredoc in instruction.heredocs:
                target = instruction.arguments[-1].text
                name = heredoc.delimiter if target.endswith("/") else target
                span = Lines(heredoc.body, heredoc.span.line).span
                yield from _file(name, heredoc.body, span, "", values, numbers)
    if not dockerfile.instructions:
        return
    values = settings.at(dockerfile.instructions[-1])
    for path, text in _copied(dockerfile, files):
        yield from _file(path, text, Lines(text).span, path, values, numbers)


def _handed(
    program: Program, command: SimpleCommand, given: tuple[Heredoc, ...], numbers: Iterator[int]
) -> Iterator[Program]:
    """The programs that a command hands to an interpreter, or writes into a file."""
    words = innermost(command).words
    python = bool(words) and _PYTHON.fullmatch(basename(words[0].text)) is not None
    if python and (code := _argument(words)) is not None:
        yield _derived(program, "python", code.text, _within(program, code))
    if words and shell_call(words) is not None:
        return  # read with the script that it stands in
    for redirect in command.redirects:
        if redirect.number < 0:
            continue
        if given:
            if redirect.number >= len(given):
                continue
            text = given[redirect.number].body
            span: _SpanOf = Lines(text, given[redirect.number].span.line).span
        else:
            assert program.read is not None
            start, end = program.read.heres[redirect.number]
            text, span = program.text[start:end], _shifted(program.span, start)
        if python:
            yield _derived(program, "python", text, span)
        elif not words:
            first = text.partition("\n")[0]
            if not names_shell(first):
                yield _derived(program, _language("", first), text, span)
        elif (target := _target(command, words)) is not None:
            yield from _file(target, text, span, program.path, program.values, numbers)
        else:
            yield _derived(program, "text", text, span)


def _derived(program: Program, language: Language, text: str, span: _SpanOf) -> Program:
    return Program(language, text, span, program.path, program.values, program.group)


def _argument(words: tuple[ShellWord, ...]) -> ShellWord | None:
    """The code of `python -c`."""
    for at, word in enumerate(words[1:-1], 1):
        if word.text.startswith("-") and not word.text.startswith("--") and word.text[-1] == "c":
            return words[at + 1]
        if not word.text.startswith("-"):
            break
    return None


def _within(program: Program, word: ShellWord) -> _SpanOf:
    written = WrittenWord(program.text, word)

    def span(start: int, end: int) -> Span:
        return program.span(*written.range(start, end))

    return span


def _shifted(span: _SpanOf, by: int) -> _SpanOf:
    return lambda start, end: span(start + by, end + by)


def _target(command: SimpleCommand, words: tuple[ShellWord, ...]) -> str | None:
    """The file that a command writes its input into: `cat > f`, `tee f`."""
    for redirect in command.redirects:
        if redirect.operator.lstrip("0123456789") in (">", ">>", ">|") and redirect.target:
            return redirect.target.text
    if basename(words[0].text) == "tee" and not words[-1].text.startswith("-"):
        return words[-1].text
    return None


def _language(name: str, first_line: str) -> Language:
    """By the `#!` line, else by the name's end."""
    if first_line.startswith("#!"):
        if names_shell(first_line):
            return "shell"
        return "python" if "python" in first_line or "uv run" in first_line else "text"
    if name.endswith(".py"):
        return "python"
    return "shell" if name.endswith((".sh", ".bash")) else "text"


def _file(
    name: str,
    text: str,
    span: _SpanOf,
    path: str,
    values: Lookup,
    numbers: Iterator[int],
) -> Iterator[Program]:
    """A program that is a file; it runs by itself, so that its clones are its own."""
    language = _language(name, text.partition("\n")[0])
    group = next(numbers)
    if language == "shell":
        yield from _script(Program("shell", text, span, path, values, group, parse(text)), numbers)
    else:
        yield Program(language, text, span, path, values, group)


def _script(program: Program, numbers: Iterator[int], depth: int = 0) -> Iterator[Program]:
    yield program
    assert program.read is not None
    for command in program.read.commands:
        yield from _handed(program, command, (), numbers)
        for start, end in scripts_within(program.read, command) if depth < MAX_SHELLS else ():
            inner = parse(program.text, start, end)
            nested = Program(
                "shell", program.text, program.span, program.path, program.values, program.group,
                inner,
            )  # fmt: skip
            yield from _script(nested, numbers, depth + 1)


def _copied(dockerfile: Dockerfile, files: Files) -> Iterator[tuple[str, str]]:
    """The files that COPY brings along and that something which runs names, with their text."""
    sources: list[str] = []
    renamed: dict[str, str] = {}
    running: list[str] = []
    for outer in dockerfile.instructions:
        instruction = outer.onbuild or outer
        if instruction.keyword in _RUNS:
            running += [instruction.value, *(heredoc.body for heredoc in instruction.heredocs)]
        elif instruction.keyword in ("COPY", "ADD") and not any(
            flag.startswith("--from=") for flag in instruction.flags
        ):
            words = instruction.json or instruction.words
            taken = [word.removeprefix("./").strip("/") or "." for word in words[:-1]]
            sources += taken
            if len(taken) == 1 and not words[-1].endswith("/"):
                renamed[taken[0]] = words[-1]
    waiting = {path: read for path, read in files.items() if _is_among(path, sources)}
    called: set[str] = set()
    while waiting and running:
        for text in running:
            called.update(_words(text))
        running = []
        for path in list(waiting):
            names = (path, renamed.get(path, path))
            if any(basename(name) in called for name in names):
                text = (waiting.pop(path)() or b"").decode("utf-8", "replace")
                running.append(text.removeprefix("\ufeff"))
                yield path, running[-1]


def _is_among(path: str, sources: list[str]) -> bool:
    return any(
        source == "."
        or path == source
        or path.startswith(f"{source}/")
        or fnmatchcase(path, source)
        for source in sources
    )


def _words(text: str) -> Iterator[str]:
    """What a program may call by its name, and the files of the modules that it imports."""
    for found in _WORD.finditer(text):
        yield found[0].strip(".")
    for found in _IMPORT.finditer(text):
        yield from (f"{part}.py" for part in found[1].split(".") if part)
        yield from (f"{part.strip()}.py" for part in (found[2] or "").split(","))
