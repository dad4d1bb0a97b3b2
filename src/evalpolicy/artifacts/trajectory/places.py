"""The column of a place in a recording, determined only where a finding has to show it."""

from __future__ import annotations

from evalpolicy.artifacts.syntax.json_spans import Path, parse
from evalpolicy.artifacts.syntax.source import Problem, Span


def span_at(content: bytes, line: int, path: Path) -> Span:
    """The span of the value at `path` in the JSON of a line (from 1).

    Where the line is not JSON, or is nested too deep, it is the line's first character.
    """
    start = 0
    for _ in range(line - 1):
        start = content.find(b"\n", start) + 1
        if not start:
            return Span.at(line)
    end = content.find(b"\n", start)
    document = parse(content[start : end if end >= 0 else len(content)])
    if isinstance(document, Problem):
        return Span.at(line)
    return document.span(path)._replace(line=line, end_line=line)
