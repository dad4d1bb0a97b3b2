"""Where a workflow, or an action of one's own, lets a failure pass."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalpolicy.artifacts.syntax.shell.fates import judged
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import basename, innermost
from evalpolicy.artifacts.syntax.source import Lines, Span
from evalpolicy.artifacts.syntax.yaml_spans import YamlList, YamlMap, YamlNode, YamlScalar
from evalpolicy.artifacts.workflow import Value, script_span, step_options

_FLAG = re.compile(r"--(?:exit-zero|no-fail|soft-fail)\b.*")
_SAYS = ("echo", "printf")


def passing_failures(root: YamlNode | None) -> Iterator[tuple[str, Span]]:
    """What lets a failure pass, as it is written, and where: `continue-on-error` and scripts."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, YamlList):
            waiting += reversed(node.items)
        elif isinstance(node, YamlMap):
            waiting += [entry.value for entry in reversed(node.entries)]
            goes_on = node.text("continue-on-error")
            if goes_on is not None and (
                goes_on.text.lower() == "true" or goes_on.text.startswith("${{")
            ):
                yield f"continue-on-error: {goes_on.text}", goes_on.span
            if (run := node.text("run")) is not None:
                yield from _in_script(run, node.text("shell"))


def _in_script(run: YamlScalar, shell: YamlScalar | None) -> Iterator[tuple[str, Span]]:
    options = step_options(None if shell is None else Value(shell.text, shell.span))
    if options is None:
        return
    lines = Lines(run.text, *script_span(run)[:2])
    for each in judged(parse(run.text), options):
        words, by = each.command.words, each.fate.by
        if each.captured or not words:
            continue
        if each.fate.kind == "fallback" and by is not None and by.words:
            text = run.text[words[0].start : by.words[-1].end]
            yield " ".join(text.split()), lines.span(by.words[0].start, by.words[-1].end)
        run_words = innermost(each.command).words
        if run_words and basename(run_words[0].text) not in _SAYS:
            for word in words:
                if _FLAG.fullmatch(word.text):
                    yield " ".join(each.command.text), lines.span(word.start, word.end)
