"""Gates that do not run where pull requests are judged: by a condition, by SKIP, without files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.policy.rule import Hit

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.shell.model import ShellWord, SimpleCommand
    from evalpolicy.artifacts.syntax.source import Located
    from evalpolicy.artifacts.workflow import Job, Step, Workflow
    from evalpolicy.facts.job_flow import JobFlow

_NEEDS_SECRET = re.compile(r"(env|secrets)\.(\w+)(?:\s*!=\s*'')?")
_SECRET_NAME = re.compile(r"LICEN[CS]E|TOKEN|SECRET|PASSWORD|API_?KEY", re.IGNORECASE)
_HOOK_ACTIONS = re.compile(r"(?:pre-commit/action|j178/prek-action)@", re.IGNORECASE)
# How `pre-commit run` and `prek run` are told which files to look at.
_FILES = re.compile(
    r"-a|--all-files|--files|-[so]|--(?:from|to)-ref.*|--source.*|--origin.*|--last-commit"
    r"|-d|--directory.*|--commit-msg-filename.*|.*\$.*|-h|--help"
)
# What of git may change the index.
_STAGES = frozenset(("add", "reset", "rm", "mv", "merge", "apply", "cherry-pick", "stash"))


def job_never_runs(flow: JobFlow, gate: str) -> Hit | None:
    """A job whose condition never holds, or that needs such a job."""
    reason = _skipped(flow.workflow, flow.job)
    if reason is None or _runs_elsewhere(flow, (), None):
        return None
    return _never(flow, reason, gate)


def step_never_runs(flow: JobFlow, number: int, gate: str) -> Hit | None:
    """A step whose condition never holds."""
    step = flow.job.steps[number]
    if not _is_never(flow.workflow, step.condition) or step.condition is None:
        return None
    if _runs_elsewhere(flow, flow.tools(step), step):
        return None
    return _never(flow, step.condition, gate)


def _never(flow: JobFlow, reason: Located, gate: str) -> Hit:
    shown = " ".join(reason.text.split())[:80]
    return Hit(
        flow.path, f"{gate} never runs here: `{shown}` never holds in this workflow", reason.span,
        "write a condition that holds on pull requests, or remove the step", flow.job.name,
        f"{gate} {shown}",
    )  # fmt: skip


def _is_never(workflow: Workflow, condition: Located | None) -> bool:
    """Whether a condition holds for none of the events that start a workflow."""
    from evalpolicy.artifacts.workflow_conditions import holds, in_event

    if condition is None:
        return False
    contexts = [in_event(event) for event in workflow.triggers]
    # A called workflow has the event of its caller.
    if not contexts or "workflow_call" in workflow.triggers:
        contexts = [{}]
    return all(holds(condition.text, context) is False for context in contexts)


def _skipped(workflow: Workflow, job: Job, depth: int = 0) -> Located | None:
    """Why a job never runs: its condition, or the entry of `needs` that never runs."""
    if _is_never(workflow, job.condition):
        return job.condition
    text = job.condition.text if job.condition is not None else ""
    if depth > len(workflow.jobs) or re.search(r"always|cancelled|failure|needs\.", text):
        return None
    jobs = {each.name: each for each in workflow.jobs}
    for need in job.needs:
        if need.text in jobs and _skipped(workflow, jobs[need.text], depth + 1) is not None:
            return need
    return None


def needs_secret(flow: JobFlow, number: int, gate: str) -> Hit | None:
    """A gate that forks never run, as a secret is not there for them."""
    if "pull_request" not in flow.workflow.triggers:
        return None
    step = flow.job.steps[number]
    for condition in (step.condition, flow.job.condition):
        name = _secret(step, condition)
        if name and condition is not None and not _runs_elsewhere(flow, flow.tools(step), step):
            return Hit(
                flow.path, f"{gate} does not run on pull requests from forks, which have no {name}",
                condition.span, "run the check without the secret where it is missing",
                flow.job.name, f"{gate} {name}", severity="warning",
            )  # fmt: skip
    return None


def _secret(step: Step, condition: Located | None) -> str:
    """The secret that a condition asks for; empty if it asks for none."""
    if condition is None or "||" in condition.text:
        return ""
    values = step.environ()
    text = condition.text.strip().removeprefix("${{").removesuffix("}}")
    for part in text.split("&&"):
        if found := _NEEDS_SECRET.fullmatch(part.strip()):
            kind, name = found.groups()
            if kind == "secrets" or "secrets." in values.get(name, ""):
                return name
            if name not in values and _SECRET_NAME.search(name):
                return name
    return ""


def _runs_elsewhere(flow: JobFlow, tools: Iterable[str], step: Step | None) -> bool:
    """Whether another step runs one of these gates, on no such condition."""
    wanted = set(tools) or {tool for each in flow.job.steps for tool in flow.tools(each)}
    for workflow in flow.gates.workflows.values():
        for job in workflow.jobs:
            if (step is None and job is flow.job) or _skipped(workflow, job) is not None:
                continue
            for other in job.steps:
                conditions = (other.condition, job.condition)
                if other is step or _is_never(workflow, other.condition):
                    continue
                if any(_secret(other, condition) for condition in conditions):
                    continue
                if wanted & flow.tools(other):
                    return True
    return False


def hooks_left_out(flow: JobFlow, number: int) -> Iterator[Hit]:
    """The hooks that SKIP takes out of a step's run of the hooks, and a run without files."""
    step = flow.job.steps[number]
    environment = dict(step.environment)
    if step.uses is not None and _HOOK_ACTIONS.match(step.uses.text):
        if (skips := environment.get("SKIP")) is not None:
            yield from _left_out(flow, step, skips.text, skips.span)
        given = step.input("extra_args") or step.input("extra-args")
        if given is not None and not any(map(_FILES.fullmatch, given.text.split())):
            yield from _no_files(flow, given.span)
        return
    run = flow.run(step)
    if run is None:
        return
    from evalpolicy.artifacts.syntax.shell.running import innermost
    from evalpolicy.artifacts.syntax.source import Lines

    lines = Lines(run.script.text, *step.run_span[:2])
    exported: ShellWord | None = None
    for command in run.script.commands:
        inner = innermost(command)
        words = [word.text for word in inner.words]
        own = next((word for word in _words(command) if word.text.startswith("SKIP=")), None)
        if own is not None and (not words or words[0] == "export"):
            exported = own
        if words[:1] not in (["pre-commit"], ["prek"]) or "run" not in words:
            continue
        if (word := own or exported) is not None:
            span = lines.span(word.start, word.end)
            found = _left_out(flow, step, word.text.partition("=")[2], span)
        elif (skips := environment.get("SKIP")) is not None:
            found = _left_out(flow, step, skips.text, skips.span)
        else:
            found = iter(())
        yield from found
        if not any(map(_FILES.fullmatch, words[words.index("run") :])):
            span = lines.span(command.words[0].start, command.words[-1].end)
            yield from _no_files(flow, span)
        return


def _words(command: SimpleCommand) -> tuple[ShellWord, ...]:
    return (*command.assignments, *command.words)


def _left_out(flow: JobFlow, step: Step, text: str, span: Span) -> Iterator[Hit]:
    """The hooks of a list that check something which no step checks otherwise."""
    from evalpolicy.artifacts.syntax.shell.reader import parse

    skipped = {name.strip() for name in text.split(",")}
    for _, _, hook in flow.gates.hooks():
        identity = hook.id.text
        written = [identity, identity.partition("-")[0]]
        commands = parse(hook.entry.text).commands if hook.entry is not None else ()
        entries = [flow.names.name(command) for command in commands]
        tool = next((each for each in (*entries, *written) if each in flow.names.checkers), None)
        if identity not in skipped or tool is None or _runs_elsewhere(flow, {tool}, step):
            continue
        yield Hit(
            flow.path, f"SKIP leaves {identity} out, and no workflow runs {tool} otherwise", span,
            f"remove {identity} from SKIP, or run {tool} in a step of its own", flow.job.name,
            f"SKIP {identity}", severity="warning",
        )  # fmt: skip


def _no_files(flow: JobFlow, span: Span) -> Iterator[Hit]:
    """A run of the hooks on what is staged, which in a fresh checkout is nothing."""
    from evalpolicy.artifacts.syntax.shell.running import innermost

    if any(hook.always_run for _, _, hook in flow.gates.hooks()):
        return
    for each in flow.job.steps:
        run = flow.run(each)
        for command in run.script.commands if run is not None else ():
            words = tuple(word.text for word in innermost(command).words)
            if words[:1] == ("git",) and _STAGES.intersection(words):
                return
    yield Hit(
        flow.path, "without files the hooks look at what is staged, and in a fresh checkout that "
        "is nothing: every hook is skipped",
        span, "add `--all-files`, or `--from-ref` and `--to-ref`", flow.job.name, "no files",
    )  # fmt: skip
