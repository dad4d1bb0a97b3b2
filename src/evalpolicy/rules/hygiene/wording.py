"""Words that should not be in a Dockerfile: old variables, and unfinished work."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.dockerfile import Dockerfile
from evalpolicy.artifacts.dockerfile.searching import matches
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.fleet.units import Place
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.scanners.shortening import shortened

# The dollar comes first, so that the regex engine can skip from one to the next.
_LEGACY = re.compile(r"\$(?<!\\\$)\{?(TASK_ID|BENCHMARK)(?![A-Za-z0-9_])")
_TODO = re.compile(r"(?<![A-Za-z0-9])(TODO|FIXME|XXX)(?![A-Za-z0-9])")
_COMMENT_LINE = re.compile(r"^[ \t]*(#(?!!).*)$", re.MULTILINE)
_LITERAL = re.compile(r"\"TODO\"|'TODO'")


@rule("HYG001", "legacy-variable", "error")
def legacy_variable(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """A Dockerfile uses `$TASK_ID` or `$BENCHMARK`, the names without `EVAL_`.

    Checked everywhere in the file: instructions, here-documents and comments, which get copied.

    ## Why

    The runner sets `EVAL_TASK_ID` and `EVAL_BENCHMARK`. In some ways of running a benchmark the
    old names are empty: the task is not found, and the reward is 0 without an error.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    CMD python /solve.py --task "$TASK_ID"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    CMD python /solve.py --task "$EVAL_TASK_ID"
    ```

    ## Exempt

    Longer names (`$TASK_ID_STR`), and a here-document that sets the variable itself.
    """
    for instruction, found, span in matches(_LEGACY, dockerfile.instructions):
        name = found[1]
        sets = re.compile(rf"(?:^|[\s;]|\bfor )(?:export |local )?{name}(?:=| in )")
        if found.string is not instruction.value and sets.search(found.string):
            continue
        yield _legacy(place, name, span)
    for comment in dockerfile.comments:
        for found in _LEGACY.finditer(comment.text):
            start = comment.span.column + found.start()
            span = comment.span._replace(column=start, end_column=start + len(found[0]))
            yield _legacy(place, found[1], span)


def _legacy(place: Place, name: str, span: Span) -> Hit:
    return Hit(
        place.path,
        f"${name} is the old name: use $EVAL_{name}",
        span,
        "",
        place.name,
        name,
        cause=name,
    )


@rule("HYG002", "todo-comment", "error")
def todo_comment(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """A comment contains TODO, FIXME or XXX.

    ## Why

    Work that should be done before the merge gets merged undone. Mark what is planned for later
    with `FUTURE:`, which distinguishes it from what was forgotten.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    # TODO: pin the data set
    LABEL eval.type="benchmark"
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    # FUTURE: a smaller base, once upstream has one
    LABEL eval.type="benchmark"
    ```

    ## Exempt

    A line with `FUTURE:`; words that only contain these letters (`TODOS`, `mktemp XXXXXX`).
    """
    for comment in dockerfile.comments:
        yield from _todo(place, comment.text, comment.span)
    for script in place.scripts:
        if "\n" not in script.text:
            continue
        for line in _COMMENT_LINE.finditer(script.text):
            yield from _todo(place, line[1], script.span(*line.span(1)))


def _todo(place: Place, text: str, span: Span) -> Iterator[Hit]:
    found = _TODO.search(text)
    if found is None or "FUTURE:" in text:
        return
    start = span.column + found.start()
    yield Hit(
        place.path,
        f"a comment contains {found[0]}: do it, or mark planned work with FUTURE:",
        span._replace(column=start, end_line=span.line, end_column=start + len(found[0])),
        "",
        place.name,
        shortened(text.strip("# \t"), 80),
    )


@rule("HYG003", "todo-literal", "error")
def todo_literal(dockerfile: Dockerfile, place: Place) -> Iterator[Hit]:
    """An instruction contains the string "TODO" as if it were data.

    ## Why

    A placeholder in a task's answer is graded like an answer: every run fails, or every run that
    answers TODO passes.

    ## Example

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN echo "TODO" > /expected_answer
    ```

    ## Fixed

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    LABEL eval.type="benchmark"
    RUN echo "42" > /expected_answer
    ```

    ## Exempt

    Comments (HYG002); longer strings that contain the word.
    """
    for _, found, span in matches(_LITERAL, dockerfile.instructions):
        yield Hit(
            place.path,
            f"the string {found[0]} is used as data: replace it with the real value",
            span,
            "",
            place.name,
            "TODO",
        )
