"""The pairs of LABEL and ENV and the declarations of ARG (BuildKit's line_parsers.go, v0.33)."""

from __future__ import annotations

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Span

from .model import Argument, Instruction
from .words import BLANKS


class PairError(ValueError):
    """A LABEL, ENV or ARG that BuildKit rejects when it comes to run it."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


class PairSyntaxError(PairError):
    """One that it rejects when it reads it, so also within ONBUILD."""


class Pair(Struct, frozen=True):
    """Key and value as written; the value is None for an ARG without a default."""

    key: str
    value: str | None
    span: Span
    key_span: Span
    value_span: Span | None


def pairs(instruction: Instruction) -> list[Pair]:
    """The pairs of LABEL or ENV. Raises PairError."""
    found = divided(instruction)
    if not found:
        message = f"{instruction.keyword} needs at least one pair: key=value"
        raise PairError(message, instruction.head)
    for pair in found:
        if not pair.key:
            raise PairError(f"={pair.value} has no name before the =", pair.span)
    return found


def divided(instruction: Instruction) -> list[Pair]:
    """The pairs as BuildKit's parser divides them, a missing name included.

    Raises PairSyntaxError.
    """
    words = instruction.arguments
    if words and "=" not in words[0].text:
        return [_old_form(instruction)]
    for word in words:
        if "=" not in word.text:
            message = f"{word.text} has no =: a pair is key=value, with spaces quoted"
            raise PairSyntaxError(message, word.span)
    return [_pair(word) for word in words]


def declarations(instruction: Instruction) -> list[Pair]:
    """What an ARG declares. Raises PairError."""
    if not instruction.arguments:
        raise PairError("ARG needs at least one name", instruction.head)
    found = []
    for word in instruction.arguments:
        if word.text.startswith("="):
            raise PairError(f"{word.text} has no name before the =", word.span)
        bare = "=" not in word.text
        found.append(Pair(word.text, None, word.span, word.span, None) if bare else _pair(word))
    return found


def _pair(word: Argument) -> Pair:
    """`key=value`; where the word crosses lines, both have its span."""
    key, _, value = word.text.partition("=")
    span = word.span
    if span.line != span.end_line:
        return Pair(key, value, span, span, span)
    key_span = Span.at(span.line, span.column, len(key))
    start = key_span.end_column + 1
    return Pair(key, value, span, key_span, Span.at(span.line, start, len(value)))


def _old_form(instruction: Instruction) -> Pair:
    """`LABEL key the rest`: BuildKit divides at the first blank, whatever quotes say."""
    parts = BLANKS.split(instruction.value, maxsplit=1)
    span = instruction.value_span
    if len(parts) < 2:
        message = f"{instruction.keyword} {parts[0]} has no value: write {parts[0]}=value"
        raise PairSyntaxError(message, span)
    key, value = parts
    if span.line != span.end_line:
        return Pair(key, value, span, span, span)
    value_span = Span.at(span.line, span.end_column - len(value), len(value))
    return Pair(key, value, span, Span.at(span.line, span.column, len(key)), value_span)
