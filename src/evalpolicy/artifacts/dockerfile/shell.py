"""Word expansion as BuildKit's `shell.Lex` does it (frontend/dockerfile/shell/lex.go, v0.33).

It is not a POSIX shell: `$$`, `$?` and `$1` are variables that are never set; an escape inside
double quotes only escapes `"`, `$` and itself; `${x:#p}` is an error; in `${x/p/r}` the pattern
takes `*` and `?` and no brackets.

Docker's engine 20.10 has the forms `-`, `+` and `?` (with and without a colon) only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct, field

from .goscan import BYTE_ORDER_MARK, SPACE, is_name_character
from .pattern import ShellPatternError, replace, trim_prefix, trim_suffix

MAX_DEPTH = 100
"""How deep `${a:-${b:-…}}` may nest. BuildKit has no limit but its stack."""

MAX_EXPANDED = 16 * 1024 * 1024
"""How many characters all expansions of one file may make: doubling a variable must end."""

_SPECIAL_PARAMETERS = frozenset("@*#?-$!0")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPACES = re.compile(f"[{SPACE}]+")
_NO_NAMES: tuple[str, ...] = ()


class WordError(ValueError):
    """A word that BuildKit refuses to expand."""


class UnsuppliedError(WordError):
    """A word that BuildKit rejects as long as a variable is not set: `${x:?message}`."""


class ExpansionBudget(Struct):
    """What one file may still expand to."""

    left: int = MAX_EXPANDED

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise WordError(f"the file's words expand to more than {MAX_EXPANDED} characters")


class Expansion(Struct, frozen=True):
    """A word with its variables replaced.

    `names` are all variables that the word mentions, `unresolved` those that are not set and
    left a gap; a variable with a default (`${x:-y}`) or a test (`${x:+y}`) leaves none.
    """

    text: str
    names: tuple[str, ...] = _NO_NAMES
    unresolved: tuple[str, ...] = _NO_NAMES


class Lex(Struct, frozen=True):
    """How to read words: the escape character of the file, and what is kept as it stands."""

    escape: str = "\\"
    raw_quotes: bool = False
    raw_escapes: bool = False
    skip_quotes: bool = False
    keep_unset: bool = False
    budget: ExpansionBudget = field(default_factory=ExpansionBudget)

    def expand(self, word: str, env: Mapping[str, str]) -> Expansion:
        """The word without its quotes and with its variables' values (`ProcessWord`).

        Raises WordError.
        """
        if found := _simple(self.escape).match(word):
            keep = self.raw_quotes or self.skip_quotes
            return Expansion(word if keep else found[found.lastindex or 0])
        reader = _WordReader(self, word, env, collect=False)
        text = reader.read(None, self.raw_escapes)
        self.budget.spend(len(text))
        return Expansion(
            text, tuple(dict.fromkeys(reader.names)), tuple(dict.fromkeys(reader.gaps))
        )

    def words(self, line: str) -> list[str]:
        """The words of a line, no variable being set (`ProcessWords`). Raises WordError."""
        reader = _WordReader(self, line, {}, collect=True)
        reader.read(None, self.raw_escapes)
        return reader.words


@lru_cache(maxsize=8)
def _simple(escape: str) -> re.Pattern[str]:
    """A word without anything to expand, at most in quotes."""
    plain = f"[^$'\"{re.escape(escape)}{BYTE_ORDER_MARK}]*"
    return re.compile(f"{plain}\\Z|\"({plain})\"\\Z|'({plain})'\\Z")


@lru_cache(maxsize=32)
def _run(escape: str, stop: str, quotes: bool) -> re.Pattern[str]:
    """A run of characters without a meaning of their own."""
    special = "$<" + escape + stop + ("'\"" if quotes else "")
    return re.compile(f"[^{re.escape(special)}]+")


class _WordReader:
    """One pass over one word; `names` and `gaps` fill up on the way."""

    __slots__ = (
        "buffer",
        "collect",
        "depth",
        "env",
        "gaps",
        "lex",
        "names",
        "pos",
        "raw",
        "text",
        "words",
    )

    def __init__(self, lex: Lex, text: str, env: Mapping[str, str], *, collect: bool) -> None:
        self.lex = lex
        # text/scanner, through which BuildKit reads, drops a byte order mark at the start.
        self.text = text[1:] if text.startswith(BYTE_ORDER_MARK) else text
        self.env = env
        self.pos = 0
        self.raw = lex.raw_escapes
        self.depth = 0
        self.names: list[str] = []
        self.gaps: list[str] = []
        self.collect = collect
        self.words: list[str] = []
        self.buffer: list[str] = []

    def peek(self) -> str:
        """The next character, or "" at the end."""
        return self.text[self.pos : self.pos + 1]

    def next(self) -> str:
        char = self.text[self.pos : self.pos + 1]
        self.pos += 1
        return char

    def read(self, stop: str | None, raw: bool) -> str:
        """Everything up to `stop` (`processStopOn`); `words` are those found on the way."""
        outer, self.raw = self.raw, raw
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise WordError(f"substitutions nest deeper than {MAX_DEPTH}")
        lex, text = self.lex, self.text
        run = _run(lex.escape, stop or "", not lex.skip_quotes)
        out: list[str] = []
        words: list[str] = []
        while self.pos < len(text):
            if found := run.match(text, self.pos):
                self.pos = found.end()
                piece = found.group()
                self._add(piece, words)
                out.append(piece)
                continue
            char = text[self.pos]
            if char == stop:
                self.pos += 1
                break
            if char == lex.escape:
                self.pos += 1
                if raw:
                    out.append(char)
                    self.buffer.append(char)
                escaped = self.next()
                out.append(escaped)
                self.buffer.append(escaped)
                continue
            if char == "$":
                piece = self._dollar()
                self._add(piece, words)
            else:
                piece = self._heredoc() if char == "<" else self._quoted(char)
                self.buffer.append(piece)
            out.append(piece)
        else:
            if stop is not None:
                raise WordError(f"the substitution has no closing {stop}")
        # All levels share one buffer for the current word, as in BuildKit: at the end of a
        # substitution's inner word, what stood before it is forgotten with it.
        self._flush(words)
        self.words = words
        self.raw = outer
        self.depth -= 1
        return "".join(out)

    def _add(self, piece: str, words: list[str]) -> None:
        if not self.collect:
            return
        parts = _SPACES.split(piece)
        for part in parts[:-1]:
            self.buffer.append(part)
            self._flush(words)
        self.buffer.append(parts[-1])

    def _flush(self, words: list[str]) -> None:
        if self.collect:
            if word := "".join(self.buffer):
                words.append(word)
            self.buffer.clear()

    def _heredoc(self) -> str:
        self.pos += 1
        if self.peek() != "<":
            return "<"
        start = self.pos
        self.pos += 1
        while self.peek() in ("\t", "\r", " "):
            self.pos += 1
        return "<" + self.text[start : self.pos]

    def _quoted(self, quote: str) -> str:
        return self._single() if quote == "'" else self._double()

    def _single(self) -> str:
        end = self.text.find("'", self.pos + 1)
        if end < 0:
            raise WordError("a single quote is not closed")
        inner = self.text[self.pos + 1 : end]
        self.pos = end + 1
        return f"'{inner}'" if self.lex.raw_quotes else inner

    def _double(self) -> str:
        lex = self.lex
        quote = '"' if lex.raw_quotes else ""
        run = _run(lex.escape, '"', True)
        self.pos += 1
        out = [quote]
        while True:
            if found := run.match(self.text, self.pos):
                self.pos = found.end()
                out.append(found.group())
                continue
            char = self.peek()
            if not char:
                raise WordError("a double quote is not closed")
            if char == "$":
                out.append(self._dollar())
                continue
            self.pos += 1
            if char == '"':
                out.append(quote)
                return "".join(out)
            if char == lex.escape:
                if self.raw:
                    out.append(char)
                following = self.peek()
                if not following:
                    continue
                if following in ('"', "$", lex.escape):
                    self.pos += 1
                    char = following
            out.append(char)

    def _name(self) -> str:
        if found := _NAME.match(self.text, self.pos):
            end = found.end()
        else:
            end = self.pos
            first = self.peek()
            if first.isdecimal():
                while self.text[end : end + 1].isdecimal():
                    end += 1
                return self._take(end)
            if first in _SPECIAL_PARAMETERS:
                return self._take(end + 1) if first else ""
        while end < len(self.text) and is_name_character(self.text[end]):
            end += 1
        return self._take(end)

    def _take(self, end: int) -> str:
        taken = self.text[self.pos : end]
        self.pos = end
        return taken

    def _value(self, name: str) -> str | None:
        self.names.append(name)
        return self.env.get(name)

    def _or_gap(self, name: str, value: str | None) -> str:
        if value is None:
            self.gaps.append(name)
            return ""
        return value

    def _dollar(self) -> str:
        self.pos += 1
        if self.peek() != "{":
            name = self._name()
            if not name:
                return "$"
            value = self._value(name)
            if value is None and self.lex.keep_unset:
                return "$" + name
            return self._or_gap(name, value)
        self.pos += 1
        following = self.peek()
        if not following:
            raise WordError("a substitution has no closing }")
        if following in "{}:":
            raise WordError("bad substitution: a name must follow ${")
        name = self._name()
        operator = self.next()
        if not operator:
            raise WordError("a substitution has no closing }")
        if operator == "}":
            value = self._value(name)
            if value is None and self.lex.keep_unset:
                return "${" + name + "}"
            return self._or_gap(name, value)
        if operator == "/":
            return self._replaced(name)
        colon = operator == ":"
        if colon:
            operator = self.next()
        elif operator not in tuple("+-?#%"):
            raise WordError(f"${{{name}{operator}…}} is not a substitution that BuildKit supports")
        return self._modified(name, operator, colon)

    def _modified(self, name: str, operator: str, colon: bool) -> str:
        """`${name-word}` and its kin, behind the operator."""
        pattern = operator in ("#", "%")
        sign = ":" * colon + operator
        if colon and pattern:
            raise WordError(f"${{{name}{sign}…}} is not a substitution that BuildKit supports")
        before = len(self.gaps)
        word = self.read("}", pattern)
        inner = self.gaps[before:]
        del self.gaps[before:]
        value = self._value(name)
        if value is None and self.lex.keep_unset:
            return "${" + name + sign + word + "}"
        missing = value is None or (colon and value == "")
        match operator:
            case "-":
                if missing:
                    self.gaps += inner
                    return word
                return value or ""
            case "+":
                if missing:
                    return ""
                self.gaps += inner
                return word
            case "?":
                if missing:
                    if value is None:
                        raise UnsuppliedError(f"{name}: {word or 'is not allowed to be unset'}")
                    raise WordError(f"{name}: {word or 'is not allowed to be empty'}")
                return value or ""
            case "#" | "%":
                self.gaps += inner
                greedy = word.startswith(operator)
                trim = trim_suffix if operator == "%" else trim_prefix
                try:
                    return trim(word[greedy:], self._or_gap(name, value), greedy)
                except ShellPatternError as error:
                    raise WordError(str(error)) from None
        raise WordError(f"${{{name}{sign}…}} is not a substitution that BuildKit supports")

    def _replaced(self, name: str) -> str:
        """`${name/pattern/replacement}`, behind the first slash."""
        everywhere = self.peek() == "/"
        if everywhere:
            self.pos += 1
        pattern = self.read("/", True)
        replacement = self.read("}", True)
        value = self._value(name)
        if value is None and self.lex.keep_unset:
            # BuildKit forgets a second slash here; it only ever looks for heredocs in this way.
            return "${" + name + "/" + pattern + "/" + replacement + "}"
        try:
            return replace(pattern, self._or_gap(name, value), replacement, everywhere)
        except ShellPatternError as error:
            raise WordError(str(error)) from None
