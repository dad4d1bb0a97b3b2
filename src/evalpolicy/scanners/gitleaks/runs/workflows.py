"""The runs of gitleaks in a workflow: actions, scripts of steps, what these call."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from evalpolicy.artifacts.syntax.shell.expansion import Scope, is_open
from evalpolicy.artifacts.syntax.source import Lines, Located
from evalpolicy.artifacts.workflow import Job, Step, Workflow
from evalpolicy.scanners.gitleaks.runs.actions import action_run, installed_by_action
from evalpolicy.scanners.gitleaks.runs.model import TOP, Pin, RunPlace, Seen, pinned
from evalpolicy.scanners.gitleaks.runs.program import image_seen
from evalpolicy.scanners.gitleaks.runs.script import NO_FILES, CallableFiles, Runs, names_it

_TOOLS = re.compile(r"(?:jdx/mise-action|asdf-vm/actions/\w+|aquaproj/aqua-installer)@", re.I)
_MAX_ACTIONS = 5


class Callees(Struct, frozen=True):
    """What a workflow can call here.

    `files` are those that name gitleaks, `action` reads a composite action by its
    folder, `callers` are the inputs that jobs give a reusable workflow of a path; `tools` is what a
    file of tools pins, `exists` whether a path is there.
    """

    files: CallableFiles = NO_FILES
    action: Callable[[str], Workflow | None] = lambda folder: None
    callers: Callable[[str], Iterable[Mapping[str, str]]] = lambda path: ()
    tools: Seen | None = None
    exists: Callable[[str], bool] = lambda path: False


ALONE = Callees()


def workflow_pins(workflow: Workflow, path: str, callees: Callees = ALONE) -> tuple[Pin, ...]:
    """The runs of a workflow's jobs, each with what its job installs before it."""
    inputs = _given(workflow, callees.callers(path))
    return tuple(
        pin
        for job in workflow.jobs
        if _concerns(job, callees)
        for pin in _JobRuns(path, job, inputs, callees).collected()
    )


def _concerns(job: Job, callees: Callees) -> bool:
    """Whether a job can run gitleaks; most cannot, and their scripts are not read."""
    for step in job.steps:
        uses = "" if step.uses is None else step.uses.text
        if names_it(uses) or uses.startswith("./"):
            return True
        if step.run is not None and callees.files.concern(step.run.text):
            return True
    return False


def inputs_given(workflows: Iterable[Workflow], path: str) -> Iterator[Mapping[str, str]]:
    """What the jobs of some workflows give a reusable workflow of this repository."""
    for workflow in workflows:
        for job in workflow.jobs:
            if job.uses is not None and posixpath.normpath(job.uses.text) == path:
                yield {name: value.text for name, value in job.inputs}


def _given(workflow: Workflow, callers: Iterable[Mapping[str, str]]) -> dict[str, str | None]:
    """The value of each input, None where callers differ."""
    given = list(callers)
    found: dict[str, str | None] = {}
    for name, default in workflow.inputs:
        values = {each.get(name, default) for each in given} or {default}
        value = values.pop()
        found[name] = None if values or is_open(value) else value
    return found


class _JobRuns:
    """The steps of one job, in order; a composite action's stand in the place of its step."""

    def __init__(
        self, path: str, job: Job, inputs: Mapping[str, str | None], callees: Callees
    ) -> None:
        self.path, self.job, self.callees = path, job, callees
        self.runs = Runs("workflow", callees.files, tools=callees.tools, launched=False)
        self.top = TOP
        self.contexts: dict[str, str | None] = {
            "github.workspace": TOP,
            **{f"inputs.{name}": value for name, value in inputs.items()},
            **{f"matrix.{name}": value for name, value in job.matrix},
        }
        self.depth = 0

    def collected(self) -> list[Pin]:
        image = self.job.image
        if image is not None:
            self.runs.seen = image_seen(Scope(expressions=self.contexts).expanded(image.text))
        self.steps(self.path, self.job.steps)
        return self.runs.pins

    def steps(self, path: str, steps: Iterable[Step]) -> None:
        for step in steps:
            self.step(path, step)

    def step(self, path: str, step: Step) -> None:
        environment = self.environment(step.environment)
        scope = self.scope(environment)
        if step.uses is not None:
            self.uses(path, step, step.uses, scope)
        if step.run is None:
            return
        directory = step.working_directory
        if directory is not None:
            there = posixpath.join(TOP, scope.expanded(directory.text))
            known = None if is_open(there) else posixpath.normpath(there)
            scope = self.scope(environment, known)
        self.runs.inline = _inline(step.environment)
        self.runs.outputs = {}
        span = Lines(step.run.text, step.run_span.line).span
        self.runs.read(path, step.run.text, scope, span)
        if step.id is not None:
            self.contexts |= {
                f"steps.{step.id.text}.outputs.{name}": value
                for name, value in self.runs.outputs.items()
            }

    def environment(self, written: Iterable[tuple[str, Located]]) -> dict[str, str | None]:
        """What variables hold at a step; one may rest on those before it."""
        found: dict[str, str | None] = dict(self.runs.exported)
        pairs = list(written)
        for _ in range(2):  # `env` of a job may use that of the workflow, in any order
            for name, value in pairs:
                contexts = {**self.contexts, **{f"env.{n}": v for n, v in found.items()}}
                found[name] = _evaluated(value.text, Scope(expressions=contexts))
        return found

    def scope(self, environment: Mapping[str, str | None], directory: str | None = TOP) -> Scope:
        values = {"GITHUB_WORKSPACE": TOP, **environment}
        expressions = {**self.contexts, **{f"env.{n}": v for n, v in environment.items()}}
        return Scope(values, expressions, directory, top=self.top)

    def uses(self, path: str, step: Step, uses: Located, scope: Scope) -> None:
        inputs = {name: scope.expanded(value.text) for name, value in step.inputs}
        name = uses.text.partition("@")[0].lower()
        if name == "actions/checkout" and not inputs.get("repository"):
            self.top = posixpath.normpath(posixpath.join(TOP, inputs.get("path") or "."))
        self.runs.launched = self.runs.launched or _TOOLS.match(uses.text) is not None
        self.runs.seen = installed_by_action(step, inputs) or self.runs.seen
        set_ = {n: v if v is not None else f"${n}" for n, v in scope.values.items()}
        found = action_run(step, set_, inputs, self.callees.exists)
        if found is not None:
            invocation, seen = found
            set_in = dict(step.environment).get("GITLEAKS_VERSION")
            span = uses.span if set_in is None else set_in.span
            place = RunPlace(scope.directory, _in_container(uses.text), self.top)
            pin = pinned(seen, "action", path, span, invocation.located(place.within))
            inline = _inline(step.environment) if invocation.inline else None
            self.runs.pins.append(replace(pin, inline=inline))
        elif uses.text.startswith("./") and self.depth < _MAX_ACTIONS:
            self.composite(posixpath.normpath(uses.text), inputs)

    def composite(self, folder: str, inputs: Mapping[str, str]) -> None:
        action = self.callees.action(folder)
        if action is None:
            return
        outer = self.contexts
        given = _given(action, [inputs])
        self.contexts = {
            **{name: value for name, value in outer.items() if not name.startswith("inputs.")},
            **{f"inputs.{name}": value for name, value in given.items()},
            "github.action_path": f"{TOP}/{folder}",
        }
        self.depth += 1
        file = next((f"{folder}/{n}" for n in _ACTIONS if self.callees.exists(f"{folder}/{n}")), "")
        for job in action.jobs:
            self.steps(file or f"{folder}/{_ACTIONS[0]}", job.steps)
        self.depth -= 1
        self.contexts = outer


_ACTIONS = ("action.yml", "action.yaml")


def _evaluated(text: str, scope: Scope) -> str | None:
    """A value of `env`; only expressions stand for something there, `$A` is text."""
    if "${{" not in text:
        return text
    found = re.sub(r"\$\{\{.*?\}\}", lambda each: scope.expanded(each[0]), text, flags=re.DOTALL)
    return None if "${{" in found else found


def _in_container(uses: str) -> tuple[tuple[str, str], ...] | None:
    """What an image that a step uses sees: the workspace, as /github/workspace too."""
    if not uses.startswith("docker://"):
        return None
    return (("/github/workspace", TOP), (TOP, TOP))


def _inline(environment: Iterable[tuple[str, Located]]) -> Located | None:
    found = next((v for name, v in environment if name == "GITLEAKS_CONFIG_TOML"), None)
    return None if found is None else Located(found.text, found.span)
