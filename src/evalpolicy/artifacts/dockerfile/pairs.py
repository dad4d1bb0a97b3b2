"""The pairs of LABEL and ENV and the declarations of ARG (BuildKit's line_parsers.go, v0.33)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..source import Span
from .model import Argument, Instruction
from .words import BLANKS


class PairError(ValueError):
    """A LABEL, ENV or ARG that BuildKit refuses."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Key and value as written; the value is None for an ARG without a default."""

    key: str
    value: str | None
    span: Span
    key_span: Span
    value_span: Span | None


def pairs(instruction: Instruction) -> list[Pair]:
    """The pairs of LABEL or ENV. Raises PairError."""
    words = instruction.arguments
    if not words:
        raise PairError(f"{instruction.keyword} needs at least one pair: key=value")
    if "=" not in words[0].text:
        return [_old_form(instruction)]
    found = []
    for word in words:
        if "=" not in word.text:
            raise PairError(
                f"{word.text} has no =: a pair must be key=value, with quotes round spaces"
            )
        pair = _divided(word)
        if not pair.key:
            raise PairError(f"{word.text} has no name before the =")
        found.append(pair)
    return found


def declarations(instruction: Instruction) -> Iterator[Pair]:
    """What an ARG declares. Raises PairError."""
    if not instruction.arguments:
        raise PairError("ARG needs at least one name")
    for word in instruction.arguments:
        if word.text.startswith("="):
            raise PairError(f"{word.text} has no name before the =")
        if "=" in word.text:
            yield _divided(word)
        else:
            yield Pair(word.text, None, word.span, word.span, None)


def _divided(word: Argument) -> Pair:
    """`key=value`; where the word crosses lines, the value's span begins at the word's start."""
    key, _, value = word.text.partition("=")
    span = word.span
    if span.line == span.end_line:
        middle = span.column + len(key)
        key_span = Span.at(span.line, span.column, len(key))
        return Pair(
            key, value, span, key_span, Span(span.line, middle + 1, span.end_line, span.end_column)
        )
    return Pair(key, value, span, span, span)


def _old_form(instruction: Instruction) -> Pair:
    """`LABEL key the rest`: BuildKit divides at the first blank, whatever quotes say."""
    parts = BLANKS.split(instruction.value, maxsplit=1)
    if len(parts) < 2:
        raise PairError(f"{instruction.keyword} {parts[0]} has no value: write {parts[0]}=value")
    key, value = parts
    span = instruction.value_span
    if span.line != span.end_line:
        return Pair(key, value, span, span, span)
    key_span = Span.at(span.line, span.column, len(key))
    value_span = Span(span.line, span.end_column - len(value), span.end_line, span.end_column)
    return Pair(key, value, span, key_span, value_span)
