"""Where a workflow lets a failure pass."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.syntax.shell.fates import judged
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import basename, innermost
from evalpolicy.artifacts.syntax.shell.shells import Options
from evalpolicy.artifacts.syntax.source import Lines, Span
from evalpolicy.artifacts.workflow import Step, Workflow, script_span, step_options

_FLAG = re.compile(r"--(?:exit-zero|no-fail|soft-fail)\b.*")
_SAYS = ("echo", "printf")


def passing_failures(workflow: Workflow) -> Iterator[tuple[str, Span]]:
    """What lets a failure pass, as it is written, and where: `continue-on-error`, and commands in
    the scripts and the inputs of steps."""
    places = [job.continue_on_error for job in workflow.jobs]
    places += [step.continue_on_error for step in workflow.steps()]
    for goes_on in places:
        if goes_on is not None and goes_on.text.lower() != "false":
            yield f"continue-on-error: {goes_on.text}", goes_on.span
    for step in workflow.steps():
        yield from _in_step(step)


def _in_step(step: Step) -> Iterator[tuple[str, Span]]:
    options = step_options(step.shell)
    if step.run is not None and options is not None:
        yield from _in_script(step.run.text, step.run_span, options)
    for _, value in step.inputs:
        # An action may run its input, or hand it on as the arguments of a command.
        yield from _in_script(value.text, script_span(value), Options(errexit=True))


def _in_script(text: str, span: Span, options: Options) -> Iterator[tuple[str, Span]]:
    lines = Lines(text, span.line, span.column)
    for each in judged(parse(text), options):
        words, by = each.command.words, each.fate.by
        if each.captured or not words:
            continue
        if each.fate.kind == "fallback" and by is not None and by.words:
            written = text[words[0].start : by.words[-1].end]
            yield " ".join(written.split()), lines.span(by.words[0].start, by.words[-1].end)
        run_words = innermost(each.command).words
        if run_words and basename(run_words[0].text) not in _SAYS:
            for word in words:
                if _FLAG.fullmatch(word.text):
                    yield " ".join(each.command.text), lines.span(word.start, word.end)
