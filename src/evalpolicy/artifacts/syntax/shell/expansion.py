"""What words come to before they run: parameters, and substitutions that only name a place.

After IEEE Std 1003.1, section 2.6.2, with bash's `${A/b/c}` and `$BASH_SOURCE`, and with the
`${{ … }}` of GitHub's workflows. What is not known stays as it is written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.shell.model import Pipeline, ShellWord, SimpleCommand
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.words import ARITHMETIC

_NOTHING: Mapping[str, str | None] = {}
_NAME = re.compile(r"\w+")
_BRACED = re.compile(r"(\w+)(\[[^\]]*\])?(:?[-=+?]|##?|%%?|//?)?(.*)", re.DOTALL)
_SCRIPT = ("0", "BASH_SOURCE")
_ALTERNATIVE = re.compile(r"\s*(?:'([^']*)'|([\w.-]+))\s*")
# A longer value is no program, no version, no path and no address (characters).
_LONGEST = 500


# Expansions within each other beyond these are not known: each is read anew for those around it.
_DEEPEST = 4


class Scope(Struct, frozen=True):
    """Where a command runs, and what is known there.

    `values` hold what variables hold, None for one that is set to something not known, and under
    `@` the words of a function's call, separated by NUL;
    `expressions` the same for contexts of a workflow (`env.A`, `github.workspace`). `directory`,
    `script` (what `$0` names) and `top` (the repository's) are absolute paths; None is not known.
    """

    values: Mapping[str, str | None] = _NOTHING
    expressions: Mapping[str, str | None] = _NOTHING
    directory: str | None = None
    script: str | None = None
    top: str | None = None

    def expanded(self, text: str) -> str:
        """The text with what is known of it."""
        return _expanded(text, self, 0) if "$" in text or "`" in text else text

    def known(self, text: str) -> str | None:
        """What the text comes to; None if a part of it is not known."""
        found = self.expanded(text)
        return None if is_open(found) or len(found) > _LONGEST else found


def is_open(text: str) -> bool:
    """Whether something in the text is only known when it runs."""
    return "$" in text or "`" in text


def resolved(words: Iterable[ShellWord], scope: Scope) -> tuple[ShellWord, ...]:
    """The words with what is known of them; `$A` without quotes may come to several."""
    found: list[ShellWord] = []
    for word in words:
        if word.text in ("$@", "${@}") and scope.values.get("@") is not None:
            given = (scope.values["@"] or "").split("\0")
            found += [replace(word, text=text, expands=is_open(text)) for text in given if text]
            continue
        text = scope.expanded(word.text) if word.expands else word.text
        parts = [text] if word.quoted or text == word.text else text.split()
        found += [
            word if part == word.text else replace(word, text=part, expands=is_open(part))
            for part in parts
        ]
    return tuple(found)


def _expanded(text: str, scope: Scope, depth: int) -> str:
    parts: list[str] = []
    at = 0
    while at < len(text):
        if text[at] not in "$`":
            stop = next((i for i in range(at, len(text)) if text[i] in "$`"), len(text))
            parts.append(text[at:stop])
            at = stop
            continue
        end = _end(text, at)
        written = text[at:end]
        found = _value(written, scope, depth + 1) if depth < _DEEPEST else None
        parts.append(written if found is None else found)
        at = end
    return "".join(parts)


def _end(text: str, at: int) -> int:
    """Where the expansion that begins at `at` ends."""
    if text.startswith("${{", at):
        stop = text.find("}}", at)
        return len(text) if stop < 0 else stop + 2
    if text[at] == "`":
        stop = text.find("`", at + 1)
        return len(text) if stop < 0 else stop + 1
    if (found := ARITHMETIC.match(text, at + 1)) is not None:
        return found.end()
    opener = text[at + 1 : at + 2]
    if opener in ("(", "{") and opener:
        closer = ")" if opener == "(" else "}"
        depth = 0
        for place in range(at + 1, len(text)):
            depth += (text[place] == opener) - (text[place] == closer)
            if depth == 0:
                return place + 1
        return len(text)
    name = _NAME.match(text, at + 1)
    return name.end() if name else at + 1


def _value(written: str, scope: Scope, depth: int) -> str | None:
    if written.startswith("${{"):
        return expression(written[3:-2], scope.expressions)
    if written.startswith("`"):
        return _output(written[1:-1], scope, depth)
    if written.startswith("$(("):
        return None
    if written.startswith("$("):
        return _output(written[2:-1], scope, depth)
    if written.startswith("${"):
        return _braced(written[2:-1], scope, depth)
    return _variable(written[1:], scope)


def _variable(name: str, scope: Scope) -> str | None:
    if name in _SCRIPT and name not in scope.values:
        return scope.script
    if name == "PWD":
        return scope.directory
    return scope.values.get(name)


def _braced(inner: str, scope: Scope, depth: int) -> str | None:
    found = _BRACED.fullmatch(inner)
    if found is None:
        return None
    name, index, operator, word = found.groups()
    if index and name not in _SCRIPT:
        return None
    value = _variable(name, scope)
    operator = operator or ""
    if not operator:
        return value if not word else None
    kind = operator.lstrip(":")
    if kind in "-=+?":
        is_set = value is not None or name in scope.values
        if kind == "+":
            return _expanded(word, scope, depth) if is_set else ""
        if value is None:
            return None if is_set or kind == "?" else _expanded(_unquoted(word), scope, depth)
        empty = not value and operator.startswith(":") and kind in "-="
        return _expanded(_unquoted(word), scope, depth) if empty else value
    if value is None:
        return None
    word = _expanded(_unquoted(word), scope, depth)
    if kind[0] in "#%":
        return _trimmed(value, word, kind)
    pattern, _, instead = word.partition("/")
    return value.replace(pattern, instead, -1 if kind == "//" else 1) if pattern else value


def _trimmed(value: str, pattern: str, kind: str) -> str:
    """`${A#b}`, `${A##b}`, `${A%b}`, `${A%%b}`."""
    lengths = range(len(value) + 1)
    for length in reversed(lengths) if len(kind) == 2 else lengths:
        at = length if kind[0] == "#" else len(value) - length
        taken, left = (value[:at], value[at:]) if kind[0] == "#" else (value[at:], value[:at])
        if fnmatchcase(taken, pattern):
            return left
    return value


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" else word


def expression(text: str, known: Mapping[str, str | None]) -> str | None:
    """What `a.b || 'c'` comes to in a workflow; None if it is not known.

    A variable or an input that nothing sets is empty, so that the next one counts.
    """
    for part in text.split("||"):
        found = _ALTERNATIVE.fullmatch(part)
        if found is None:
            return None
        if found[1] is not None:
            return found[1]
        value = known.get(found[2])
        if value is None and (found[2] in known or not found[2].startswith(("env.", "inputs."))):
            return None
        if value:
            return value
    return None


def _output(script: str, scope: Scope, depth: int) -> str | None:
    """What a substitution prints: the name of a place, or a text as `echo` has it."""
    printed: str | None = None
    for item in parse(script).lists:
        for pipeline, operator in zip(item.pipelines, ("", *item.operators), strict=False):
            if operator == "||":  # the first way is taken to work
                continue
            first = pipeline.commands[0]
            words = _words(first, scope, depth)
            if words is None:
                return None
            if words[0] == "cd":
                target = next((word for word in words[1:] if not word.startswith("-")), None)
                if target is None or scope.directory is None:
                    return None
                there = posixpath.normpath(posixpath.join(scope.directory, target))
                scope = replace(scope, directory=there)
            else:
                printed = _piped(_printed(words, scope), pipeline)
    return printed


def _words(command: object, scope: Scope, depth: int) -> list[str] | None:
    """The words of a simple command, if all of them are known."""
    if not isinstance(command, SimpleCommand) or not command.words:
        return None
    words = [_expanded(w.text, scope, depth) if w.expands else w.text for w in command.words]
    return None if any(is_open(word) for word in words) else words


def _printed(words: list[str], scope: Scope) -> str | None:
    name, rest = words[0], [word for word in words[1:] if not word.startswith("-")]
    if name == "pwd":
        return scope.directory
    if name == "git" and "rev-parse" in rest:
        return scope.top if "--show-toplevel" in words else None
    if name in ("echo", "printf"):
        return " ".join(rest[-1:] if name == "printf" else rest)
    if len(rest) != 1:
        return None
    if name == "dirname":
        return posixpath.dirname(rest[0]) or "."
    if name == "basename":
        return posixpath.basename(rest[0])
    if name in ("realpath", "readlink") and scope.directory is not None:
        return posixpath.normpath(posixpath.join(scope.directory, rest[0]))
    return None


_DROPS = {("sed", "s/^v//"): "v", ("tr", "-d v"): "v", ("sed", "s/v//"): "v"}


def _piped(printed: str | None, pipeline: Pipeline) -> str | None:
    for command in pipeline.commands[1:]:
        words = command.text if isinstance(command, SimpleCommand) else ()
        drop = _DROPS.get((words[0], " ".join(words[1:]))) if words else None
        if drop is None or printed is None:
            return None
        printed = printed.removeprefix(drop)
    return printed
