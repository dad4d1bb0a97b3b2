"""A shell script as lists of pipelines of commands, as far as exit codes are concerned.

It knows quotes, comments, continued lines, heredocs, substitutions and operators (POSIX shell
grammar, Bash's `|&` and `[[`); it expands nothing. What it does not understand, it reads as words:
it never fails.
"""

from __future__ import annotations

import re

from msgspec import Struct

KEYWORDS = frozenset({"if", "elif", "while", "until", "then", "else", "do", "{", "!", "time"})
_CONDITIONS = frozenset({"if", "elif", "while", "until"})
_OPERATOR = re.compile(r"&&|\|\||\|&|;;|[;|&\n()]")
_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([\w.-]+))")
_REDIRECT = re.compile(r"[0-9]*(?:&>>?|>&|<&|>\||<<<|<>|>>?|<)")
_PLAIN = re.compile(r"[^\s\\'\"`$|&;()<>#]+")
_DOUBLE = re.compile(r"[^\"\\`$]+")
# What heredocs, redirections and operators begin with.
_MEANING = frozenset("<>&|;\n()0123456789")
_BLANK = re.compile(r"[ \t\r]+")
_DEEPEST = 20


class Word(Struct, frozen=True):
    """A word with its quotes taken off; `quoted` says that it had any. Lines count from 1."""

    text: str
    line: int
    column: int
    quoted: bool = False


class Command(Struct, frozen=True):
    """A simple command. `inner` are the scripts of its `$(…)` and backticks."""

    words: tuple[Word, ...]
    keywords: tuple[str, ...] = ()
    inner: tuple[Script, ...] = ()

    @property
    def text(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)


class Pipeline(Struct, frozen=True):
    """Commands joined by `|`; `then` is the operator behind them."""

    commands: tuple[Command, ...]
    then: str

    @property
    def is_condition(self) -> bool:
        """Whether its exit code is asked for: `if …`, `while …`, `! …`."""
        first = self.commands[0].keywords
        return "!" in first or any(word in _CONDITIONS for word in first)


class Script(Struct, frozen=True):
    """Lists of pipelines; within a list they are joined by `&&` and `||`."""

    lists: tuple[tuple[Pipeline, ...], ...]

    def pipelines(self) -> tuple[Pipeline, ...]:
        return tuple(pipeline for joined in self.lists for pipeline in joined)


def parse(text: str, line: int = 1, column: int = 1) -> Script:
    """Reads a script that begins at a line and column of its file."""
    return _Reader(text, line, column, 0).script("")


class _Reader:
    def __init__(self, text: str, line: int, column: int, depth: int) -> None:
        self.text = text
        self.at = 0
        self.line = line
        self.start = -(column - 1)
        self.depth = depth
        self.heredocs: list[tuple[bool, str]] = []
        self.inner: list[Script] = []

    def script(self, closing: str) -> Script:
        lists: list[tuple[Pipeline, ...]] = []
        joined: list[Pipeline] = []
        piped: list[Command] = []
        words: list[Word] = []

        def end(operator: str) -> None:
            command = _command(words, self.inner)
            words.clear()
            self.inner = []
            if command is not None:
                piped.append(command)
            if operator in ("|", "|&"):
                return
            if piped:
                joined.append(Pipeline(tuple(piped), operator))
                piped.clear()
            if operator not in ("&&", "||") and joined:
                lists.append(tuple(joined))
                joined.clear()

        while self.at < len(self.text):
            character = self.text[self.at]
            if character in " \t\r" and (blank := _BLANK.match(self.text, self.at)):
                self.at = blank.end()
            elif character == "\\" and self.text.startswith("\\\n", self.at):
                self.advance(self.at + 2)
            elif character == "#":
                stop = self.text.find("\n", self.at)
                self.at = len(self.text) if stop < 0 else stop
            elif character == closing:
                self.at += 1
                break
            elif character not in _MEANING:
                words.append(self.word(closing))
            elif (heredoc := _HEREDOC.match(self.text, self.at)) is not None:
                name = heredoc[2] or heredoc[3] or heredoc[4]
                self.heredocs.append((heredoc[1] == "-", name))
                self.at = heredoc.end()
            elif (redirect := _REDIRECT.match(self.text, self.at)) is not None:
                self.at = redirect.end()
                self.redirected()
            elif (operator := _OPERATOR.match(self.text, self.at)) is not None:
                waits = operator[0] == "\n" and not words and bool(piped or joined)
                self.advance(operator.end())
                if operator[0] == "\n":
                    self.skip_heredocs()
                # A line may end behind `|`, `&&` and `||`.
                if not waits:
                    end(operator[0])
            else:
                words.append(self.word(closing))
        end("")
        return Script(tuple(lists))

    def redirected(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1
        if self.text.startswith("(", self.at):
            self.at += 1
            self.substitution(")")
        elif self.at < len(self.text) and self.text[self.at] not in "\n;|&()":
            self.word("")

    def advance(self, to: int) -> None:
        passed = self.text[self.at : to]
        if "\n" in passed:
            self.line += passed.count("\n")
            self.start = self.at + passed.rindex("\n") + 1
        self.at = to

    def word(self, closing: str) -> Word:
        line, column = self.line, self.at - self.start + 1
        parts: list[str] = []
        quoted = False
        while self.at < len(self.text) and (character := self.text[self.at]) not in " \t\n":
            if plain := _PLAIN.match(self.text, self.at):
                if closing == "`" and "`" in plain[0]:
                    break
                parts.append(plain[0])
                self.at = plain.end()
            elif character == "\\":
                parts.append(self.text[self.at + 1 : self.at + 2].replace("\n", ""))
                self.advance(min(self.at + 2, len(self.text)))
            elif character == "'":
                quoted = True
                stop = self.text.find("'", self.at + 1)
                stop = len(self.text) if stop < 0 else stop
                parts.append(self.text[self.at + 1 : stop])
                self.advance(min(stop + 1, len(self.text)))
            elif character == '"':
                quoted = True
                parts.append(self.double())
            elif character in "$`" and not (character == "`" and closing == "`"):
                parts.append(self.dollar())
            elif character == "#":
                parts.append("#")
                self.at += 1
            else:
                break
        if line == self.line and column == self.at - self.start + 1:
            # Nothing was taken: a character that means nothing here.
            self.advance(self.at + 1)
        return Word("".join(parts), line, column, quoted)

    def double(self) -> str:
        self.at += 1
        parts: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if plain := _DOUBLE.match(self.text, self.at):
                parts.append(plain[0])
                self.advance(plain.end())
            elif character == '"':
                self.at += 1
                break
            elif character == "\\":
                parts.append(self.text[self.at + 1 : self.at + 2])
                self.advance(min(self.at + 2, len(self.text)))
            else:
                parts.append(self.dollar())
        return "".join(parts)

    def dollar(self) -> str:
        begin = self.at
        if self.text.startswith("${{", self.at):
            # An expression of GitHub's, which is gone before a shell reads the line.
            stop = self.text.find("}}", self.at)
            self.advance(len(self.text) if stop < 0 else stop + 2)
        elif self.text.startswith("$((", self.at):
            stop = self.text.find("))", self.at)
            self.advance(len(self.text) if stop < 0 else stop + 2)
        elif self.text.startswith("$(", self.at):
            self.at += 2
            self.substitution(")")
        elif self.text[self.at] == "`":
            self.at += 1
            self.substitution("`")
        elif self.text.startswith("${", self.at):
            stop = self.text.find("}", self.at)
            self.advance(len(self.text) if stop < 0 else stop + 1)
        else:
            self.at += 1
        return self.text[begin : self.at]

    def substitution(self, closing: str) -> None:
        """Reads `$(…)` up to its end; beyond a depth that no script has, as plain text."""
        if self.depth >= _DEEPEST:
            self.advance(len(self.text))
            return
        outer, heredocs = self.inner, self.heredocs
        self.inner, self.heredocs = [], []
        self.depth += 1
        found = self.script(closing)
        self.depth -= 1
        outer.append(found)
        self.inner, self.heredocs = outer, heredocs

    def skip_heredocs(self) -> None:
        for indented, name in self.heredocs:
            while self.at < len(self.text):
                stop = self.text.find("\n", self.at)
                stop = len(self.text) if stop < 0 else stop
                line = self.text[self.at : stop]
                self.advance(min(stop + 1, len(self.text)))
                if (line.lstrip("\t") if indented else line).rstrip("\r") == name:
                    break
        self.heredocs = []


def _command(words: list[Word], inner: list[Script]) -> Command | None:
    keywords = []
    rest = list(words)
    while rest and not rest[0].quoted and rest[0].text in KEYWORDS:
        keywords.append(rest.pop(0).text)
    if not rest and not inner and not any(k in _CONDITIONS for k in keywords):
        return None
    return Command(tuple(rest), tuple(keywords), tuple(inner))
