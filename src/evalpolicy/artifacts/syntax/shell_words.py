"""A shell script's simple commands: their words with offsets, and how they are joined.

Read after the POSIX shell's grammar (IEEE Std 1003.1, section 2) with bash's `&>`, `|&`, `<<<`,
`[[ ]]` and `$'…'`, as far as it takes to know which words are a command's: quotes, escapes,
expansions, comments, redirections and here-documents. Reserved words (`if`, `do`, `{` …) open and
close nothing here: they are words before a command. Commands within `$(…)`, backquotes and
`<(…)` come out as commands too, before the one that they stand in. No text makes it fail: what is
left open is closed by the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

MAX_DEPTH = 20
"""Substitutions within substitutions beyond this are taken as text."""

_BLANK = re.compile(r"(?:[ \t\r]|\\\r?\n)+")
_PLAIN = re.compile(r"[^\s\\'\"`$&|;()<>]+")
_OPERATOR = re.compile(r"&&|\|\||;;&|;;|;&|\|&|[;&|()]|\n")
_REDIRECT = re.compile(r"(?:[0-9]+|\{\w+\})?(?:&>>?|<<<|<<-?|<>|<&|>>|>&|>\||[<>])")
_DOUBLE = re.compile(r"[^\"\\`$]+")
_NAME = re.compile(r"\$(?:\w+|[@*#?$!-])")
_HERE = re.compile(r"[0-9]*<<-?")
# What may stand before a command: reserved words, and assignments.
RESERVED = frozenset(
    ("if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "fi", "done", "esac")
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")


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

    `here` is the range of a here-document's body within the script, `number` counts the
    here-documents from 0.
    """

    operator: str
    target: ShellWord | None
    here: tuple[int, int] | None = None
    number: int = -1


class Command(Struct, frozen=True):
    """A simple command. `joined` is the operator behind it (`&&`, `;`, a line end …), or "".

    `lead` holds the reserved words and assignments before it. A command of an operator alone
    (`)`, `;;`) has no words.
    """

    words: tuple[ShellWord, ...]
    redirects: tuple[Redirect, ...]
    joined: str
    lead: tuple[ShellWord, ...] = ()


def commands(script: str) -> list[Command]:
    """All simple commands of a script, in order."""
    reader = _Reader(script)
    reader.script(len(script), 0)
    return reader.found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Command] = []
        self.heres = 0
        # By a here-document's number, where its command stands in `found`.
        self.owners: dict[int, int] = {}

    def script(self, end: int, depth: int, at: int = 0, closer: str = "") -> int:
        """Reads up to `end`, or behind the unquoted `closer` that fits; gives where it stopped."""
        text = self.text
        words: list[ShellWord] = []
        redirects: list[Redirect] = []
        pending: list[tuple[ShellWord, bool, int]] = []
        parens = 0
        while at < end:
            char = text[at]
            if char in " \t\r\\" and (gap := _BLANK.match(text, at, end)):
                at = gap.end()
                continue
            if char == "#":
                stop = text.find("\n", at, end)
                at = end if stop < 0 else stop
                continue
            if char in "<>" and text.startswith("(", at + 1):
                at = self.word(words, at, end, depth)
                continue
            if char in "<>&{0123456789" and (redirect := _REDIRECT.match(text, at, end)):
                at = self.redirect(redirect, redirects, pending, end, depth)
                continue
            if char in "&|;()\n" and (operator := _OPERATOR.match(text, at, end)):
                joined, at = operator[0], operator.end()
                if closer and joined == closer and parens == 0:
                    self.close(words, redirects, "")
                    return at
                parens += (joined == "(") - (joined == ")")
                if joined == "\n" and pending:
                    at = self.bodies(pending, redirects, at, end)
                self.close(words, redirects, joined)
                words, redirects = [], []
                continue
            at = self.word(words, at, end, depth)
        if pending:
            self.bodies(pending, redirects, end, end)
        self.close(words, redirects, "")
        return end

    def close(self, words: list[ShellWord], redirects: list[Redirect], joined: str) -> None:
        count = 0
        for word in words:
            reserved = word.text in RESERVED and not word.quoted
            if not reserved and not _ASSIGNMENT.match(self.text, word.start):
                break
            count += 1
        if words or redirects or joined not in ("\n", ""):
            command = Command(tuple(words[count:]), tuple(redirects), joined, tuple(words[:count]))
            for redirect in redirects:
                if redirect.number >= 0:
                    self.owners[redirect.number] = len(self.found)
            self.found.append(command)

    def redirect(
        self,
        found: re.Match[str],
        redirects: list[Redirect],
        pending: list[tuple[ShellWord, bool, int]],
        end: int,
        depth: int,
    ) -> int:
        at = found.end()
        if gap := _BLANK.match(self.text, at, end):
            at = gap.end()
        target: list[ShellWord] = []
        if at < end and not _OPERATOR.match(self.text, at, end):
            at = self.word(target, at, end, depth)
        word = target[0] if target else None
        if word is not None and _HERE.fullmatch(found[0]):
            pending.append((word, found[0].endswith("-"), self.heres))
            redirects.append(Redirect(found[0], word, None, self.heres))
            self.heres += 1
        else:
            redirects.append(Redirect(found[0], word))
        return at

    def bodies(
        self,
        pending: list[tuple[ShellWord, bool, int]],
        redirects: list[Redirect],
        at: int,
        end: int,
    ) -> int:
        """Steps over the here-documents that begin behind this line end."""
        heres: dict[int, tuple[int, int]] = {}
        for word, chomp, number in pending:
            start = at
            stop = end
            while at < end:
                line_end = self.text.find("\n", at, end)
                line_end = end if line_end < 0 else line_end
                line = self.text[at:line_end].rstrip("\r")
                here, at = at, min(line_end + 1, end)
                if (line.lstrip("\t") if chomp else line) == word.text:
                    stop = here
                    break
            heres[number] = (start, stop)
        pending.clear()
        redirects[:] = _with_bodies(redirects, heres)
        # The other bodies belong to commands that have ended on this line.
        for place in {self.owners[number] for number in heres if number in self.owners}:
            command = self.found[place]
            self.found[place] = replace(command, redirects=_with_bodies(command.redirects, heres))
        return at

    def word(self, words: list[ShellWord], at: int, end: int, depth: int) -> int:
        """Reads one word from `at` on and adds it; gives where it ends, always further on."""
        text = self.text
        start = at
        parts: list[str] = []
        expands = quoted = False
        while at < end and (char := text[at]) not in " \t\n":
            if plain := _PLAIN.match(text, at, end):
                parts.append(plain[0])
                at = plain.end()
            elif char == "\\":
                if text.startswith(("\n", "\r\n"), at + 1):
                    at = text.index("\n", at) + 1
                    continue
                parts.append(text[at + 1 : min(at + 2, end)])
                quoted = True
                at = min(at + 2, end)
            elif char == "'":
                stop = text.find("'", at + 1, end)
                stop = end if stop < 0 else stop
                parts.append(text[at + 1 : stop])
                quoted = True
                at = min(stop + 1, end)
            elif char == '"':
                at, inner, inner_expands = self.double(at + 1, end, depth)
                parts.append(inner)
                quoted = True
                expands = expands or inner_expands
            elif char in "$`" or (char in "<>" and text.startswith("(", at + 1)):
                stop = self.expansion(at, end, depth)
                expands = expands or stop > at + 1
                parts.append(text[at:stop])
                at = stop
            else:
                break
        if at == start:  # a character that begins nothing
            parts.append(text[at])
            at += 1
        words.append(ShellWord("".join(parts), start, at, expands, quoted))
        return at

    def double(self, at: int, end: int, depth: int) -> tuple[int, str, bool]:
        """The inside of double quotes; where it ends, its text, whether it expands."""
        text = self.text
        parts: list[str] = []
        expands = False
        while at < end and text[at] != '"':
            if plain := _DOUBLE.match(text, at, end):
                parts.append(plain[0])
                at = plain.end()
            elif text[at] == "\\":
                escaped = text[at + 1 : min(at + 2, end)]
                if escaped != "\n":
                    parts.append(escaped if escaped in ('"', "\\", "$", "`") else "\\" + escaped)
                at = min(at + 2, end)
            else:
                stop = self.expansion(at, end, depth)
                expands = expands or stop > at + 1
                parts.append(text[at:stop])
                at = stop
        return min(at + 1, end), "".join(parts), expands

    def expansion(self, at: int, end: int, depth: int) -> int:
        """Steps over `$…`, a backquoted or a process substitution, whose commands it collects."""
        text = self.text
        if text.startswith("$((", at) and (stop := text.find("))", at, end)) > 0:
            return stop + 2
        if text.startswith(("$(", "<(", ">("), at):
            if depth >= MAX_DEPTH:
                return end
            return self.script(end, depth + 1, at + 2, ")")
        if text[at] == "`":
            if depth >= MAX_DEPTH:
                return end
            stop = text.find("`", at + 1, end)
            stop = end if stop < 0 else stop
            self.script(stop, depth + 1, at + 1)
            return min(stop + 1, end)
        if text.startswith("${", at):
            return end if depth >= MAX_DEPTH else self.brace(at + 2, end, depth + 1)
        name = _NAME.match(text, at, end)
        return name.end() if name else at + 1

    def brace(self, at: int, end: int, depth: int) -> int:
        """Behind the `}` that closes `${`, strings and expansions within it skipped."""
        text = self.text
        while at < end and text[at] != "}":
            if text[at] == "\\":
                at += 2
            elif text[at] == '"':
                at = self.double(at + 1, end, depth)[0]
            elif text[at] in "$`":
                at = self.expansion(at, end, depth)
            else:
                at += 1
        return min(at + 1, end)


def _with_bodies(
    redirects: Iterable[Redirect], heres: Mapping[int, tuple[int, int]]
) -> tuple[Redirect, ...]:
    return tuple(
        replace(redirect, here=heres[redirect.number]) if redirect.number in heres else redirect
        for redirect in redirects
    )


# Commands that run the command behind them: name → its options that take a value.
_WRAPPERS = {
    "sudo": frozenset(("-u", "-g", "-h", "-p", "-C", "-r", "-t", "--user", "--group")),
    "env": frozenset(("-u", "-C", "--unset", "--chdir")),
    "time": frozenset(("-f", "-o")),
    "nice": frozenset(("-n",)),
    "timeout": frozenset(("-k", "-s", "--kill-after", "--signal")),
    "xargs": frozenset(("-I", "-n", "-P", "-L", "-d", "-a", "-E", "-s")),
    "gosu": frozenset[str](),
    "exec": frozenset(("-a",)),
    "command": frozenset[str](),
    "nohup": frozenset[str](),
    "stdbuf": frozenset(("-i", "-o", "-e")),
}
_OPERANDS = {"timeout": 1, "gosu": 1}


def unwrapped(words: tuple[ShellWord, ...]) -> tuple[ShellWord, ...]:
    """The words of the command that is really run: behind `sudo -E`, `env A=b`, `timeout 5`."""
    for _ in range(10):
        if not words or (name := basename(words[0].text)) not in _WRAPPERS:
            break
        with_value = _WRAPPERS[name]
        at = 1
        while at < len(words) and words[at].text.startswith("-"):
            if name == "command" and words[at].text in ("-v", "-V"):
                return words
            at += 2 if words[at].text in with_value else 1
        at += _OPERANDS.get(name, 0)
        while at < len(words) and _ASSIGNMENT.match(words[at].text):
            at += 1
        words = words[at:]
    return words


def basename(text: str) -> str:
    return text.rpartition("/")[2]


_SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh", "ksh"))


def is_shell(words: tuple[ShellWord, ...]) -> bool:
    """Whether the command is a shell that reads its script from standard input."""
    if not words or basename(words[0].text) not in _SHELLS:
        return False
    return all(word.text.startswith(("-", "+")) for word in words[1:]) and not any(
        _takes_command(word.text) for word in words[1:]
    )


def inline_script(words: tuple[ShellWord, ...]) -> ShellWord | None:
    """The script of `sh -c '…'`."""
    if words and basename(words[0].text) in _SHELLS:
        for option, word in pairwise(words[1:]):
            if not option.text.startswith("-"):
                return None
            if _takes_command(option.text):
                return word
    return None


def _takes_command(option: str) -> bool:
    return option.startswith("-") and not option.startswith("--") and "c" in option


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
