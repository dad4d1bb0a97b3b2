"""Lists, pipelines and simple commands of the shell's language, with redirections.

After IEEE Std 1003.1, section 2.7, 2.9.1 to 2.9.3, with bash's `&>`, `|&` and `<<<`.
"""

from __future__ import annotations

import re

from evalpolicy.artifacts.syntax.shell.model import (
    AndOr,
    Compound,
    Lists,
    Node,
    Pipeline,
    Redirect,
    ShellWord,
    SimpleCommand,
)
from evalpolicy.artifacts.syntax.shell.words import ASSIGNMENT, MAX_DEPTH, WordReader

_OPERATOR = re.compile(r"&&|\|\||;;&|;;|;&|\|&|[;&|()]|\n")
_REDIRECT = re.compile(r"(?:[0-9]+|\{\w+\})?(?:&>>?|<<<|<<-?|<>|<&|>>|>&|>\||[<>])")
_HERE = re.compile(r"[0-9]*<<-?")
_RESERVED = re.compile(
    r"(?:if|then|elif|else|fi|while|until|do|done|for|select|case|esac|function|coproc"
    r"|time(?![ \t]+-[^p])|\{|\}|!|\[\[)(?=[\s;&|()<>`]|\Z)"
)
# What operators and reserved words begin with.
_OPERATES = frozenset("&|;()\n")
_BEGINNINGS = frozenset("itefwudsc{}![")
_PARENTHESES = re.compile(r"\([ \t]*\)")
NONE: frozenset[str] = frozenset()


class ListReader(WordReader):
    """Reads lists; `found` collects their simple commands, `heres` the here-documents."""

    def __init__(self, text: str, at: int, end: int) -> None:
        super().__init__(text, at, end)
        self.found: list[SimpleCommand] = []
        self.heres: list[tuple[int, int]] = []
        self.loops: list[str] = []
        self.pending: list[tuple[str, bool, int]] = []

    def nested(self, closer: str) -> Lists:
        if self.depth >= MAX_DEPTH:
            self.at = self.end
            return ()
        self.depth += 1
        outer = self.pending, self.inner
        self.pending, self.inner = [], []
        lists = list(self.lists(NONE))
        while self.at < self.end:
            operator = self.operator()
            self.at += len(operator)
            if operator == closer:
                break
            lists += self.lists(NONE)
        self._bodies()
        self.pending, self.inner = outer
        self.depth -= 1
        return tuple(lists)

    def lists(self, ends: frozenset[str]) -> Lists:
        """The lists up to a reserved word of `ends`, a `)`, a `;;` or the end: it stays there."""
        found: list[AndOr] = []
        while self.next() and not (ends and self.reserved() in ends):
            operator = self.operator()
            if operator and operator not in (";", "&", "(", "|", "&&", "||", "|&"):
                break
            before = self.at
            if operator and operator != "(":
                self.at += len(operator)  # an operator without a command before it
            elif (item := self._and_or()).pipelines:
                found.append(item)
            elif self.at == before:
                self.at += 1
        return tuple(found)

    def next(self) -> bool:
        """Steps over blanks, comments and line ends; whether anything follows."""
        while True:
            if not self.blank():
                return False
            char = self.text[self.at]
            if char == "#":
                stop = self.text.find("\n", self.at, self.end)
                self.at = self.end if stop < 0 else stop
            elif char == "\n":
                self.at += 1
                self._bodies()
            else:
                return True

    def reserved(self) -> str:
        if self.text[self.at : self.at + 1] not in _BEGINNINGS:
            return ""
        found = _RESERVED.match(self.text, self.at, self.end)
        return found[0] if found else ""

    def take(self, word: str) -> bool:
        """Steps over blanks and line ends, and over the reserved word if it stands there."""
        if not self.next() or self.reserved() != word:
            return False
        self.at += len(word)
        self.solid = self.at
        return True

    def operator(self) -> str:
        self.blank()
        if self.text[self.at : self.at + 1] not in _OPERATES:
            return ""
        found = _OPERATOR.match(self.text, self.at, self.end)
        return found[0] if found else ""

    def _and_or(self) -> AndOr:
        start = self.at
        pipelines: list[Pipeline] = []
        operators: list[str] = []
        while (pipeline := self._pipeline()) is not None:
            pipelines.append(pipeline)
            operator = self.operator()
            if operator not in ("&&", "||"):
                break
            self.at += 2
            operators.append(operator)
            if not self.next():
                break
        else:
            operator = ""
        end = self.solid
        if operator in (";", "&", "\n"):
            self.at += 1
            if operator == "\n":
                self._bodies()
        del operators[max(len(pipelines) - 1, 0) :]
        return AndOr(tuple(pipelines), tuple(operators), operator == "&", start, end)

    def _pipeline(self) -> Pipeline | None:
        negated = False
        while (word := self.reserved()) in ("!", "time"):
            self.at += len(word)
            negated ^= word == "!"
            self.blank()
            if word == "time" and self.text.startswith("-p", self.at):
                self.at += 2
                self.blank()
        commands: list[Node] = []
        while (command := self.command()) is not None:
            commands.append(command)
            if (operator := self.operator()) not in ("|", "|&"):
                break
            self.at += len(operator)
            if not self.next():
                break
        return Pipeline(tuple(commands), negated) if commands else None

    def command(self) -> Node | None:
        text = self.text
        word = self.reserved()
        if not word and not text.startswith("(", self.at):
            return self._simple()
        if self.depth >= MAX_DEPTH:
            self.at = self.end
            return Compound("cut", ())
        outer, self.inner = self.inner, []
        self.depth += 1
        try:
            return self.compound(word)
        finally:
            self.depth -= 1
            self.inner = outer

    def noted(self, command: SimpleCommand) -> SimpleCommand:
        self.found.append(command)
        return command

    def _simple(self) -> Node | None:
        text, end = self.text, self.end
        outer, self.inner = self.inner, []
        assignments: list[ShellWord] = []
        words: list[ShellWord] = []
        redirects: list[Redirect] = []
        while True:
            if not self.blank():
                break
            char = text[self.at]
            if char == "#":
                stop = text.find("\n", self.at, end)
                self.at = end if stop < 0 else stop
                break
            if char in "<>&{0123456789" and self.redirect(redirects):
                continue
            if char in "&|;()\n":
                break
            word = self.word()
            if words or not ASSIGNMENT.match(text, word.start):
                words.append(word)
            else:
                assignments.append(word)
        inner, self.inner = tuple(self.inner), outer
        if len(words) == 1 and not redirects and self._defines():
            self.depth += 1
            function = self.function(words[0]) if self.depth < MAX_DEPTH else None
            self.depth -= 1
            return function
        if not (words or assignments or redirects):
            return None
        return self.noted(SimpleCommand(tuple(words), tuple(assignments), tuple(redirects), inner))

    def _defines(self) -> bool:
        """Whether `()` follows, as behind a function's name."""
        return _PARENTHESES.match(self.text, self.at, self.end) is not None

    def redirect(self, redirects: list[Redirect]) -> bool:
        """Reads a redirection and adds it, if one stands here."""
        self.blank()
        found = _REDIRECT.match(self.text, self.at, self.end)
        if found is None or self.text.startswith(("<(", ">("), self.at):
            return False
        self.at = found.end()
        target = None
        if self.blank() and not _OPERATOR.match(self.text, self.at, self.end):
            target = self.word()
        if target is None or not _HERE.fullmatch(found[0]):
            redirects.append(Redirect(found[0], target))
            return True
        redirects.append(Redirect(found[0], target, len(self.heres)))
        self.pending.append((target.text, found[0].endswith("-"), len(self.heres)))
        self.heres.append((self.end, self.end))
        return True

    def _bodies(self) -> None:
        """Steps over the here-documents that begin behind this line end."""
        for name, chomp, number in self.pending:
            start = self.at
            stop = self.end
            while self.at < self.end:
                line_end = self.text.find("\n", self.at, self.end)
                line_end = self.end if line_end < 0 else line_end
                line = self.text[self.at : line_end].rstrip("\r")
                here, self.at = self.at, min(line_end + 1, self.end)
                if (line.lstrip("\t") if chomp else line) == name:
                    stop = here
                    break
            self.heres[number] = (start, stop)
        self.pending.clear()

    def compound(self, word: str) -> Node | None:
        """The compound command that a reserved word begins, or a bracket (`word` is empty)."""
        raise NotImplementedError

    def function(self, name: ShellWord) -> Compound:
        """The function of that name, whose `()` or body follows."""
        raise NotImplementedError
