"""Gates whose failure goes nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Lines, Span
from evalpolicy.facts.gates import Gates
from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.shell.model import Script
    from evalpolicy.artifacts.syntax.shell.shells import Options
    from evalpolicy.artifacts.workflow import Step

_ACTIONS = re.compile(
    r"(?:gitleaks/gitleaks-action|pre-commit/action|aquasecurity/trivy-action|"
    r"hadolint/hadolint-action|golangci/golangci-lint-action|astral-sh/ruff-action|"
    r"github/codeql-action/analyze|trufflesecurity/trufflehog|[\w.-]+/evalpolicy)@",
    re.IGNORECASE,
)


@rule("GAT002", "gate-swallows-failure", "error")
def swallows_failure(gates: Gates) -> Iterator[Hit]:
    """A gate's failure is thrown away: `|| true`, a pipe without pipefail, a flag.

    A gate is a step of a workflow, a hook or a script they call that runs a checker, a linter or a
    test runner: one that is known by its name (`cargo test`, `pytest`, `ruff`, `gitleaks`, …) or a
    script of the repository whose path says so (`test`, `check`, `lint`, `verify`, `sweep`,
    `audit`, `scan`, …).

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

    A command in `$(…)`: its output is what counts, not its exit code. One that lists or asks
    (`--list`, `--version`). `PIPESTATUS`. A fallback that does not always succeed. Shells that are
    not POSIX (`pwsh`, `python`).

    ## Configuration

    `[gates] commands = ["mycheck"]` names further gates, `not_gates = ["black"]` what is none:
    programs, or paths of scripts.
    """
    for run in gates.runs:
        lines = Lines(run.script.text, *run.step.run_span[:2])
        yield from _hits(run.path, run.script, gates, run.options, lines, run.step.job)
    for path, workflow in gates.workflows.items():
        for job in workflow.jobs:
            steps = [(step, gate) for step in job.steps if (gate := _gate(gates, step))]
            if _is_true(job.continue_on_error) and job.continue_on_error is not None and steps:
                yield _tolerated(path, job.continue_on_error.span, steps[0][1], job.name)
            for step, gate in steps:
                if _is_true(step.continue_on_error) and step.continue_on_error is not None:
                    yield _tolerated(path, step.continue_on_error.span, gate, job.name)
    for path in gates.called:
        yield from _script(gates, path)
    yield from _hooks(gates)


def _hits(
    path: str, script: Script, gates: Gates, options: Options, lines: Lines, subject: str
) -> Iterator[Hit]:
    from evalpolicy.facts.gate_commands import swallowed

    for found in swallowed(script, gates.names, options):
        span = lines.span(found.word.start, found.word.end)
        about = f"{found.gate} {found.by}"
        yield Hit(path, f"{found.gate}: {found.why}", span, found.help, subject, about)


def _tolerated(path: str, span: Span, gate: str, job: str) -> Hit:
    return Hit(
        path, f"continue-on-error lets the job pass whatever {gate} reports", span,
        "remove continue-on-error", job, f"continue-on-error {gate}",
    )  # fmt: skip


def _is_true(value: object) -> bool:
    return str(getattr(value, "text", "")).lower() in ("true", "${{ true }}", "${{true}}")


def _gate(gates: Gates, step: Step) -> str | None:
    """The first gate that a step runs."""
    if step.uses is not None and _ACTIONS.match(step.uses.text):
        return step.uses.text.partition("@")[0]
    for run in gates.runs:
        if run.step is step:
            names = (gates.names.name(command) for command in run.script.commands)
            return next((name for name in names if name is not None), None)
    return None


def _script(gates: Gates, path: str) -> Iterator[Hit]:
    from evalpolicy.artifacts.syntax.shell.reader import parse
    from evalpolicy.artifacts.syntax.shell.shells import NO_OPTIONS, shell_options

    text = gates.scripts[path]
    first = text.split("\n", 1)[0]
    options = shell_options(first[2:]) if first.startswith("#!") else None
    yield from _hits(path, parse(text), gates, options or NO_OPTIONS, Lines(text), path)


def _hooks(gates: Gates) -> Iterator[Hit]:
    """Flags in a hook's arguments, and what an entry says to a shell."""
    from evalpolicy.artifacts.syntax.shell.reader import parse
    from evalpolicy.artifacts.syntax.shell.running import unwrapped
    from evalpolicy.artifacts.syntax.shell.shells import shell_call
    from evalpolicy.facts.gate_commands import swallowed, without_verdict

    for path, _, hook in gates.hooks():
        arguments = hook.args or ()
        for number, flag in without_verdict([argument.text for argument in arguments]):
            yield Hit(
                path, f"{flag} makes {hook.id.text} pass whatever it reports",
                arguments[number].span, f"remove {flag}", hook.id.text, f"{hook.id.text} {flag}",
            )  # fmt: skip
        if hook.entry is None:
            continue
        for command in parse(hook.entry.text).commands:
            # pre-commit starts no shell: only one that the entry calls reads operators.
            call = shell_call(unwrapped(command.words))
            if call is not None and call.script is not None:
                text = parse(call.script.text)
                for found in swallowed(text, gates.names, call.options):
                    yield Hit(
                        path, f"{found.gate}: {found.why}", hook.entry.span, found.help,
                        hook.id.text, f"{found.gate} {found.by}",
                    )  # fmt: skip
            flags = [flag for _, flag in without_verdict(command.text)]
            for flag in flags if gates.names.name(command) else ():
                yield Hit(
                    path, f"{flag} makes {hook.id.text} pass whatever it reports",
                    hook.entry.span, f"remove {flag}", hook.id.text, f"{hook.id.text} {flag}",
                )  # fmt: skip
