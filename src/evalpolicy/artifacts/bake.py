"""A bake file in HCL: its targets with their contexts and tags, and its variables.

After docs.docker.com/build/bake/reference, as far as the fleet's rules go: expressions other than
strings, lists and maps are passed over, `inherits` is not followed. Whatever the text, nothing is
raised.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from evalpolicy.artifacts.build_args import string_end
from evalpolicy.artifacts.syntax.source import Lines, Located, Span

_TOKEN = re.compile(
    r"(?P<skip>[ \t\r]+|#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<line>\n)"
    r"|(?P<word>[A-Za-z_][\w-]*)|(?P<quote>\")|(?P<mark>.)",
    re.DOTALL,
)
_CLOSES = {"{": "}", "[": "]", "(": ")"}


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class Context(NamedTuple):
    """`"name" = "target:other"`."""

    name: Located
    value: Located


class Target(NamedTuple):
    """One target; `span` is that of its name."""

    name: str
    span: Span
    context: str | None
    dockerfile: str | None
    contexts: tuple[Context, ...]
    tags: tuple[str, ...]
    args: frozenset[str]
    inherits: bool


class Bake(NamedTuple):
    targets: tuple[Target, ...] = ()
    variables: tuple[Located, ...] = ()
    words: frozenset[str] = frozenset()
    """The names that expressions and the templates of strings mention."""


def parse(content: bytes) -> Bake:
    """Reads the file; a JSON file has no targets here."""
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    reader = _Reader(text)
    targets: list[Target] = []
    variables: list[Located] = []
    words: set[str] = set()
    while (head := reader.next()) is not None:
        if head.kind != "word":
            continue
        name = reader.peek()
        if name is None or name.kind not in ("string", "word"):
            continue
        reader.next()
        span = reader.lines.span(name.start, name.end)
        body = reader.block()
        if head.text == "target":
            targets.append(_target(name.text, span, body, reader.lines))
        elif head.text == "variable":
            variables.append(Located(name.text, span))
        words.update(_mentioned(body))
    return Bake(tuple(targets), tuple(variables), frozenset(words))


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = Lines(text)
        self._tokens = _tokens(text)
        self._at = 0

    def peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def next(self) -> Token | None:
        token = self.peek()
        self._at += 1
        return token

    def block(self) -> list[Token]:
        """The tokens within the braces that open here; none if none do."""
        opened = self.peek()
        if opened is None or opened.text != "{" or opened.kind != "mark":
            return []
        end = _closing(self._tokens, self._at)
        body = self._tokens[self._at + 1 : end]
        self._at = end + 1
        return body


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while match := _TOKEN.match(text, at):
        at = match.end()
        if match.lastgroup == "quote":
            end = string_end(text, match.start())
            found.append(Token("string", text[at:end], match.start(), min(end + 1, len(text))))
            at = end + 1
        elif match.lastgroup != "skip":
            found.append(Token(match.lastgroup or "", match[0], match.start(), at))
    return found


def _closing(tokens: list[Token], at: int) -> int:
    """Where the bracket that opens at an index closes, else the end."""
    depth = 0
    for index in range(at, len(tokens)):
        if tokens[index].kind == "mark":
            depth += tokens[index].text in _CLOSES
            depth -= tokens[index].text in _CLOSES.values()
            if depth == 0:
                return index
    return len(tokens)


def _target(name: str, span: Span, body: list[Token], lines: Lines) -> Target:
    values = _attributes(body)
    contexts = [token for token in values.get("contexts", []) if token.kind != "line"]
    pairs = [
        Context(_located(contexts[at - 1], lines), _located(contexts[at + 1], lines))
        for at in range(1, len(contexts) - 1)
        if contexts[at].text in ("=", ":")
        and contexts[at].kind == "mark"
        and contexts[at + 1].kind == "string"
    ]
    return Target(
        name,
        span,
        _string(values.get("context", [])),
        _string(values.get("dockerfile", [])),
        tuple(pairs),
        tuple(token.text for token in values.get("tags", []) if token.kind == "string"),
        frozenset(
            token.text
            for token, behind in pairwise(values.get("args", []))
            if behind.kind == "mark" and behind.text in ("=", ":")
        ),
        "inherits" in values,
    )


def _attributes(body: list[Token]) -> dict[str, list[Token]]:
    """Name → the tokens of its value: what brackets hold, or what stands on the line."""
    found: dict[str, list[Token]] = {}
    at = 0
    while at < len(body):
        token = body[at]
        following = body[at + 1] if at + 1 < len(body) else None
        if token.kind == "word" and following is not None and following.text == "=":
            first = at + 2
            if first < len(body) and body[first].text in _CLOSES and body[first].kind == "mark":
                end = _closing(body, first)
                found[token.text] = body[first + 1 : end]
            else:
                end = first
                while end < len(body) and body[end].kind != "line":
                    end += 1
                found[token.text] = body[first:end]
            at = end
        at += 1
    return found


def _string(value: list[Token]) -> str | None:
    return value[0].text if len(value) == 1 and value[0].kind == "string" else None


def _located(token: Token, lines: Lines) -> Located:
    return Located(token.text, lines.span(token.start, token.end))


def _mentioned(body: list[Token]) -> set[str]:
    words = {token.text for token in body if token.kind == "word"}
    for token in body:
        if token.kind == "string":
            words.update(re.findall(r"\w+", token.text))
    return words
