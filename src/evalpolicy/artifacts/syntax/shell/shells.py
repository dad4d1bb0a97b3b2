"""Shells that a command starts: with which options, and the script that they read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.model import Script, ShellWord, SimpleCommand
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import Words, basename, unwrapped

MAX_SHELLS = 10
"""Shells within shells (`sh -c '…'`, `sh <<E`) beyond this are not read."""

_SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh", "ksh"))


class Options(NamedTuple):
    """What a shell starts with."""

    errexit: bool = False
    pipefail: bool = False


NO_OPTIONS = Options()


class ShellCall(Struct, frozen=True):
    """`bash -eo pipefail -c '…'`: the script's word, or whether it is read from standard input.

    Neither: the script is a file.
    """

    options: Options
    script: ShellWord | None = None
    reads: bool = False


def shell_call(words: Words) -> ShellCall | None:
    """How a shell is called; None if the command is not a shell."""
    if not words or basename(words[0].text) not in _SHELLS:
        return None
    letters, at = switched(words)
    options = Options(*(letters.get(name, False) for name in Options._fields))
    rest = words[at:]
    if letters.get("c"):
        return ShellCall(options, rest[0] if rest else None)
    return ShellCall(options, None, not rest or "s" in letters)


def shell_options(line: str) -> Options | None:
    """What a line that calls a shell switches on; None if it calls none."""
    for command in parse(line).commands[:1]:
        if (call := shell_call(unwrapped(command.words))) is not None:
            return call.options
    return None


def switched(words: Words) -> tuple[dict[str, bool], int]:
    """The options of a shell or of `set`, by letter or long name, and where others words begin."""
    found: dict[str, bool] = {}
    at = 1
    while at < len(words) and (text := words[at].text)[:1] in ("-", "+"):
        at += 1
        if text.startswith("--") or text == "-":
            if text in ("--", "-"):
                break
            at += text in ("--rcfile", "--init-file")
            continue
        for letter in text[1:]:
            if letter in "oO" and at < len(words):
                found[words[at].text] = text[0] == "-"
                at += 1
            else:
                found["errexit" if letter == "e" else letter] = text[0] == "-"
    return found, at


def names_shell(first_line: str) -> bool:
    """Whether a `#!` line names a shell; a script without one is the shell's own."""
    if not first_line.startswith("#!"):
        return True
    return any(basename(part) in _SHELLS for part in first_line[2:].split()[:3])


def quoted_range(script: str, word: ShellWord) -> tuple[int, int] | None:
    """The range within the quotes of a word that is one quoted string without escapes."""
    written = script[word.start : word.end]
    if written[:1] in "'\"" and written[-1:] == written[:1] and written[1:-1] == word.text:
        return word.start + 1, word.end - 1
    return None


def scripts_within(script: Script, command: SimpleCommand) -> list[tuple[int, int]]:
    """The ranges of a script's text that a command hands to a shell: `sh -c '…'`, `sh <<E`."""
    call = shell_call(unwrapped(command.words))
    if call is None:
        return []
    within = None if call.script is None else quoted_range(script.text, call.script)
    found = [] if within is None else [within]
    if call.reads:
        found += [script.heres[each.number] for each in command.redirects if each.number >= 0]
    return [(start, end) for start, end in found if end > start]


def with_inner(script: Script, depth: int = 0) -> Iterator[SimpleCommand]:
    """The commands of a script, each before those that it hands to a shell."""
    for command in script.commands:
        yield command
        for start, end in scripts_within(script, command) if depth < MAX_SHELLS else ():
            yield from with_inner(parse(script.text, start, end), depth + 1)
