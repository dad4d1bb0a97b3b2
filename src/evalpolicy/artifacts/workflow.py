"""A GitHub Actions workflow: its jobs' steps, with what each runs or uses and its position.

`parse_action` reads an `action.yml` of the same repository as a workflow of one job.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.shells import Options, shell_options
from evalpolicy.artifacts.syntax.source import START, Located, Problem, Span
from evalpolicy.artifacts.syntax.yaml_spans import (
    YamlList,
    YamlMap,
    YamlNode,
    YamlScalar,
    parse_yaml,
    yaml_lines,
)


class Step(Struct, frozen=True):
    """One step; `environment` holds what workflow, job and step set, the innermost winning.

    `note` is the tag in a comment behind `uses` (`# v2.3.9`), "" without one.
    """

    span: Span
    job: str
    id: Located | None = None
    name: Located | None = None
    uses: Located | None = None
    run: Located | None = None
    run_span: Span = START
    """Where the script itself begins (`script_span`)."""
    shell: Located | None = None
    condition: Located | None = None
    working_directory: Located | None = None
    continue_on_error: Located | None = None
    environment: tuple[tuple[str, Located], ...] = ()
    inputs: tuple[tuple[str, Located], ...] = ()
    note: str = ""

    def environ(self) -> dict[str, str]:
        return {name: value.text for name, value in self.environment}

    def input(self, name: str) -> Located | None:
        return next((value for key, value in self.inputs if key == name), None)


class Job(Struct, frozen=True):
    """One job; `uses` is a reusable workflow it calls instead of steps, with `inputs`.

    `image` is the container that its steps run in; `matrix` holds what has one value only.
    `needs` are the jobs that it waits for, `outputs` what it hands to those that wait for it.
    """

    name: str
    span: Span
    steps: tuple[Step, ...] = ()
    uses: Located | None = None
    condition: Located | None = None
    continue_on_error: Located | None = None
    inputs: tuple[tuple[str, Located], ...] = ()
    image: Located | None = None
    matrix: tuple[tuple[str, str], ...] = ()
    needs: tuple[Located, ...] = ()
    outputs: tuple[tuple[str, Located], ...] = ()


class PathFilter(Struct, frozen=True):
    """`paths` or `paths-ignore` of an event: the globs of the files that start the workflow."""

    event: str
    key: str
    globs: tuple[Located, ...]


class Workflow(Struct, frozen=True):
    """The file; `triggers` are the events of `on`.

    `inputs` are those of a reusable workflow or of an action, with their defaults, "" without one.
    """

    jobs: tuple[Job, ...] = ()
    triggers: tuple[str, ...] = ()
    filters: tuple[PathFilter, ...] = ()
    problems: tuple[Problem, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()

    def steps(self) -> tuple[Step, ...]:
        return tuple(step for job in self.jobs for step in job.steps)


def step_options(value: Located | None) -> Options | None:
    """What GitHub starts a step's shell with; None for a shell that is not a POSIX shell.

    Without `shell:` it is `bash -e {0}`, on Windows PowerShell; `shell: bash` is `bash --noprofile
    --norc -eo pipefail {0}`; `sh` is `sh -e {0}` (GitHub's workflow syntax).
    """
    shell = "" if value is None else value.text
    if shell in ("", "sh", "bash"):
        return Options(errexit=True, pipefail=shell == "bash")
    return shell_options(shell)


def script_span(run: Located | YamlScalar) -> Span:
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
    lines = yaml_lines(content)
    found = [
        _job(entry.key, entry.span, entry.value, outer, shells, lines)
        for entry in (jobs.entries if jobs is not None else ())
        if isinstance(entry.value, YamlMap)
    ]
    on = root.map("on")
    calls = [on.map(event) for event in ("workflow_call", "workflow_dispatch")] if on else []
    inputs = {name: default for call in calls if call for name, default in _inputs(call)}
    return Workflow(tuple(found), _triggers(root), _filters(root), problems, tuple(inputs.items()))


def parse_action(content: bytes) -> Workflow:
    """Reads a composite action as a workflow of one job; of another action there is none."""
    root = parse_yaml(content).root
    runs = root.map("runs") if isinstance(root, YamlMap) else None
    if runs is None or not isinstance(root, YamlMap):
        return Workflow()
    lines = yaml_lines(content)
    job = _job("runs", runs.span, runs, {}, (None, None), lines)
    return Workflow((job,), inputs=tuple(_inputs(root)))


def _inputs(item: YamlMap) -> Iterator[tuple[str, str]]:
    """The names under `inputs` and their defaults."""
    inner = item.map("inputs")
    for entry in inner.entries if inner is not None else ():
        default = entry.value.text("default") if isinstance(entry.value, YamlMap) else None
        yield entry.key, "" if default is None else default.text


def _job(
    name: str,
    span: Span,
    item: YamlMap,
    outer: dict[str, Located],
    defaults: tuple[Located | None, Located | None],
    lines: list[str],
) -> Job:
    environment = {**outer, **_values(item, "env")}
    shell, directory = _defaults(item)
    inner = (shell or defaults[0] or _windows(item), directory or defaults[1])
    return Job(
        name=name,
        span=span,
        steps=tuple(_step(step, name, environment, inner, lines) for step in item.maps("steps")),
        uses=item.located("uses"),
        condition=item.located("if"),
        continue_on_error=item.located("continue-on-error"),
        inputs=tuple(_values(item, "with").items()),
        image=_image(item),
        matrix=tuple(_matrix(item)),
        needs=_one_or_more(item, "needs"),
        outputs=tuple(_values(item, "outputs").items()),
    )


def _image(item: YamlMap) -> Located | None:
    """The image of `container`, which is a name or a mapping."""
    container = item.map("container")
    return item.located("container") if container is None else container.located("image")


def _matrix(item: YamlMap) -> Iterator[tuple[str, str]]:
    strategy = item.map("strategy")
    matrix = strategy.map("matrix") if strategy is not None else None
    for entry in matrix.entries if matrix is not None and matrix.get("include") is None else ():
        items = entry.value.items if isinstance(entry.value, YamlList) else ()
        if len(items) == 1 and isinstance(items[0], YamlScalar):
            yield entry.key, items[0].text


_NOTE = re.compile(r"\s#\s*(?:[\w-]*\s*[:@]?\s*)?(v?\d+(?:\.\d+)*)\b")


def _note(uses: YamlScalar | None, lines: list[str]) -> str:
    if uses is None:
        return ""
    found = _NOTE.search(lines[uses.span.line - 1], uses.span.end_column - 1)
    return found[1] if found else ""


def _step(
    item: YamlMap,
    job: str,
    environment: dict[str, Located],
    defaults: tuple[Located | None, Located | None],
    lines: list[str],
) -> Step:
    run = item.text("run")
    return Step(
        span=item.span,
        job=job,
        id=item.located("id"),
        name=item.located("name"),
        uses=item.located("uses"),
        run=None if run is None else run.located,
        run_span=START if run is None else script_span(run),
        shell=item.located("shell") or defaults[0],
        condition=item.located("if"),
        working_directory=item.located("working-directory") or defaults[1],
        continue_on_error=item.located("continue-on-error"),
        environment=tuple({**environment, **_values(item, "env")}.items()),
        inputs=tuple(_values(item, "with").items()),
        note=_note(item.text("uses"), lines),
    )


def _windows(item: YamlMap) -> Located | None:
    """The shell where nothing names one and the machine is known to run Windows."""
    machine = item.located("runs-on")
    if machine is None or not machine.text.lower().startswith("windows"):
        return None
    return Located("pwsh", machine.span)


def _defaults(item: YamlMap) -> tuple[Located | None, Located | None]:
    defaults = item.map("defaults")
    run = defaults.map("run") if defaults is not None else None
    if run is None:
        return None, None
    return run.located("shell"), run.located("working-directory")


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


def _one_or_more(item: YamlMap, key: str) -> tuple[Located, ...]:
    value = item.get(key)
    found = value.items if isinstance(value, YamlList) else (value,)
    return tuple(each.located for each in found if isinstance(each, YamlScalar))


def _values(item: YamlMap, key: str) -> dict[str, Located]:
    inner = item.map(key)
    found = inner.entries if inner is not None else ()
    return {
        entry.key: entry.value.located for entry in found if isinstance(entry.value, YamlScalar)
    }
