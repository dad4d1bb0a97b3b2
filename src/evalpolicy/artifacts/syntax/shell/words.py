"""Words of the shell's language: quotes, escapes, expansions.

After IEEE Std 1003.1, section 2.2 to 2.6, with bash's `$'…'`, `<(…)` and `a=(…)`, and with the
`${{ … }}` of GitHub's workflows, whose value stands there before a shell reads the line.
"""

from __future__ import annotations

import re

from evalpolicy.artifacts.syntax.shell.model import Lists, ShellWord

MAX_DEPTH = 30
"""Substitutions and compounds within one another beyond this are taken as text."""

_BLANK = re.compile(r"(?:[ \t\r]|\\\r?\n)+")
_BLANKS = frozenset(" \t\r\\")
_PLAIN = re.compile(r"[^\s\\'\"`$&|;()<>]+")
_DOUBLE = re.compile(r"[^\"\\`$]+")
_NAME = re.compile(r"\$(?:\w+|[@*#?$!-])")
_BACKQUOTED = re.compile(r"(?:[^\\`]+|\\.)*", re.DOTALL)
_ANSI = re.compile(r"\$'(?:[^\\']+|\\.)*'?", re.DOTALL)
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]\s]*\])?\+?=")


def _balanced(depth: int) -> str:
    return r"[^()]*" if depth == 0 else rf"(?:[^()]|\({_balanced(depth - 1)}\))*"


ARITHMETIC = re.compile(rf"\(\({_balanced(4)}\)\)")
"""`(( … ))`; what is not balanced are two subshells."""


class WordReader:
    """Reads words from `at` on, up to `end`; `inner` collects the scripts of substitutions."""

    def __init__(self, text: str, at: int, end: int) -> None:
        self.text = text
        self.at = at
        self.end = end
        self.solid = at  # where the last word or closing bracket ends
        self.depth = 0
        self.inner: list[Lists] = []

    def nested(self, closer: str) -> Lists:
        """The script up to behind `closer`."""
        raise NotImplementedError

    def blank(self) -> bool:
        """Steps over blanks; whether anything follows."""
        if self.text[self.at : self.at + 1] in _BLANKS and (
            gap := _BLANK.match(self.text, self.at, self.end)
        ):
            self.at = gap.end()
        return self.at < self.end

    def word(self) -> ShellWord:
        """The word at `at`, one character at least."""
        text, end = self.text, self.end
        start = self.at
        parts: list[str] = []
        expands = quoted = False
        while self.at < end and (char := text[self.at]) not in " \t\n":
            if plain := _PLAIN.match(text, self.at, end):
                parts.append(plain[0])
                self.at = plain.end()
                if text.startswith("(", self.at) and self._assigns(start):
                    parts.append(self._array())
            elif char == "\\":
                if text.startswith(("\n", "\r\n"), self.at + 1):
                    self.at = text.index("\n", self.at) + 1
                    continue
                parts.append(text[self.at + 1 : min(self.at + 2, end)])
                quoted = True
                self.at = min(self.at + 2, end)
            elif char == "'":
                stop = text.find("'", self.at + 1, end)
                stop = end if stop < 0 else stop
                parts.append(text[self.at + 1 : stop])
                quoted = True
                self.at = min(stop + 1, end)
            elif char == '"':
                inner, inner_expands = self._double()
                parts.append(inner)
                quoted = True
                expands = expands or inner_expands
            elif char == "$" and (ansi := _ANSI.match(text, self.at, end)):
                parts.append(ansi[0][2:].removesuffix("'"))
                quoted = True
                self.at = ansi.end()
            elif char in "$`" or (char in "<>" and text.startswith("(", self.at + 1)):
                begin = self.at
                self._expansion()
                expands = expands or self.at > begin + 1
                parts.append(text[begin : self.at])
            else:
                break
        if self.at == start:  # a character that begins nothing
            parts.append(text[start])
            self.at += 1
        self.solid = self.at
        return ShellWord("".join(parts), start, self.at, expands, quoted)

    def _assigns(self, start: int) -> bool:
        """Whether the word that began at `start` is `name=` up to here."""
        found = ASSIGNMENT.fullmatch(self.text, start, self.at)
        return found is not None and self.depth < MAX_DEPTH

    def _array(self) -> str:
        """Steps over `(a b $(c))`, the value of an array."""
        begin = self.at
        self.depth += 1
        self.at += 1
        while self.at < self.end and self.text[self.at] != ")":
            if self.text[self.at] in " \t\r\n":
                self.at += 1
            else:
                self.word()
        self.depth -= 1
        self.at = min(self.at + 1, self.end)
        return self.text[begin : self.at]

    def _double(self) -> tuple[str, bool]:
        """The text within double quotes, and whether it expands."""
        text = self.text
        self.at += 1
        parts: list[str] = []
        expands = False
        while self.at < self.end and text[self.at] != '"':
            if plain := _DOUBLE.match(text, self.at, self.end):
                parts.append(plain[0])
                self.at = plain.end()
            elif text[self.at] == "\\":
                escaped = text[self.at + 1 : min(self.at + 2, self.end)]
                if escaped != "\n":
                    parts.append(escaped if escaped in ('"', "\\", "$", "`") else "\\" + escaped)
                self.at = min(self.at + 2, self.end)
            else:
                begin = self.at
                self._expansion()
                expands = expands or self.at > begin + 1
                parts.append(text[begin : self.at])
        self.at = min(self.at + 1, self.end)
        return "".join(parts), expands

    def _expansion(self) -> None:
        """Steps over `$…`, a backquoted or a process substitution, whose script it reads."""
        text, at = self.text, self.at
        if text.startswith("${{", at):
            stop = text.find("}}", at, self.end)
            self.at = self.end if stop < 0 else stop + 2
        elif found := ARITHMETIC.match(text, at + 1, self.end):
            self.at = found.end()
        elif text.startswith(("$(", "<(", ">("), at):
            self.at += 2
            self.inner.append(self.nested(")"))
        elif text[at] == "`":
            self._backquoted()
        elif text.startswith("${", at):
            self._brace()
        else:
            name = _NAME.match(text, at, self.end)
            self.at = name.end() if name else at + 1

    def _backquoted(self) -> None:
        found = _BACKQUOTED.match(self.text, self.at + 1, self.end)
        outer, self.end = self.end, found.end() if found else self.end
        self.at += 1
        self.inner.append(self.nested(""))
        self.at, self.end = min(self.end + 1, outer), outer

    def _brace(self) -> None:
        """Steps behind the `}` that closes `${`, strings and expansions within it skipped."""
        text = self.text
        if self.depth >= MAX_DEPTH:
            self.at = self.end
            return
        self.at += 2
        self.depth += 1
        while self.at < self.end and text[self.at] != "}":
            if text[self.at] == "\\":
                self.at += 2
            elif text[self.at] == '"':
                self._double()
            elif text[self.at] in "$`":
                self._expansion()
            else:
                self.at += 1
        self.depth -= 1
        self.at = min(self.at + 1, self.end)
