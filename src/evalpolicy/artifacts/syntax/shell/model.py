"""What a shell script consists of: commands, joined to pipelines and lists, nested in compounds.

Offsets count characters of the text that was read, whatever part of it a script is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

CompoundKind: TypeAlias = Literal[
    "group", "subshell", "if", "while", "until", "for", "case", "function", "cut"
]


class ShellWord(Struct, frozen=True):
    """A word without its quotes; its range includes them.

    `expands` says that a variable or a substitution is part of it (outside single quotes);
    `text` keeps these as written.
    """

    text: str
    start: int
    end: int
    expands: bool = False
    quoted: bool = False


class Redirect(Struct, frozen=True):
    """`2>/dev/null`: the operator with its file descriptor, and the target.

    `number` counts a here-document from 0, the key of its body in `Script.heres`; else -1.
    """

    operator: str
    target: ShellWord | None
    number: int = -1


class SimpleCommand(Struct, frozen=True):
    """A simple command; `[[ … ]]` and `(( … ))` count as ones.

    `inner` are the scripts of its substitutions, in their order.
    """

    words: tuple[ShellWord, ...]
    assignments: tuple[ShellWord, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    inner: tuple[Lists, ...] = ()

    @property
    def text(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)

    @property
    def shown(self) -> str:
        """The command as a message names it: its program, `exit` with its code."""
        return " ".join(self.text[: 2 if self.text[:1] in (("exit",), ("return",)) else 1])


class Compound(Struct, frozen=True):
    """A compound command.

    `parts`: of `if` each condition and what follows it, then what stands behind `else`; of
    `while` and `until` the condition and the body; of `case` each branch; else the body alone.
    `words` are those of `for` and `case`, or the function's name. `cut`: nested too deep to read.
    """

    kind: CompoundKind
    parts: tuple[Lists, ...]
    words: tuple[ShellWord, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    inner: tuple[Lists, ...] = ()


class Pipeline(Struct, frozen=True):
    """Commands joined by `|`; `negated` by `!`."""

    commands: tuple[SimpleCommand | Compound, ...]
    negated: bool = False


class AndOr(Struct, frozen=True):
    """Pipelines joined by `&&` and `||`, one operator less than there are pipelines."""

    pipelines: tuple[Pipeline, ...]
    operators: tuple[str, ...]
    background: bool
    start: int
    end: int


Lists: TypeAlias = tuple[AndOr, ...]
Node: TypeAlias = SimpleCommand | Compound


class Script(Struct, frozen=True):
    """A whole script: its lists, and every simple command of it, however deep, in order.

    A substitution's commands come before the command that it stands in. `heres` are the ranges
    of the here-documents' bodies, `loops` the variables that `for` and `select` set.
    """

    text: str
    lists: Lists
    commands: tuple[SimpleCommand, ...]
    heres: tuple[tuple[int, int], ...] = ()
    loops: tuple[str, ...] = ()


def loop_words(lists: Lists) -> Iterator[tuple[ShellWord, ...]]:
    """The variable of each `for` and what it goes through, however deep it stands."""
    for each in lists:
        for pipeline in each.pipelines:
            for node in pipeline.commands:
                if isinstance(node, Compound):
                    if node.kind == "for":
                        yield node.words
                    for part in node.parts:
                        yield from loop_words(part)
