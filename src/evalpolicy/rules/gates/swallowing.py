"""Gates whose failure goes nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Lines, Span
from evalpolicy.facts.gates import Gates
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.gates.skipping import (
    hooks_left_out,
    job_never_runs,
    needs_secret,
    step_never_runs,
)
from evalpolicy.rules.gates.starting import never_starts

if TYPE_CHECKING:
    from evalpolicy.artifacts.pre_commit_config import Hook
    from evalpolicy.artifacts.syntax.source import Located
    from evalpolicy.facts.gate_commands import Swallowed
    from evalpolicy.facts.job_flow import JobFlow


@rule("GAT002", "gate-swallows-failure", "error")
def swallows_failure(gates: Gates) -> Iterator[Hit]:
    """A gate cannot fail: `|| true`, a pipe without pipefail, a flag or the want of one.

    A gate is a step of a workflow, a hook or a script they call that runs a checker, a linter or a
    test runner: one that is known by its name (`cargo test`, `pytest`, `ruff`, `gitleaks`, …) or a
    script of the repository whose path says so (`test`, `check`, `lint`, `verify`, `sweep`,
    `audit`, `scan`, …). So is an action that checks, and a recipe that something calls with `make`.

    A verdict is followed: out of its command into the script, out of the script into the step, out
    of the step into the job and the workflow. Reported is what nothing takes up: neither an exit
    code, a variable, a file, an output or `steps.ID.outcome` that is read later, nor the same gate
    run once more, nor, for a gate that fixes files, their commit. Reported as well is a gate that
    never runs on a pull request: `if: false`, `paths` without the files that it checks, a hook in
    `SKIP`, `pre-commit run` in a fresh checkout without naming files.

    ## Why

    `cargo test | tee replay.log` without pipefail: a red test was green in the reference fleet,
    until 700bf1e7. GitHub starts a `run:` step with `bash -e`, which has no pipefail; only an
    explicit `shell: bash` brings `-o pipefail`.

    ## Example

    ```yaml .github/workflows/test.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: |
              cargo test --locked | tee replay.log
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```yaml .github/workflows/test.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: |
              set -o pipefail
              cargo test --locked | tee replay.log
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    A command in `$(…)`: its output is what counts, not its exit code, unless it is only printed.
    One that lists or asks (`--list`, `--version`). `PIPESTATUS`, `$?`, a trap. A fallback that does
    not always succeed. A report that a program, a test reporter or code scanning reads. Options
    that a variable holds. Shells that are not POSIX (`pwsh`, `python`), as on Windows.

    ## Configuration

    `[gates] commands = ["mycheck"]` names further gates, `not_gates = ["black"]` what is none:
    programs, or paths of scripts.
    """
    if not gates.workflows and gates.pre_commit is None:
        return
    from evalpolicy.facts.job_flow import JobFlow

    runs = {id(run.step): run for run in gates.runs}
    for path, workflow in gates.workflows.items():
        for job in workflow.jobs:
            flow = JobFlow(gates, path, workflow, job, runs)
            yield from _job(flow)
    for path in gates.called:
        yield from _script(gates, path)
    yield from _hooks(gates)
    yield from _recipes(gates)


def _job(flow: JobFlow) -> Iterator[Hit]:
    """A job's gates; what the job or a step lets pass is not reported once more within."""
    gates = [flow.gate(step) for step in flow.job.steps]
    first = next((gate for gate in gates if gate is not None), None)
    if first is not None:
        if (never := job_never_runs(flow, first)) is not None:
            yield never
            return
        if (tolerates := _tolerating(flow, flow.job.continue_on_error)) is not None:
            if not flow.result_is_read():
                yield _tolerated(flow, tolerates, first)
            return
    for number, gate in enumerate(gates):
        found = list(_step(flow, number, gate)) or list(hooks_left_out(flow, number))
        yield from found or never_starts(flow, number)


def _step(flow: JobFlow, number: int, gate: str | None) -> Iterator[Hit]:
    """What lets a step pass, the outermost first."""
    step = flow.job.steps[number]
    if gate is not None:
        outer = step_never_runs(flow, number, gate) or needs_secret(flow, number, gate)
        if outer is not None:
            yield outer
            return
        if (tolerates := _tolerating(flow, step.continue_on_error)) is not None:
            if not flow.outcome_is_read(number):
                yield _tolerated(flow, tolerates, gate)
            return
        if step.uses is not None:
            yield from _action(flow, number, gate)
            return
    if (run := flow.run(step)) is not None:
        lines = Lines(run.script.text, *step.run_span[:2])
        for found in flow.lost(number):
            yield _hit(flow.path, found, lines, flow.job.name)


def _hit(path: str, found: Swallowed, lines: Lines, subject: str) -> Hit:
    span = lines.span(found.word.start, found.word.end)
    about = f"{found.gate} {found.by}"
    return Hit(
        path, f"{found.gate}: {found.why}", span, found.help, subject, about, found.severity
    )  # fmt: skip


def _tolerating(flow: JobFlow, value: Located | None) -> Located | None:
    """`continue-on-error`, if it holds where pull requests are judged, or everywhere."""
    from evalpolicy.artifacts.workflow_conditions import holds, in_event

    if value is None:
        return None
    events = [each for each in flow.workflow.triggers if each.startswith("pull_request")]
    contexts = [in_event(event) for event in events] or [{}]
    return value if all(holds(value.text, context) for context in contexts) else None


def _tolerated(flow: JobFlow, value: Located, gate: str) -> Hit:
    return Hit(
        flow.path, f"continue-on-error lets the job pass whatever {gate} reports", value.span,
        "remove continue-on-error", flow.job.name, f"continue-on-error {gate}",
    )  # fmt: skip


def _action(flow: JobFlow, number: int, gate: str) -> Iterator[Hit]:
    """An action that its inputs let pass, or the want of one."""
    from evalpolicy.facts.job_flow import action_lets_pass

    step = flow.job.steps[number]
    found = action_lets_pass(step)
    if found is None or flow.action_is_followed(number):
        return
    what, value, help = found
    yield Hit(
        flow.path, f"{gate}: {what} lets it pass whatever it finds",
        value.span if value is not None else step.span, help, flow.job.name, f"{gate} {what}",
    )  # fmt: skip


def _script(gates: Gates, path: str) -> Iterator[Hit]:
    from evalpolicy.artifacts.syntax.shell.reader import parse
    from evalpolicy.artifacts.syntax.shell.shells import NO_OPTIONS, shell_options
    from evalpolicy.facts.job_flow import lost_in

    text = gates.scripts[path]
    first = text.split("\n", 1)[0]
    options = shell_options(first[2:]) if first.startswith("#!") else None
    for found in lost_in(parse(text), gates.names, options or NO_OPTIONS):
        yield _hit(path, found, Lines(text), path)


def _recipes(gates: Gates) -> Iterator[Hit]:
    """The lines of Makefiles that something calls."""
    from evalpolicy.artifacts.syntax.shell.reader import parse
    from evalpolicy.artifacts.syntax.shell.shells import NO_OPTIONS
    from evalpolicy.facts.job_flow import ignored_in, lost_in
    from evalpolicy.facts.make_calls import recipes

    for recipe in recipes(gates):
        for number, line in enumerate(recipe.lines):
            after = [parse(each.text) for each in recipe.lines[number + 1 :]]
            script = parse(line.text)
            lost = list(lost_in(script, gates.names, NO_OPTIONS, after))
            if not lost and line.ignored:
                lost = list(ignored_in(script, gates.names, NO_OPTIONS, after))
            for found in lost:
                at = Span.at(line.line + line.text.count("\n", 0, found.word.start))
                yield Hit(
                    recipe.path, f"{found.gate}: {found.why}", at, found.help, recipe.target,
                    f"{found.gate} {found.by}", found.severity,
                )  # fmt: skip


def _hooks(gates: Gates) -> Iterator[Hit]:
    """Flags in a hook's arguments, the want of one, and what an entry says to a shell."""
    from evalpolicy.artifacts.syntax.shell.reader import parse
    from evalpolicy.artifacts.syntax.shell.running import unwrapped
    from evalpolicy.artifacts.syntax.shell.shells import NO_OPTIONS, shell_call
    from evalpolicy.facts.gate_commands import without_verdict
    from evalpolicy.facts.job_flow import lost_in

    for path, _, hook in gates.hooks():
        arguments = [argument.text for argument in hook.args or ()]
        entry = hook.entry or hook.id
        found = list(without_verdict(arguments))
        for number, flag in found:
            yield _flag(path, hook, flag, hook.args[number].span if hook.args else entry.span)
        commands = parse(entry.text).commands
        for command in commands if hook.entry is not None else ():
            # pre-commit starts no shell: only one that the entry calls reads operators.
            call = shell_call(unwrapped(command.words))
            if call is not None and call.script is not None:
                for lost in lost_in(parse(call.script.text), gates.names, call.options):
                    yield Hit(
                        path, f"{lost.gate}: {lost.why}", entry.span, lost.help,
                        hook.id.text, f"{lost.gate} {lost.why}", lost.severity,
                    )  # fmt: skip
            flags = [flag for _, flag in without_verdict(command.text)]
            for flag in flags if gates.names.name(command) else ():
                yield _flag(path, hook, flag, entry.span)
        if len(commands) == 1 and not found:
            whole = parse(" ".join([entry.text, *map(quote, arguments)]))
            for lost in lost_in(whole, gates.names, NO_OPTIONS):
                if lost.reports and not any(without_verdict(lost.judged.command.text)):
                    yield Hit(
                        path, f"{lost.gate}: {lost.why}", entry.span, lost.help, hook.id.text,
                        f"{lost.gate} {lost.why}",
                    )  # fmt: skip


def _flag(path: str, hook: Hook, flag: str, span: Span) -> Hit:
    return Hit(
        path, f"{flag} makes {hook.id.text} pass whatever it reports", span, f"remove {flag}",
        hook.id.text, f"{hook.id.text} {flag}",
    )  # fmt: skip
