"""A GitHub Actions workflow: its jobs' steps, with what each runs or uses and its position."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.shells import Options, shell_options
from evalpolicy.artifacts.syntax.source import START, Problem, Span
from evalpolicy.artifacts.syntax.yaml_spans import (
    YamlList,
    YamlMap,
    YamlNode,
    YamlScalar,
    parse_yaml,
)


class Value(Struct, frozen=True):
    """A text of the workflow and where it is; expressions stay as they are written."""

    text: str
    span: Span

    def lines(self) -> Iterator[tuple[str, Span]]:
        """The lines of a text and where each stands; a block's begin one below its span."""
        below = "\n" in self.text and self.span.end_line > self.span.line
        for number, line in enumerate(self.text.split("\n")):
            yield line, Span.at(self.span.line + 1 + number) if below else self.span


class Step(Struct, frozen=True):
    """One step; `environment` holds what workflow, job and step set, the innermost winning."""

    span: Span
    job: str
    id: Value | None = None
    name: Value | None = None
    uses: Value | None = None
    run: Value | None = None
    run_span: Span = START
    """Where the script itself begins (`script_span`)."""
    shell: Value | None = None
    condition: Value | None = None
    working_directory: Value | None = None
    continue_on_error: Value | None = None
    environment: tuple[tuple[str, Value], ...] = ()
    inputs: tuple[tuple[str, Value], ...] = ()

    def environ(self) -> dict[str, str]:
        return {name: value.text for name, value in self.environment}

    def input(self, name: str) -> Value | None:
        return next((value for key, value in self.inputs if key == name), None)


class Job(Struct, frozen=True):
    """One job; `uses` is a reusable workflow it calls instead of steps.

    `needs` are the jobs that it waits for, `outputs` what it hands to those that wait for it.
    """

    name: str
    span: Span
    steps: tuple[Step, ...] = ()
    uses: Value | None = None
    condition: Value | None = None
    continue_on_error: Value | None = None
    needs: tuple[Value, ...] = ()
    outputs: tuple[tuple[str, Value], ...] = ()


class PathFilter(Struct, frozen=True):
    """`paths` or `paths-ignore` of an event: the globs of the files that start the workflow."""

    event: str
    key: str
    globs: tuple[Value, ...]


class Workflow(Struct, frozen=True):
    """The file; `triggers` are the events of `on`."""

    jobs: tuple[Job, ...] = ()
    triggers: tuple[str, ...] = ()
    filters: tuple[PathFilter, ...] = ()
    problems: tuple[Problem, ...] = ()

    def steps(self) -> tuple[Step, ...]:
        return tuple(step for job in self.jobs for step in job.steps)


def step_options(value: Value | None) -> Options | None:
    """What GitHub starts a step's shell with; None for a shell that is no POSIX one.

    Without `shell:` it is `bash -e {0}`, on Windows PowerShell; `shell: bash` is `bash --noprofile
    --norc -eo pipefail {0}`; `sh` is `sh -e {0}` (GitHub's workflow syntax).
    """
    shell = "" if value is None else value.text
    if shell in ("", "sh", "bash"):
        return Options(errexit=True, pipefail=shell == "bash")
    return shell_options(shell)


def script_span(run: Value | YamlScalar) -> Span:
    """The first line of a step's script, which for a block scalar is one below `run:`."""
    below = "\n" in run.text and run.span.end_line > run.span.line
    return Span.at(run.span.line + 1) if below else run.span


def parse(content: bytes) -> Workflow:
    """Reads a workflow; bad content becomes problems, never an exception."""
    document = parse_yaml(content)
    if document.problem is not None:
        return Workflow(problems=(document.problem,))
    root = document.root
    if not isinstance(root, YamlMap):
        span = START if root is None else root.span
        return Workflow(problems=(Problem("a mapping with `jobs` is expected", span),))
    jobs = root.map("jobs")
    problems = (
        () if jobs is not None else (Problem("`jobs` is missing or not a mapping", root.span),)
    )
    outer = _values(root, "env")
    shells = _defaults(root)
    found = [
        _job(entry.key, entry.span, entry.value, outer, shells)
        for entry in (jobs.entries if jobs is not None else ())
        if isinstance(entry.value, YamlMap)
    ]
    return Workflow(tuple(found), _triggers(root), _filters(root), problems)


def _job(
    name: str,
    span: Span,
    item: YamlMap,
    outer: dict[str, Value],
    defaults: tuple[Value | None, Value | None],
) -> Job:
    environment = {**outer, **_values(item, "env")}
    shell, directory = _defaults(item)
    inner = (shell or defaults[0] or _windows(item), directory or defaults[1])
    return Job(
        name=name,
        span=span,
        steps=tuple(_step(step, name, environment, inner) for step in item.maps("steps")),
        uses=_value(item, "uses"),
        condition=_value(item, "if"),
        continue_on_error=_value(item, "continue-on-error"),
        needs=_one_or_more(item, "needs"),
        outputs=tuple(_values(item, "outputs").items()),
    )


def _step(
    item: YamlMap,
    job: str,
    environment: dict[str, Value],
    defaults: tuple[Value | None, Value | None],
) -> Step:
    run = item.text("run")
    return Step(
        span=item.span,
        job=job,
        id=_value(item, "id"),
        name=_value(item, "name"),
        uses=_value(item, "uses"),
        run=None if run is None else Value(run.text, run.span),
        run_span=START if run is None else script_span(run),
        shell=_value(item, "shell") or defaults[0],
        condition=_value(item, "if"),
        working_directory=_value(item, "working-directory") or defaults[1],
        continue_on_error=_value(item, "continue-on-error"),
        environment=tuple({**environment, **_values(item, "env")}.items()),
        inputs=tuple(_values(item, "with").items()),
    )


def _windows(item: YamlMap) -> Value | None:
    """The shell where nothing names one and the machine is known to run Windows."""
    machine = _value(item, "runs-on")
    if machine is None or not machine.text.lower().startswith("windows"):
        return None
    return Value("pwsh", machine.span)


def _defaults(item: YamlMap) -> tuple[Value | None, Value | None]:
    defaults = item.map("defaults")
    run = defaults.map("run") if defaults is not None else None
    if run is None:
        return None, None
    return _value(run, "shell"), _value(run, "working-directory")


def _triggers(root: YamlMap) -> tuple[str, ...]:
    # YAML 1.1 reads a bare `on` as true; the key's text is what is written.
    value: YamlNode | None = root.get("on")
    if isinstance(value, YamlScalar):
        return (value.text,)
    if isinstance(value, YamlMap):
        return tuple(entry.key for entry in value.entries)
    items = value.items if value is not None else ()
    return tuple(item.text for item in items if isinstance(item, YamlScalar))


def _filters(root: YamlMap) -> tuple[PathFilter, ...]:
    events = root.map("on")
    return tuple(
        PathFilter(event.key, key, globs)
        for event in (events.entries if events is not None else ())
        if isinstance(event.value, YamlMap)
        for key in ("paths", "paths-ignore")
        if (globs := _one_or_more(event.value, key))
    )


def _one_or_more(item: YamlMap, key: str) -> tuple[Value, ...]:
    value = item.get(key)
    found = value.items if isinstance(value, YamlList) else (value,)
    return tuple(Value(each.text, each.span) for each in found if isinstance(each, YamlScalar))


def _values(item: YamlMap, key: str) -> dict[str, Value]:
    inner = item.map(key)
    found = inner.entries if inner is not None else ()
    return {
        entry.key: Value(entry.value.text, entry.value.span)
        for entry in found
        if isinstance(entry.value, YamlScalar)
    }


def _value(item: YamlMap, key: str) -> Value | None:
    scalar = item.text(key)
    return None if scalar is None else Value(scalar.text, scalar.span)
