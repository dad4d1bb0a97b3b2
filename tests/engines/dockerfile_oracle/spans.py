"""Whether each span covers the text that its value was read from."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Instruction, parse
from evalpolicy.artifacts.syntax.source import Span


def covered(text: str, span: Span) -> str | None:
    """The text of a span within one line; None if it goes over several."""
    if span.line != span.end_line:
        return None
    line = text.removeprefix("\ufeff").split("\n")[span.line - 1]
    return line[span.column - 1 : span.end_column - 1]


def misplaced(text: str) -> Iterator[str]:
    """A sentence for each value that does not stand where its span says."""
    dockerfile = parse(text.encode())
    for instruction in dockerfile.instructions:
        yield from _instruction(text, instruction)
    for arg in dockerfile.global_args:
        yield from _differs(text, arg.key_span, arg.key, "global ARG")
    for stage in dockerfile.stages:
        if stage.base.raw:
            yield from _differs(text, stage.base.span, stage.base.raw, "base")
        for pair in (*stage.labels, *stage.envs):
            yield from _differs(text, pair.value_span, pair.written, "value")
            whole = covered(text, pair.span)
            key = covered(text, pair.key_span)
            if whole is not None and key is not None and not whole.startswith(key):
                yield f"key {key!r} does not begin {whole!r}"
        for arg in stage.args:
            yield from _differs(text, arg.key_span, arg.key, "ARG")
            if arg.value_span is not None and arg.default is not None:
                yield from _differs(text, arg.value_span, arg.default, "ARG's default")


def _instruction(text: str, instruction: Instruction) -> Iterator[str]:
    head = covered(text, instruction.head) or ""
    if not instruction.text.startswith(head.rstrip("\\` \t")):
        yield f"head {head!r} of {instruction.text!r}"
    if instruction.onbuild is None:
        yield from _differs(text, instruction.value_span, instruction.value, "value")
    for argument in instruction.arguments:
        yield from _differs(text, argument.span, argument.text, "argument")
        yield from _ends_differ(text, argument.span, argument.text)
    for heredoc in instruction.heredocs:
        span = heredoc.span
        lines = text.removeprefix("\ufeff").split("\n")[span.line - 1 : span.end_line - 1]
        if "".join(f"{line}\n" for line in lines) != heredoc.body:
            yield f"heredoc {heredoc.delimiter}"


def _ends_differ(text: str, span: Span, expected: str) -> Iterator[str]:
    lines = text.removeprefix("\ufeff").split("\n")
    first = lines[span.line - 1][span.column - 1]
    last = lines[span.end_line - 1][span.end_column - 2]
    if (first, last) != (expected[0], expected[-1]):
        yield f"{expected!r} begins at {first!r} and ends at {last!r}"


def _differs(text: str, span: Span, expected: str, what: str) -> Iterator[str]:
    found = covered(text, span)
    # A word that goes over a line break has a span of several lines, or that of its whole pair.
    if found is not None and found != expected:
        yield f"{what}: {expected!r}, and there stands {found!r}"
