"""Gates that leave cases out."""

from __future__ import annotations

from collections.abc import Iterator

from evalpolicy.artifacts.syntax.source import Lines
from evalpolicy.facts.gates import Gates
from evalpolicy.policy.rule import Hit, rule


@rule("GAT008", "gate-narrowed", "warning")
def narrowed_gate(gates: Gates) -> Iterator[Hit]:
    """A gate is called so that it leaves cases out: `--skip`, `-k "not …"`, `grep -v`.

    Judged are the gates of GAT002 in workflows and in the scripts that workflows and hooks call:
    the options of cargo, pytest, go, ctest, jest, vitest and tox, and a `grep -v` in what a
    variable is set to that the gate is called with.

    ## Why

    The gate is green, and nobody sees what it no longer checks. In the reference fleet CI skips the
    audit of every fixture, and the nightly replay leaves out all of webarena.

    ## Example

    ```yaml .github/workflows/test.yml
    on: pull_request
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - run: cargo test --locked -- --skip inspect_every_fixture
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
          - run: cargo test --locked
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    A filter of empty lines and comments, a test runner's own markers (`-m "not slow"`), and
    what only lists (`--list`).

    ## Configuration

    If the cases have to be left out, allow it with the reason, so that it is found again:

    ```toml evalpolicy.toml
    [[allow]]
    rule = "GAT008"
    path = ".github/workflows/test.yml"
    match = "--skip inspect_every_fixture"
    reason = "needs the recordings that only the nightly run has"
    ```
    """
    if not gates.workflows and gates.pre_commit is None:
        return
    from evalpolicy.artifacts.syntax.shell.reader import parse
    from evalpolicy.facts.narrowing import narrowed

    scripts = [
        (run.path, run.script, Lines(run.script.text, *run.step.run_span[:2]), run.step.job)
        for run in gates.runs
    ]
    for path in gates.called:
        text = gates.scripts[path]
        scripts.append((path, parse(text), Lines(text), path))
    for path, script, lines, subject in scripts:
        for found in narrowed(script, gates.names):
            yield Hit(
                path,
                f"{found.gate} leaves cases out (`{found.shown}`): run them, or allow it with the "
                "reason",
                lines.span(found.start, found.end),
                "a case that cannot pass belongs into the tests, marked with the reason",
                subject,
                found.shown,
            )
