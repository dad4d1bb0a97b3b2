"""The one door to PyYAML: what a file holds, one event or scalar after the other.

PyYAML comes with libyaml or without it, and libyaml limits nesting from 0.2.6 on. Neither shows
here: size, characters and nesting have limits of ours, which are reached before libyaml's, and
whatever PyYAML rejects is rejected with words of ours. Events come without recursion, so no depth
ends the process, and nothing is read beyond the first that is too deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from evalpolicy.artifacts.syntax.source import START, Problem, Span

MAX_DEPTH = 60
"""Sequences and mappings within each other. libyaml 0.2.6 rejects 1,000."""
MAX_SIZE = 4 << 20
"""Characters of a file."""
MAX_SIZE_WITHOUT_LIBYAML = 128 << 10
"""Characters of a file where PyYAML scans in Python, a hundred times slower."""
MAX_DIRECTIVES = 20
"""libyaml compares each `%TAG` with all before it."""

_Loader: Any = getattr(yaml, "CSafeLoader", None) or yaml.SafeLoader

# What YAML 1.1 allows in a file (https://yaml.org/spec/1.1/#c-printable).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_OPENING = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken,
            yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)  # fmt: skip
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


class YamlError(Exception):
    """A text that is not YAML or passes a limit."""

    def __init__(self, message: str, span: Span = START) -> None:
        super().__init__(message)
        self.problem = Problem(message, span)


class ScalarToken(NamedTuple):
    """A scalar's value and its range of the text, in code points, quotes included."""

    value: str
    start: int
    end: int


def events(text: str) -> Iterator[Any]:
    """PyYAML's events of all documents. Raises `YamlError`, after what could be read."""
    _within_limits(text)
    loader = _Loader(text)
    depth = 0
    try:
        while loader.check_event():
            event = loader.get_event()
            if isinstance(event, yaml.CollectionStartEvent):
                depth = _deeper(depth, event)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            yield event
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(text, error) from error
    finally:
        loader.dispose()


def scalars(text: str) -> list[ScalarToken]:
    """The scalars of all documents, in their order. Raises `YamlError`.

    These are tokens and not events: the event of `!tag # comment` holds the comment too.
    """
    for _ in events(text):  # tokens alone may come from what is not YAML
        pass
    try:
        return list(_scalars(text))
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(text, error) from error


def _scalars(text: str) -> Iterator[ScalarToken]:
    loader = _Loader(text)
    depth = 0
    try:
        while loader.check_token():
            token = loader.get_token()
            if isinstance(token, yaml.ScalarToken):
                yield ScalarToken(token.value, token.start_mark.index, token.end_mark.index)
            elif isinstance(token, _OPENING):
                depth = _deeper(depth, token)
            elif isinstance(token, _CLOSING):
                depth -= 1
    finally:
        loader.dispose()


def span_of(start: Any, end: Any) -> Span:
    """The span between two of PyYAML's marks, which count from 0."""
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _within_limits(text: str) -> None:
    most = MAX_SIZE if _Loader is not yaml.SafeLoader else MAX_SIZE_WITHOUT_LIBYAML
    if len(text) > most:
        raise YamlError(f"more than {most:,} characters of YAML")
    if (found := _FORBIDDEN.search(text)) is not None:
        raise YamlError("a character that YAML does not allow", _place(text, found.start()))
    for number, found in enumerate(_DIRECTIVE.finditer(text), 1):
        if number > MAX_DIRECTIVES:
            message = f"more than {MAX_DIRECTIVES} lines that begin with `%`"
            raise YamlError(message, _place(text, found.start()))


def _place(text: str, offset: int) -> Span:
    line = text.count("\n", 0, offset) + 1
    return Span.at(line, offset - text.rfind("\n", 0, offset))


def _deeper(depth: int, begun: Any) -> int:
    if depth == MAX_DEPTH:
        mark = begun.start_mark
        raise YamlError(
            f"nested deeper than {MAX_DEPTH} levels", Span.at(mark.line + 1, mark.column + 1)
        )
    return depth + 1


def _refused(text: str, error: yaml.YAMLError | ValueError) -> YamlError:
    """What PyYAML's refusal comes to.

    A scanner reads up to 1,024 characters ahead, to see whether a bracket begins a key, and
    libyaml may refuse their nesting before the first of them has come out: the text up to there
    shows it.
    """
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return YamlError("not valid YAML")
    try:
        for _ in _scalars(text[: mark.index]):
            pass
    except YamlError as deep:
        return deep
    except (yaml.YAMLError, ValueError):
        pass
    return YamlError("not valid YAML", Span.at(mark.line + 1, mark.column + 1))
