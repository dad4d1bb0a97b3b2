"""Where a workflow runs this tool, and with what: the settings that make a run strict or loose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from textwrap import shorten

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.fates import judged
from evalpolicy.artifacts.syntax.shell.reader import parse as parse_shell
from evalpolicy.artifacts.syntax.shell.shells import NO_OPTIONS, Options
from evalpolicy.artifacts.syntax.source import START, Located, Span
from evalpolicy.artifacts.syntax.yaml_spans import (
    YamlList,
    YamlMap,
    YamlNode,
    YamlScalar,
    parse_yaml,
)
from evalpolicy.artifacts.workflow import Job, Step, parse, step_options

_NAME = "evalpolicy"
_WORKFLOW_VERSION = re.compile(r"v?\d+(?:\.\d+)*")
# Inputs that change no verdict.
_HARMLESS = frozenset({"sarif-file", "upload-sarif", "python"})
ACCEPT = "accept-policy-changes"
# The documented values of that input: a label says so, or the event is one behind the review.
_BY_LABEL = re.compile(
    r"\$\{\{ (?:github\.event_name == '(?:merge_group|push)' \|\| )*"
    r"contains\(github\.event\.pull_request\.labels\.\*\.name, '[^']+'\) \}\}"
)
_FAIL_ON = ("note", "warning", "error", "never")


class ToolRun(Struct, frozen=True):
    """One step that runs the tool: the action with its inputs, or the commands of a script.

    `events` are those of `on`, each with its filters; `when` is what else decides whether it runs
    and whether its failure counts (`if`, `continue-on-error`).
    """

    span: Span
    action: str
    revision: str
    inputs: Mapping[str, tuple[str, Span]]
    commands: tuple[str, ...]
    events: Mapping[str, str]
    when: tuple[str, ...]


class Weaker(Struct, frozen=True):
    """A setting of a run that is looser, or gone; `accepts`: what accepts changes of policy."""

    span: Span
    what: str
    accepts: bool = False


def runs(content: bytes) -> tuple[ToolRun, ...]:
    """The steps of a workflow that run the tool, in order; nothing for other files."""
    if _NAME.encode() not in content.lower():
        return ()
    workflow = parse(content)
    events = _events(content)
    return tuple(run for job in workflow.jobs for run in _of_job(job, events))


def weaker(before: tuple[ToolRun, ...], after: tuple[ToolRun, ...]) -> Iterator[Weaker]:
    """What the runs of one workflow lose; the runs of both are paired in their order."""
    for was, now in zip(before, after, strict=False):
        yield from _weaker(was, now)
    for run in before[len(after) :]:
        yield Weaker(START, f"{_called(run)} no longer runs")
    for run in after[len(before) :]:
        yield from _accepting(None, run)


def _of_job(job: Job, events: Mapping[str, str]) -> Iterator[ToolRun]:
    outer = (_text(job.condition), _text(job.continue_on_error))
    if job.uses is not None and (action := _action(job.uses)):
        yield ToolRun(job.span, *action, {}, (), events, outer)
    for step in job.steps:
        if (run := _of_step(step, events, outer)) is not None:
            yield run


def _of_step(step: Step, events: Mapping[str, str], outer: tuple[str, ...]) -> ToolRun | None:
    when = (*outer, _text(step.condition), _text(step.continue_on_error))
    if step.uses is not None and (action := _action(step.uses)):
        inputs = {name: (value.text.strip(), value.span) for name, value in step.inputs}
        return ToolRun(step.uses.span, *action, inputs, (), events, when)
    if step.run is None or _NAME not in step.run.text.lower():
        return None
    commands = tuple(_calls(step.run.text, step_options(step.shell) or NO_OPTIONS))
    return ToolRun(step.run_span, "", "", {}, commands, events, when) if commands else None


def _calls(text: str, options: Options) -> Iterator[str]:
    """The commands of a script that name this tool, with what becomes of their failure."""
    for each in judged(parse_shell(text), options):
        words = (*each.command.assignments, *each.command.words)
        if any(_NAME in word.text.lower() for word in words):
            shown = " ".join(word.text for word in words)
            match each.fate.kind:
                case "fails":
                    yield shown
                case "fallback" if each.fate.by is not None:
                    yield f"{shown} || {each.fate.by.shown}"
                case kind:
                    yield f"{shown} ({kind})"


def _action(uses: Located) -> tuple[str, str] | None:
    """Action and revision, if the action is this tool's by its name."""
    place, _, revision = uses.text.partition("@")
    return (place, revision) if _NAME in place.lower() else None


def _weaker(was: ToolRun, now: ToolRun) -> Iterator[Weaker]:
    if was.when != now.when or not was.events.items() <= now.events.items():
        yield Weaker(
            now.span, f"the condition of {_called(was)}, or whether its failure counts, changes"
        )
    if (was.action, was.commands) != (now.action, now.commands):
        yield Weaker(now.span, f"{_called(was)} becomes {_called(now)}")
    elif was.revision != now.revision and not _newer(was.revision, now.revision):
        yield Weaker(
            now.span,
            f"{was.action} changes from {was.revision or 'no revision'} to "
            f"{now.revision or 'no revision'}: a different version may run",
        )
    for name in dict.fromkeys((*was.inputs, *now.inputs)):
        if name not in _HARMLESS and name != ACCEPT:
            before, (after, span) = was.inputs.get(name), now.inputs.get(name, ("", now.span))
            if _looser(name, before[0] if before else "", after):
                yield Weaker(
                    span, f"the input {name} of {_called(now)} is changed to {after or 'empty'}"
                )
    yield from _accepting(was, now)


def _accepting(was: ToolRun | None, now: ToolRun) -> Iterator[Weaker]:
    value, span = now.inputs.get(ACCEPT, ("", START))
    if not value or value == "false" or (was and was.inputs.get(ACCEPT, ("", START))[0] == value):
        return
    by_label = _BY_LABEL.fullmatch(value) is not None
    already = was is not None and ACCEPT in was.inputs
    what = f"the input {ACCEPT} of {_called(now)} is changed to {value}"
    yield Weaker(span, what, accepts=already or not by_label)


def _looser(name: str, before: str, after: str) -> bool:
    if before == after:
        return False
    if name == "fail-on":
        ranks = [value or "error" for value in (before, after)]
        if all(value in _FAIL_ON for value in ranks):
            return _FAIL_ON.index(ranks[1]) > _FAIL_ON.index(ranks[0])
        return True
    words = [set(re.split(r"[,\s]+", value)) - {""} for value in (before, after)]
    if name == "ignore":
        return not words[1] <= words[0]
    if name == "select":
        return bool(words[1]) and not (words[0] and words[0] <= words[1])
    harmless = {"baseline": "", "replay": "true", ACCEPT: "false"}
    return harmless.get(name) != after


def _newer(before: str, after: str) -> bool:
    """Whether both are versions, and the second is the later one."""
    if not all(_WORKFLOW_VERSION.fullmatch(each) for each in (before, after)):
        return False
    numbers = [[int(part) for part in each.lstrip("v").split(".")] for each in (before, after)]
    return numbers[1] >= numbers[0]


def _called(run: ToolRun) -> str:
    # Between words: no piece of a credential is left.
    return run.action or shorten(" ".join(run.commands), 80, placeholder=" …")


def _text(value: Located | None) -> str:
    return "" if value is None else value.text


def _events(content: bytes) -> Mapping[str, str]:
    """The events of `on`, each with a text that is equal for equal filters."""
    root = parse_yaml(content).root
    on = _plain(root.get("on")) if isinstance(root, YamlMap) else None
    if isinstance(on, dict):
        return {name: repr(filters) for name, filters in on.items()}
    return {str(name): repr(None) for name in (on if isinstance(on, list) else [on])}


def _plain(node: YamlNode | None) -> object:
    match node:
        case YamlScalar():
            return None if node.is_null else node.text
        case YamlList():
            return [_plain(item) for item in node.items]
        case YamlMap():
            return {entry.key: _plain(entry.value) for entry in node.entries}
        case None:
            return None
