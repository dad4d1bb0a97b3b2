"""GAT002 and GAT004: what takes a verdict away, and what takes it up again, form by form.

A form is a file or two; beside it stand the lines that are reported, in the file that has to change
(a workflow unless it is named).
"""

from __future__ import annotations

import textwrap

import pytest
from tests.fleets import write

from evalpolicy.facts.gates import Gates
from evalpolicy.rules.gates import pattern_stale, swallows_failure
from evalpolicy.snapshot.disk import FolderSnapshot

CI = ".github/workflows/ci.yml"
PRE = ".pre-commit-config.yaml"


def steps(text, *, on="pull_request", job=""):
    """A workflow with one job, whose steps begin on line 5 where the job has no more keys."""
    return {
        CI: f"on: {on}\njobs:\n  a:\n{textwrap.indent(job, '    ')}    steps:\n"
        + textwrap.indent(textwrap.dedent(text), "      ")
    }


def run(script, *more, **how):
    """A workflow of one step, whose script begins on line 6; further steps follow."""
    step = "- run: |\n" + textwrap.indent(script, "    ") + "\n"
    return steps(step + "".join(more), **how)


def then(script):
    return "- run: |\n" + textwrap.indent(script, "    ") + "\n"


def when(condition, script="exit 1"):
    return f"- if: {condition}\n  run: {script}\n"


def uses(action, *inputs, env=(), more=""):
    body = "".join(f"    {line}\n" for line in inputs)
    step = f"- uses: {action}\n" + (f"  with:\n{body}" if inputs else "")
    return step + "".join(f"  env:\n    {line}\n" for line in env) + more


def hooks(identity, *lines, top=""):
    body = "".join(f"        {line}\n" for line in lines)
    return {PRE: f"{top}repos:\n  - repo: local\n    hooks:\n      - id: {identity}\n{body}"}


def make(recipe, call="make secrets", **more):
    return {**run(call), "Makefile": recipe, **more}


def tolerated(*more):
    return steps("- id: g\n  run: pytest\n  continue-on-error: true\n" + "".join(more))


TRIVY = "aquasecurity/trivy-action@v1"
OUTPUT = 'gitleaks git . || echo "found=true" >> "$GITHUB_OUTPUT"'
WITH_ID = steps(f"- id: g\n  run: {OUTPUT}\n")
TWO_JOBS = "  b:\n    needs: a\n    steps:\n      - run: %s\n"

PATHS = "\n  pull_request:\n    paths: [%s]"
DOCKERFILES = {"a/Dockerfile": "", "b/Dockerfile": ""}

HANDLED = {
    # The outcome of a step.
    "an if: on the outcome": tolerated(when("steps.g.outcome == 'failure'")),
    "an if: on the conclusion": tolerated(when("steps.g.conclusion != 'success'")),
    "an if: by index": tolerated(when("steps['g'].outcome == 'failure'")),
    "all steps": tolerated(when("contains(steps.*.outcome, 'failure')")),
    "a script tests the outcome": tolerated(
        then('if [ "${{ steps.g.outcome }}" = "failure" ]; then exit 1; fi')
    ),
    "a test is the last command": tolerated(then('[ "${{ steps.g.outcome }}" = success ]')),
    "a case of the outcome": tolerated(
        then("case ${{ steps.g.outcome }} in failure) exit 1;; esac")
    ),
    "an environment carries it": tolerated(
        "- run: test $O = success\n  env:\n    O: ${{ steps.g.outcome }}\n"
    ),
    "an action opens an issue": tolerated(
        "- uses: a/create-issue@v1\n  if: steps.g.outcome == 'failure'\n"
    ),
    "a script of node": tolerated(
        "- uses: actions/github-script@v7\n  with:\n"
        "    script: core.setFailed('${{ steps.g.outcome }}')\n"
    ),
    "another job looks at the result": {
        CI: steps("- run: pytest\n", job="continue-on-error: true\n")[CI]
        + TWO_JOBS % "test ${{ needs.a.result }} = success"
    },
    "an output of the job": {
        CI: steps(
            "- id: g\n  run: pytest\n  continue-on-error: true\n",
            job="outputs:\n  o: ${{ steps.g.outcome }}\n",
        )[CI]
        + TWO_JOBS % "test ${{ needs.a.outputs.o }} = success"
    },
    # What a fallback writes down.
    "an output, an if:": {
        CI: WITH_ID[CI] + "      - if: steps.g.outputs.found\n        run: exit 1\n"
    },
    "an output, a script": {
        CI: WITH_ID[CI] + "      - run: '[ \"${{ steps.g.outputs.found }}\" != true ]'\n"
    },
    "an output of old": run(
        'ruff check || echo "::set-output name=bad::1"', when("steps.x.outputs.bad")
    ),
    "a variable of the job": run(
        "pytest || echo FAILED=1 >> $GITHUB_ENV", then('[ -z "$FAILED" ]')
    ),
    "a variable, in an if:": run(
        "pytest || echo FAILED=1 >> $GITHUB_ENV", when("env.FAILED == '1'")
    ),
    "a variable of the script": run("failed=0\npytest || failed=1\nexit $failed"),
    "a file as a flag": run(
        "pytest || echo bad > failed.txt\nif [ -f failed.txt ]; then exit 1; fi"
    ),
    "a file, next step": run("pytest || echo bad > failed.txt", then("test ! -f failed.txt")),
    "a group writes": run(
        'pytest || { echo bad; echo "f=1" >> $GITHUB_OUTPUT; }', when("steps.a.outputs.f")
    ),
    # Reports.
    "npm audit, jq": run("npm audit --json > a.json || true\njq -e '.x == 0' a.json"),
    "npm audit, a script": run("npm audit --json > a.json || true\nnode scripts/x.js a.json"),
    "a report, counted": run(
        "gitleaks git . --exit-code 0 -r a.json\nn=$(jq length a.json)\n"
        "if [ $n -gt 0 ]; then exit 1; fi"
    ),
    "a report, next step": run(
        "gitleaks git . --exit-code 0 --report-path=a.json", then("python check.py a.json")
    ),
    "a report, counted into an output": run(
        "gitleaks git . --exit-code 0 -r a.json\necho n=$(jq length a.json) >> $GITHUB_OUTPUT",
        when("steps.a.outputs.n != '0'"),
    ),
    "a log, searched": run("pytest | tee log\nif grep -q FAILED log; then exit 1; fi"),
    "a log, the last word": run("pytest | tee log\n! grep -q FAILED log; test -s log"),
    "sarif for code scanning": steps(
        uses(TRIVY, "format: sarif", "output: t.sarif")
        + uses("github/codeql-action/upload-sarif@v3", "sarif_file: t.sarif")
    ),
    "junit for a reporter": run(
        "pytest --junitxml=j.xml || true", uses("dorny/test-reporter@v1", "path: j.xml")
    ),
    "an artifact for another job": {
        CI: run(
            "pytest --junitxml=j.xml || true", uses("actions/upload-artifact@v4", "path: j.xml")
        )[CI]
        + "  b:\n    steps:\n      - uses: actions/download-artifact@v4\n"
        + "      - run: ./judge j.xml\n"
    },
    "python reads it from a here-document": run(
        "npm audit --json > a.json || true\npython - <<E\nopen('a.json')\nE"
    ),
    "a program that is no shell's": run(
        "pytest --junitxml=j.xml || true", "- run: cat j.xml\n  shell: pwsh\n"
    ),
    # The same once more.
    "a report, and the gate": run(
        "npm audit --json > a.json || true", then("npm audit --audit-level high")
    ),
    "without the flag": run("ruff check --exit-zero --output-format github\nruff check"),
    "without the flag, before": run("ruff check\nruff check --exit-zero --output-format github"),
    "tolerated, then not": steps(
        "- run: ruff check --fix\n  continue-on-error: true\n- run: ruff check\n"
    ),
    "in a later step": run("ruff check . || true", then("ruff check .")),
    "an action twice": steps(uses(TRIVY, "format: json") + uses(TRIVY, "exit-code: '1'")),
    "an action, then the tool": steps(
        uses(TRIVY, "format: json") + "- run: trivy fs --exit-code 1 .\n"
    ),
    "the tool, then an action": steps("- run: trivy fs .\n" + uses(TRIVY, "exit-code: '1'")),
    # Fixing.
    "a fixer, pushed": run(
        "pre-commit run --all-files || true", then("git commit -am x\ngit push")
    ),
    "a fixer, in one script": run("ruff check --fix || true\ngit diff --exit-code"),
    "a fixer, a pull request": run("black . || true", uses("peter-evans/create-pull-request@v6")),
    "a fixing action": steps(
        "- uses: pre-commit/action@v3\n  continue-on-error: true\n- run: git push\n"
    ),
    # Exit codes that are read.
    "rc": run("set +e\npytest\nrc=$?\necho x\nexit $rc"),
    "PIPESTATUS": run("set +e\npytest | tee a\necho ${PIPESTATUS[0]} > rc"),
    "a trap": run("trap 'exit 1' ERR\nset +e\npytest\necho done"),
    "a function": run("f() { pytest; }\nf"),
    "wait": run("pytest &\nwait $!"),
    "a pid": run("vitest --watch &\nkill $!"),
    "if, exit": run("if ! pytest; then echo bad; exit 1; fi"),
    "if, a variable": run("if ! pytest; then bad=1; fi\nexit $bad"),
    "local, looked at": run('f() { local x=$(ruff check); if [ -n "$x" ]; then exit 1; fi; }\nf'),
    "captured for a comparison": run('if [ "$(ruff check | wc -l)" -gt 0 ]; then exit 1; fi'),
    # Flags and inputs that let it fail.
    "semgrep --error": run("semgrep scan --error --config auto"),
    "semgrep ci": run("semgrep ci"),
    "trufflehog --fail": run("trufflehog git file://. --fail"),
    "trivy --exit-code=1": run("trivy image --exit-code=1 x"),
    "trivy, an sbom": run("trivy image --format cyclonedx -o s.json x"),
    "trivy, its file": {**run("trivy fs ."), "trivy.yaml": "exit-code: 1\n"},
    "trivy, a variable": steps("- run: trivy fs .\n  env:\n    TRIVY_EXIT_CODE: 1\n"),
    "trivy, flags not known": run("trivy fs $TRIVY_ARGS ."),
    "trivy, its database": run("trivy image --download-db-only"),
    "trivy --version": run("trivy --version"),
    "grype --fail-on": run("grype dir:. --fail-on high"),
    "grype, its database": run("grype db update"),
    "detect-secrets-hook": run("detect-secrets-hook --baseline b $(git ls-files)"),
    "detect-secrets, diff": run("detect-secrets scan --baseline b\ngit diff --exit-code b"),
    "detect-secrets, a judge": run("detect-secrets scan | python judge.py"),
    "trivy-action exit-code 1": steps(uses(TRIVY, "exit-code: '1'")),
    "trivy-action, an expression": steps(uses(TRIVY, "exit-code: ${{ inputs.code }}")),
    "trivy-action, a file": steps(uses(TRIVY, "trivy-config: t.yaml")),
    "trivy-action, an sbom": steps(uses(TRIVY, "format: spdx-json")),
    "trivy-action, a variable": steps(uses(TRIVY, env=["TRIVY_EXIT_CODE: 1"])),
    "hadolint-action": steps(uses("hadolint/hadolint-action@v3", "no-fail: false")),
    "scan-action": steps(uses("anchore/scan-action@v4", "image: x")),
    "trufflehog, the action": steps(uses("trufflesecurity/trufflehog@main", "path: .")),
    "reviewdog, a check": steps(uses("reviewdog/action-eslint@v1", "reporter: github-check")),
    "reviewdog, fail_level": steps(
        uses("reviewdog/action-eslint@v1", "reporter: github-pr-review", "fail_level: error")
    ),
    "super-linter": steps(uses("super-linter/super-linter@v7")),
    "codeql": steps(uses("github/codeql-action/analyze@v3")),
    "codeql, judged": steps(
        uses("github/codeql-action/analyze@v3", "upload: never", "output: r") + then("./judge r")
    ),
    # Conditions.
    "push, in a workflow of both": steps(
        "- run: pytest\n  if: github.event_name == 'push'\n", on="[push, pull_request]"
    ),
    "false, the same runs elsewhere": run("pytest", "- run: pytest -x\n  if: false\n"),
    "needs a job that never runs, always": {
        CI: "on: pull_request\njobs:\n  x:\n    if: false\n    steps: []\n  a:\n    needs: x\n"
        "    if: always()\n    steps:\n      - run: pytest\n"
    },
    "called, with the caller's event": steps(
        "- run: pytest\n  if: github.event_name == 'push'\n", on="[workflow_call]"
    ),
    "no licence, another way": steps(
        "- uses: gitleaks/gitleaks-action@v2\n  if: env.GITLEAKS_LICENSE != ''\n"
        "- run: gitleaks git .\n"
    ),
    "a token, on push": steps("- run: pytest\n  if: env.TOKEN != ''\n", on="push"),
    "a failure tolerated on push": steps(
        "- run: pytest\n  continue-on-error: ${{ github.event_name == 'push' }}\n"
    ),
    "a failure tolerated by a matrix": steps(
        "- run: pytest\n  continue-on-error: ${{ matrix.experimental }}\n"
    ),
    # Hooks.
    "SKIP of no checker": {
        **run("SKIP=no-commit-to-branch pre-commit run -a"),
        **hooks("no-commit-to-branch"),
    },
    "SKIP of what runs otherwise": {
        **run("SKIP=mypy pre-commit run -a", then("mypy src")),
        **hooks("mypy"),
    },
    "SKIP of a hook that is not there": {**run("SKIP=mypy pre-commit run -a"), **hooks("ruff")},
    "the hooks on a range": {**run("pre-commit run --from-ref a --to-ref b"), **hooks("mypy")},
    "the hooks on what is staged": {**run("git add -A\npre-commit run"), **hooks("mypy")},
    "the hooks, flags not known": {**run("pre-commit run ${{ inputs.args }}"), **hooks("mypy")},
    "a hook that always runs": {
        **run("pre-commit run"),
        **hooks("mypy", "always_run: true", "types: [ruby]"),
    },
    "pre-commit/action": {**steps(uses("pre-commit/action@v3")), **hooks("mypy")},
    "pre-commit/action, all files": {
        **steps(uses("pre-commit/action@v3", "extra_args: mypy --all-files")),
        **hooks("mypy"),
    },
    "exclude leaves one": {"a.py": "", "b.py": "", **hooks("mypy", "exclude: ^(a|\\.)")},
    "types by name": {"Rakefile": "", **hooks("x", "types: [ruby]")},
    "types_or": {"a.py": "", **hooks("x", "types_or: [ruby, python]")},
    "types that no name tells": {"a.py": "", **hooks("x", "types: [text, executable]")},
    "files that shall not be": {
        "a.py": "",
        **hooks("x", "language: fail", "files: \\.rej$", "types: [ruby]"),
    },
    "types not known": {"a.py": "", **hooks("x", "types: [nix]")},
    "a hook of semgrep that fails": hooks("semgrep", "args: [--config, auto, --error]"),
    "a hook by its entry that fails": hooks("x", "entry: trufflehog git file://. --fail"),
    "a hook of another entry": hooks("detect-secrets", "args: [--baseline, b]"),
    "paths that start it for one": {
        **steps("- run: hadolint a/Dockerfile\n", on=PATHS % "a/**"),
        **DOCKERFILES,
    },
    "paths that a later pattern brings back": {
        **steps("- run: hadolint a/Dockerfile\n", on=PATHS % "'!a/**', 'a/**'"),
        **DOCKERFILES,
    },
    "paths of another workflow": {
        **steps("- run: hadolint a/Dockerfile\n", on=PATHS % "src/**"),
        **DOCKERFILES,
        ".github/workflows/b.yml": steps("- run: hadolint a/Dockerfile\n")[CI],
    },
    "paths that are no plain globs": {
        **steps("- run: hadolint a/Dockerfile\n", on=PATHS % "'[b]/**'"),
        **DOCKERFILES,
    },
    "nothing of the kind": steps("- run: hadolint a/Dockerfile\n", on=PATHS % "src/**"),
    # What is no gate's run.
    "PowerShell, on Windows": steps(
        "- run: |\n    pytest\n    if (Test-Path x) { echo y }\n", job="runs-on: windows-latest\n"
    ),
    "a linter's own configuration": run("golangci-lint config verify || true"),
    "a pipe into a judge": run("flake8 | reviewdog -f=flake8 -fail-level=error"),
    "a pipe into a judge, shown": run("ruff check --output-format json | jq -e '. == []'"),
    "a report beside the gate": {
        **run("./check.sh --strict\n./check.sh --json > r.json || true"),
        "check.sh": "#!/bin/sh\n",
    },
    "a report from another folder": run(
        "pytest --benchmark-json=../b.json || true", then("python compare.py b.json")
    ),
    # Makefiles.
    "not called": make("secrets:\n\tgitleaks git . || true\nother:\n\techo a\n", "make other"),
    "a recipe that fails": make("secrets:\n\tgitleaks git .\n"),
    "a recipe, looked at": make("secrets:\n\tpytest; rc=$$?; rm -f x; exit $$rc\n"),
    "a dash for rm": make("secrets:\n\t-rm -f x\n\tgitleaks git .\n"),
    "a recipe's report": make("secrets:\n\tnpm audit --json > a.json || true\n\tjq -e .x a.json\n"),
    "one shell": make(".ONESHELL:\nsecrets:\n\tpytest\n\trc=$$?\n\texit $$rc\n"),
}

JUNIT = "pytest --junitxml=j.xml || true"
LICENCE = "- uses: gitleaks/gitleaks-action@v2\n  if: env.GITLEAKS_LICENSE != ''\n"

LOST = {
    "another job that has no such file": (
        {CI: run(JUNIT)[CI] + "  b:\n    steps:\n      - run: ./judge j.xml\n"},
        6,
    ),
    "a log that is counted": (run("pytest | tee log\nn=$(grep -c passed log)\necho $n"), 6),
    "the same, before": (run("pytest", then("pytest --dead-fixtures 2>&1 || true")), 8),
    "an action twice, tolerated": (
        steps(
            uses(TRIVY, "format: json")
            + uses(TRIVY, "exit-code: 1", more="  continue-on-error: true\n")
        ),
        5,
        11,
    ),
    "a licence, twice": (steps(LICENCE + LICENCE), 6, 8),
    "nobody looks at the outcome": (tolerated(), 7),
    "the outcome is only shown": (tolerated(then("echo ${{ steps.g.outcome }}")), 7),
    "the outcome is only summed up": (
        tolerated(then('echo "| ${{ steps.g.outcome }} |" >> $GITHUB_STEP_SUMMARY')),
        7,
    ),
    "a step that only prints": (tolerated(when("steps.g.outcome == 'failure'", "echo bad")), 7),
    "the outcome of another": (tolerated(when("steps.h.outcome == 'failure'")), 7),
    "a job, and nobody needs it": (steps("- run: pytest\n", job="continue-on-error: true\n"), 4),
    "by an expression": (
        steps("- run: pytest\n  continue-on-error: ${{ github.event_name == 'pull_request' }}\n"),
        6,
    ),
    "true and || true": (steps("- run: pytest || true\n  continue-on-error: true\n"), 6),
    "a job and a step": (
        steps("- run: pytest\n  continue-on-error: true\n", job="continue-on-error: true\n"),
        4,
    ),
    "an output that nobody reads": (run(OUTPUT), 6),
    "an output that is printed": (
        {CI: WITH_ID[CI] + "      - run: echo ${{ steps.g.outputs.found }}\n"},
        6,
    ),
    "a report that is uploaded": (
        run(
            "npm audit --json > a.json || true", uses("actions/upload-artifact@v4", "path: a.json")
        ),
        6,
    ),
    "a report that is shown": (
        run("npm audit --json > a.json || true\ncat a.json\njq . a.json"),
        6,
    ),
    "another report is judged": (
        run("npm audit --json > a.json || true\njq -e .x data.json\njq -e .x a.json.bak"),
        6,
    ),
    "a log that is shown": (run("pytest | tee log\ntail log"), 6),
    "the same with less": (run("pytest || true\npytest tests/unit"), 6),
    "the same, itself let pass": (run("pytest || true", then("pytest || :")), 6, 8),
    "no fixer, pushed": (run("pytest || true", then("git push")), 6),
    "set +e": (run("set +e\npytest\necho done"), 7),
    "set +e, exit 0": (run("set +e\npytest\nexit 0"), 7),
    "&& before the end": (run("pytest && echo good\nls"), 6),
    "a script without -e": (
        {**run("tests/check.sh"), "tests/check.sh": "#!/bin/bash\npytest\necho done\n"},
        2,
    ),
    "if not": (run("if ! pytest; then echo bad; fi"), 6),
    "if, both ways": (run("if pytest; then echo good; else echo bad >&2; fi"), 6),
    "if, in a function": (run("f() {\n  if ! pytest; then echo bad; fi\n}\nf"), 7),
    "a group": (run("pytest || { echo bad; echo worse; }"), 6),
    "in the background": (run("pytest &\nls"), 6),
    "printed": (run('echo "$(pytest)"'), 6),
    "exported": (run("export X=$(ruff check)\necho $X"), 6),
    "local": (run("f() {\n  local x=$(ruff check)\n  echo $x\n}\nf"), 7),
    "bash -c": (run("bash -c 'pytest; exit 0'"), 6),
    "semgrep": (run("semgrep scan --config auto"), 6),
    "semgrep without a verb": (run("semgrep --config auto ."), 6),
    "trufflehog": (run("trufflehog filesystem ."), 6),
    "trufflehog in docker": (
        run("docker run --rm trufflesecurity/trufflehog:latest git file:///x"),
        6,
    ),
    "semgrep in docker": (run("docker run semgrep/semgrep semgrep scan --config auto"), 6),
    "make -i": (run("make -i test"), 6),
    "gosec": (run("gosec -no-fail ./..."), 6),
    "govulncheck": (run("govulncheck -json ./..."), 6),
    "tolerated, then something else": (
        steps("- run: ruff check a\n  continue-on-error: true\n- run: ruff check b\n"),
        6,
    ),
    "trivy": (run("trivy image x"), 6),
    "trivy, 0": (run("trivy image --exit-code 0 x"), 6),
    "trivy, shown": (run("trivy fs . | tee log"), 6),
    "grype": (run("grype dir:."), 6),
    "detect-secrets": (run("detect-secrets scan"), 6),
    "trivy-action": (steps(uses(TRIVY, "scan-type: fs")), 5),
    "trivy-action 0": (steps(uses(TRIVY, "exit-code: 0")), 7),
    "trivy-action, uploaded": (
        steps(uses(TRIVY, "output: t.json") + uses("actions/upload-artifact@v4", "path: t.json")),
        5,
    ),
    "hadolint-action": (steps(uses("hadolint/hadolint-action@v3", "no-fail: true")), 7),
    "hadolint-action, no threshold": (
        steps(uses("hadolint/hadolint-action@v3", "failure-threshold: none")),
        7,
    ),
    "checkov-action": (steps(uses("bridgecrewio/checkov-action@v12", "soft_fail: true")), 7),
    "super-linter": (steps(uses("super-linter/super-linter@v7", env=["DISABLE_ERRORS: true"])), 7),
    "super-linter, of the job": (
        steps(uses("super-linter/super-linter/slim@v7"), job="env:\n  DISABLE_ERRORS: true\n"),
        5,
    ),
    "scan-action": (steps(uses("anchore/scan-action@v4", "fail-build: false")), 7),
    "reviewdog": (steps(uses("reviewdog/action-eslint@v1", "reporter: github-pr-review")), 5),
    "reviewdog, false": (
        steps(uses("reviewdog/action-x@v1", "reporter: local", "fail_level: none")),
        8,
    ),
    "codeql": (steps(uses("github/codeql-action/analyze@v3", "upload: never")), 7),
    "gitleaks, an action": (steps(uses("gacts/gitleaks@v1", "fail-on-error: false")), 7),
    "dependency-review": (steps(uses("actions/dependency-review-action@v4", "warn-only: true")), 7),
    "an action, tolerated": (
        steps(uses("snyk/actions/node@master", more="  continue-on-error: true\n")),
        6,
    ),
    "false": (steps("- run: pytest\n  if: false\n"), 6),
    "${{ false }}": (steps("- run: pytest\n  if: ${{ false }}\n"), 6),
    "a job, false": (steps("- run: pytest\n", job="if: false\n"), 4),
    "push only": (steps("- run: pytest\n  if: github.event_name == 'push'\n"), 6),
    "tags only": (steps("- run: pytest\n  if: startsWith(github.ref, 'refs/tags/')\n"), 6),
    "needs a job that never runs": (
        {
            CI: "on: pull_request\njobs:\n  x:\n    if: false\n    steps: []\n"
            "  a:\n    needs: [x]\n    steps:\n      - run: pytest\n"
        },
        7,
    ),
    "a licence": (
        steps("- uses: gitleaks/gitleaks-action@v2\n  if: env.GITLEAKS_LICENSE != ''\n"),
        6,
    ),
    "a secret by another name": (
        steps("- run: pytest\n  if: ${{ env.X != '' }}\n  env:\n    X: ${{ secrets.X }}\n"),
        6,
    ),
    "SKIP before the command": ({**run("SKIP=a,mypy pre-commit run -a"), **hooks("mypy")}, 6),
    "SKIP exported": ({**run("export SKIP=mypy\npre-commit run -a"), **hooks("mypy")}, 6),
    "SKIP of the step": (
        {**steps("- run: pre-commit run -a\n  env:\n    SKIP: mypy\n"), **hooks("mypy")},
        7,
    ),
    "SKIP of the job": (
        {**steps("- run: pre-commit run -a\n", job="env:\n  SKIP: mypy\n"), **hooks("mypy")},
        5,
    ),
    "SKIP of an action": (
        {**steps(uses("pre-commit/action@v3", env=["SKIP: mypy"])), **hooks("mypy")},
        7,
    ),
    "SKIP of a hook by its entry": (
        {**run("SKIP=types pre-commit run -a"), **hooks("types", "entry: mypy src")},
        6,
    ),
    "the hooks without files": ({**run("pre-commit run mypy"), **hooks("mypy")}, 6),
    "an action without files": (
        {**steps(uses("pre-commit/action@v3", "extra_args: --hook-stage manual")), **hooks("mypy")},
        7,
    ),
    "a hook of semgrep": (hooks("semgrep", "args: [--config, auto]"), 4),
    "a hook by its entry": (hooks("x", "entry: trufflehog filesystem", "args: [.]"), 5),
    "paths of other files": (
        {**steps("- run: hadolint a/Dockerfile\n", on=PATHS % "src/**"), **DOCKERFILES},
        3,
    ),
    "paths that leave them out": (
        {**steps("- run: hadolint a\n", on=PATHS % "'**', '!**/Dockerfile'"), **DOCKERFILES},
        3,
    ),
    "paths that are ignored": (
        {
            **steps(
                "- uses: hadolint/hadolint-action@v3\n",
                on="\n  pull_request:\n    paths-ignore:\n      - '**/Dockerfile'",
            ),
            **DOCKERFILES,
        },
        4,
    ),
    "exclude everything": ({"a.py": "", **hooks("mypy", "exclude: '.*'")}, 5),
    "exclude all that files names": (
        {"a/b.py": "", "c.py": "", **hooks("mypy", "files: ^a/", "exclude: b")},
        6,
    ),
    "types of nothing": ({"a.py": "", **hooks("x", "types: [ruby]")}, 5),
    "types of nothing among files": (
        {"a/b.py": "", "c.rb": "", **hooks("x", "files: ^a/", "types: [ruby]")},
        6,
    ),
    "types_or of nothing": ({"a.py": "", **hooks("x", "types_or: [ruby, go]")}, 5),
    "a recipe": (make("secrets:\n\tgitleaks git . || true\n"), 2),
    "a recipe's dash": (make("secrets:\n\techo a\n\t-@gitleaks git .\n"), 3),
    "a recipe that another needs": (make("all: secrets\nsecrets:\n\tpytest || true\n", "make"), 3),
    "a recipe that another calls": (
        make("all:\n\t$(MAKE) secrets\nsecrets:\n\tpytest || true\n", "make all"),
        4,
    ),
    "a recipe's variable": (make("PYTEST = pytest -q\nsecrets:\n\t$(PYTEST) || true\n"), 3),
    "a recipe of a folder": (
        {**run("make -C sub secrets"), "sub/Makefile": "secrets:\n\tpytest || true\n"},
        2,
    ),
    "a recipe of a hook": (
        {"Makefile": "lint:\n\truff check || true\n", **hooks("x", "entry: make lint")},
        2,
    ),
    "a recipe on two lines": (make("secrets:\n\techo a && \\\n\tpytest || true\n"), 3),
}


def reported(root, files):
    gates = Gates(FolderSnapshot(write(root, files)))
    hits = [*swallows_failure(gates), *pattern_stale(gates)]
    assert not gates.problems
    return [hit.span.line for hit in hits]


@pytest.mark.parametrize("files", HANDLED.values(), ids=HANDLED)
def test_a_verdict_that_is_taken_up_is_not_reported(files, tmp_path):
    assert reported(tmp_path, files) == []


@pytest.mark.parametrize("form", LOST.values(), ids=LOST)
def test_a_verdict_that_is_lost_is_reported_once(form, tmp_path):
    files, *lines = form
    assert reported(tmp_path, files) == lines
