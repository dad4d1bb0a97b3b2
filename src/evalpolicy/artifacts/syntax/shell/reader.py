"""The one reader of shell scripts: what runs, and how it is joined.

After the grammar of the POSIX shell (IEEE Std 1003.1, section 2.10) with bash's `&>`, `|&`,
`<<<`, `[[ ]]`, `(( ))`, `function`, `select` and `coproc`. No text makes it fail: what is left
open is closed by the end, what closes nothing is passed over.

tree-sitter-bash 0.25 was tried on the same 938 scripts of the reference fleet (376 kB) and not
taken: it finds errors in 18 of the 96 of them that bash takes and GitHub writes into (`${{ … }}`),
reads `! { a; b; }` as a command `{` and `((a); b)` as arithmetic, is no faster from Python (131 ms
against 115 ms with the commands collected), and brings 3.6 MB of compiled code.
"""

from __future__ import annotations

from functools import lru_cache

from evalpolicy.artifacts.syntax.shell.lists import NONE, ListReader
from evalpolicy.artifacts.syntax.shell.model import (
    AndOr,
    Compound,
    CompoundKind,
    Lists,
    Node,
    Pipeline,
    Redirect,
    Script,
    ShellWord,
    SimpleCommand,
)
from evalpolicy.artifacts.syntax.shell.words import ARITHMETIC

_LOOPS: dict[str, CompoundKind] = {"while": "while", "until": "until"}
_FI = frozenset(("fi",))
_THEN = frozenset(("then",))
_BRANCH = frozenset(("elif", "else", "fi"))
_DO = frozenset(("do",))
_DONE = frozenset(("done",))
_BRACE = frozenset(("}",))
_ESAC = frozenset(("esac",))


@lru_cache(maxsize=256)  # several rules read the same script
def parse(text: str, start: int = 0, end: int | None = None) -> Script:
    """Reads a script, or the part of a text that is one; offsets are those of the text."""
    reader = _ScriptReader(text, start, len(text) if end is None else end)
    lists = reader.nested("")
    return Script(text, lists, tuple(reader.found), tuple(reader.heres), tuple(reader.loops))


def words_of(line: str) -> list[str]:
    """The words of a line that no shell reads, as Python's `shlex` splits it."""
    reader = _ScriptReader(line, 0, len(line))
    found = []
    while reader.next():
        found.append(reader.word().text)
    return found


class _ScriptReader(ListReader):
    def compound(self, word: str) -> Node | None:
        begin = self.at
        self.at += len(word)
        if not word:
            return self._arithmetic() or self._parentheses()
        if word == "[[":
            return self._test(begin)
        if word == "if":
            return self._if()
        if word in _LOOPS:
            condition = self.lists(_DO)
            return self._closed(_LOOPS[word], (condition, self._body()))
        if word in ("for", "select"):
            return self._for()
        if word == "case":
            return self._case()
        if word == "{":
            body = self.lists(_BRACE)
            self.take("}")
            return self._closed("group", (body,))
        if word == "function":
            return self.function(self.word()) if self.blank() else None
        if word == "coproc":
            self.blank()
            return self.command()
        return None  # it closes nothing: passed over

    def _if(self) -> Compound:
        parts = []
        while True:
            parts.append(self.lists(_THEN))
            self.take("then")
            parts.append(self.lists(_BRANCH))
            if not self.take("elif"):
                break
        if self.take("else"):
            parts.append(self.lists(_FI))
        self.take("fi")
        return self._closed("if", tuple(parts))

    def _body(self) -> Lists:
        self.take("do")
        body = self.lists(_DONE)
        self.take("done")
        return body

    def _for(self) -> Compound:
        words: list[ShellWord] = []
        self.blank()
        self._arithmetic()
        while self.blank() and self.operator() not in (";", "\n", "&", ")"):
            if words and len(words) == 1 and self.reserved() in ("do", "{"):
                break
            words.append(self.word())
        self.loops += [word.text for word in words[:1]]
        if self.operator() == ";":
            self.at += 1
        if self.next() and self.reserved() == "{":
            self.at += 1
            body = self.lists(_BRACE)
            self.take("}")
        else:
            body = self._body()
        return self._closed("for", (body,), tuple(words))

    def _case(self) -> Compound:
        words = [self.word()] if self.blank() else []
        if self.next() and self.text.startswith("in", self.at):
            self.at += 2
        parts = []
        while self.next() and self.reserved() != "esac":
            if not self._pattern(words):
                break
            parts.append(self.lists(_ESAC))
            if self.operator().startswith(";"):
                self.at += len(self.operator())
        self.take("esac")
        return self._closed("case", tuple(parts), tuple(words))

    def _pattern(self, words: list[ShellWord]) -> bool:
        """Skips past the `)` of a branch's pattern; false if the line has none."""
        if self.operator() == "(":
            self.at += 1
        while self.blank() and (operator := self.operator()) not in ("\n", ";", ";;"):
            if operator == ")":
                self.at += 1
                return True
            if operator:
                self.at += len(operator)
            else:
                words.append(self.word())
        return False

    def _parentheses(self) -> Compound:
        self.at += 1
        body = list(self.lists(NONE))
        while self.operator().startswith(";"):
            self.at += len(self.operator())
            body += self.lists(NONE)
        if self.operator() == ")":
            self.at += 1
            self.solid = self.at
        return self._closed("subshell", (tuple(body),))

    def _arithmetic(self) -> SimpleCommand | None:
        """`(( … ))` as one word, if that is what stands there."""
        start = self.at
        if (found := ARITHMETIC.match(self.text, start, self.end)) is None:
            return None
        self.at = self.solid = found.end()
        return self.noted(
            SimpleCommand((ShellWord(self.text[start : self.at], start, self.at, True),))
        )

    def _test(self, start: int) -> SimpleCommand:
        words = [ShellWord("[[", start, self.at)]
        while self.next():
            words.append(self.word())
            if words[-1].text == "]]":
                break
        redirects: list[Redirect] = []
        while self.redirect(redirects):
            pass
        command = SimpleCommand(tuple(words), (), tuple(redirects), tuple(self.inner))
        return self.noted(command)

    def function(self, name: ShellWord) -> Compound:
        self.blank()
        if self.text.startswith("(", self.at):
            self.at += 1
            if self.operator() == ")":
                self.at += 1
        body = self.command() if self.next() else None
        pipeline = () if body is None else (Pipeline((body,)),)
        lists = (AndOr(pipeline, (), False, name.start, self.at),) if pipeline else ()
        return Compound("function", (lists,), (name,))

    def _closed(
        self, kind: CompoundKind, parts: tuple[Lists, ...], words: tuple[ShellWord, ...] = ()
    ) -> Compound:
        """The compound, with the redirections behind its last word."""
        redirects: list[Redirect] = []
        while self.redirect(redirects):
            pass
        return Compound(kind, parts, words, tuple(redirects), tuple(self.inner))
