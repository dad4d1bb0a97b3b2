"""Finding text in a Dockerfile: within instructions and their here-documents, with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from evalpolicy.artifacts.syntax.source import Span

from .model import Heredoc, Instruction


def matches(
    pattern: re.Pattern[str], instructions: Iterable[Instruction]
) -> Iterator[tuple[Instruction, re.Match[str], Span]]:
    """Each match in the instructions' values, then in the bodies of their here-documents."""
    for instruction in instructions:
        for found in pattern.finditer(instruction.value):
            yield instruction, found, instruction.span_within(*found.span())
        for heredoc in instruction.heredocs:
            for found in pattern.finditer(heredoc.body):
                yield instruction, found, span_in_body(heredoc, *found.span())


def span_in_body(heredoc: Heredoc, start: int, end: int) -> Span:
    """The span of a range of a here-document's body."""
    body = heredoc.body
    line = heredoc.span.line + body.count("\n", 0, start)
    end_line = line + body.count("\n", start, max(start, end - 1))
    return Span(
        line, start - body.rfind("\n", 0, start), end_line,
        end - body.rfind("\n", 0, max(start, end - 1)),
    )  # fmt: skip
