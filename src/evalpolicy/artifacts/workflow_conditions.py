"""Conditions of GitHub Actions, as far as the event that started a run decides them.

After GitHub's "Evaluate expressions in workflows and actions": `!`, comparison, `&&` and `||` in
that order, texts compared without regard to case. What is not known is None, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

Known: TypeAlias = "str | bool | None"

_TOKEN = re.compile(
    r"\s*(?:(?P<operator>\|\||&&|[=!<>]=|[!()<>,])|'(?P<text>(?:[^']|'')*)'"
    r"|(?P<name>[A-Za-z_][\w.*-]*(?:\[[^\]]*\][\w.*-]*)*)|(?P<other>\S))"
)
_WHOLE = re.compile(r"\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*", re.DOTALL)
# No condition that people write nests deeper.
_DEEPEST = 20


def holds(condition: str, context: Mapping[str, str]) -> bool | None:
    """Whether a condition is true where names have these values; None if they do not decide it."""
    whole = _WHOLE.fullmatch(condition)
    if whole is None and "${{" in condition:
        return None
    reader = _ConditionReader(condition if whole is None else whole[1], context)
    try:
        value = reader.either(0)
    except _Unread:
        return None
    return _truth(value) if reader.peek() == "" else None


def in_event(event: str) -> dict[str, str]:
    """What the event alone decides (GitHub's "Events that trigger workflows")."""
    context = {"github.event_name": event}
    if event == "pull_request":
        context |= {"github.ref": "refs/pull/0/merge", "github.ref_type": "branch"}
    return context


class _Unread(Exception):  # noqa: N818 - not every text is a condition
    """A text that is not one this reads."""


class _ConditionReader:
    def __init__(self, text: str, context: Mapping[str, str]) -> None:
        self.tokens = list(_TOKEN.finditer(text.strip()))
        self.at = 0
        self.context = context

    def peek(self) -> str:
        return self.tokens[self.at][0].strip() if self.at < len(self.tokens) else ""

    def take(self, *operators: str) -> str:
        found = self.peek()
        if found not in operators:
            return ""
        self.at += 1
        return found

    def either(self, depth: int) -> Known:
        value = self.both(depth)
        while self.take("||"):
            other = self.both(depth)
            known = {_truth(value), _truth(other)}
            value = True if True in known else None if None in known else False
        return value

    def both(self, depth: int) -> Known:
        value = self.comparison(depth)
        while self.take("&&"):
            other = self.comparison(depth)
            known = {_truth(value), _truth(other)}
            value = False if False in known else None if None in known else True
        return value

    def comparison(self, depth: int) -> Known:
        value = self.single(depth)
        while operator := self.take("==", "!=", "<", ">", "<=", ">="):
            other = self.single(depth)
            if not isinstance(value, str) or not isinstance(other, str) or operator[0] in "<>":
                value = None
            else:
                value = (value.lower() == other.lower()) == (operator == "==")
        return value

    def single(self, depth: int) -> Known:
        if depth > _DEEPEST or self.at >= len(self.tokens):
            raise _Unread
        if self.take("!"):
            truth = _truth(self.single(depth + 1))
            return None if truth is None else not truth
        if self.take("("):
            value = self.either(depth + 1)
            if not self.take(")"):
                raise _Unread
            return value
        token = self.tokens[self.at]
        self.at += 1
        if token["text"] is not None:
            return token["text"].replace("''", "'")
        if token["name"] is None:
            raise _Unread
        if self.peek() == "(":
            return self.call(token["name"], depth)
        name = token["name"].lower()
        return name == "true" if name in ("true", "false") else self.context.get(name)

    def call(self, name: str, depth: int) -> Known:
        self.take("(")
        arguments: list[Known] = []
        while not self.take(")"):
            arguments.append(self.either(depth + 1))
            if not self.take(",") and self.peek() != ")":
                raise _Unread
        texts = [each.lower() for each in arguments if isinstance(each, str)]
        if len(arguments) != 2 or len(texts) != 2:
            return None
        match name.lower():
            case "startswith":
                return texts[0].startswith(texts[1])
            case "endswith":
                return texts[0].endswith(texts[1])
            case "contains":
                return texts[1] in texts[0]
        return None


def _truth(value: Known) -> bool | None:
    return value if value is None else bool(value)
