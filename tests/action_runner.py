"""Runs a composite action's steps as GitHub documents it, and reads the log as its runner does.

From the documentation: `bash --noprofile --norc -eo pipefail {0}`, the files behind GITHUB_OUTPUT
and GITHUB_STEP_SUMMARY, `steps.*`, `inputs.*` and `github.action_path` in expressions, a step
without `if` runs while all before it succeeded. From the runner's source (ActionCommand.cs): `::`
starts a command at the start of a line, behind blanks; the old `##[…]` does anywhere in it.
An action that a step `uses` is not run: what it was given is kept.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
_TERM = re.compile(r"'(?P<text>[^']*)'|(?P<path>[a-z][\w-]*(?:\.[\w-]+)*)|(?P<op>\|\||==)")


@dataclass
class Ran:
    """What came of an action: `used` holds the `with` of each action that a step called."""

    failed: bool
    outputs: dict[str, str]
    log: str
    summary: str
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    code: int = 0

    @property
    def commands(self) -> list[str]:
        """The workflow commands that a runner would have carried out."""
        found, stopped = [], None
        for line in re.split(r"\r\n|\r|\n", self.log):
            text = line.lstrip()
            if stopped is not None:
                if text == f"::{stopped}::":
                    stopped = None
            elif text.startswith("::stop-commands::"):
                stopped = text.removeprefix("::stop-commands::")
            elif text.startswith("::") or "##[" in line:
                found.append(text)
        return found


def run(
    workspace: Path,
    place: Path,
    inputs: dict[str, str] | None = None,
    *,
    installed: str | None = None,
    github: dict[str, str] | None = None,
    action: Path = ROOT,
    check: Callable[[dict[str, str]], tuple[int, str]] | None = None,
) -> Ran:
    """The action on `workspace`; `place` takes the runner's own files.

    `installed` names a Python that has evalpolicy: then the step that installs it is left out,
    because that one needs a package index and half a minute. `check` stands for the step of that
    id: of the environment it gives the exit code and the log.
    """
    document = yaml.safe_load((action / "action.yml").read_text())
    unknown = set(inputs or {}) - set(document["inputs"])
    assert not unknown, f"action.yml has no inputs {unknown}"
    given = {name: str(row.get("default", "")) for name, row in document["inputs"].items()}
    temporary = place / "temp"
    temporary.mkdir(parents=True)
    context: dict[str, Any] = {"inputs": {**given, **(inputs or {})}, "steps": {}}
    ran = Ran(False, {}, "", "")
    for number, step in enumerate(document["runs"]["steps"]):
        name = step.get("id", f"step-{number}")
        if name == "install" and installed is not None:
            context["steps"][name] = {"outputs": {"python": installed}}
            continue
        if ran.failed or _expand(step.get("if", "true"), context) in ("false", ""):
            continue
        if "uses" in step:
            ran.used[step["uses"].partition("@")[0]] = {
                key: _expand(value, context) for key, value in step.get("with", {}).items()
            }
            continue
        assert step["shell"] == "bash", "the only shell that this runner knows"
        files = {key: place / f"{number}-{key}" for key in ("output", "summary", "env", "path")}
        for file in files.values():
            file.touch()
        script = place / f"{number}.sh"
        script.write_text(_expand(step["run"], context))
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GITHUB_"))},
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "GITHUB_ENV": str(files["env"]),
            "GITHUB_PATH": str(files["path"]),
            "RUNNER_TEMP": str(temporary),
            "LC_ALL": "C.UTF-8",
            **(github or {}),
            **{key: _expand(value, context) for key, value in step.get("env", {}).items()},
        }
        if name == "check" and check is not None:
            code, log = check(environment)
        else:
            code, log = _bash(script, workspace, environment)
        ran.log += log
        ran.summary += files["summary"].read_text()
        ran.failed, ran.code = code != 0, code
        context["steps"][name] = {"outputs": read_outputs(files["output"].read_text())}
    for name, row in document["outputs"].items():
        ran.outputs[name] = _expand(row["value"], context)
    return ran


def _bash(script: Path, workspace: Path, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def read_outputs(text: str) -> dict[str, str]:
    """The file behind GITHUB_OUTPUT: `name=value`, or `name<<mark`, lines, `mark`."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if "<<" in line and ("=" not in line or line.index("<<") < line.index("=")):
            name, _, mark = line.partition("<<")
            value = []
            for inner in lines:
                if inner == mark:
                    break
                value.append(inner)
            found[name] = "\n".join(value)
        elif line:
            name, sign, value_ = line.partition("=")
            assert sign, f"GitHub refuses this line of GITHUB_OUTPUT: {line!r}"
            found[name] = value_
    return found


def _expand(text: str, context: dict[str, Any]) -> str:
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda m: _value(m[1], context), str(text))


def _value(expression: str, context: dict[str, Any]) -> str:
    """`a.b || 'text'` and `a.b == 'text'`: what action.yml makes use of."""
    terms: list[str] = []
    operator = None
    for match in _TERM.finditer(expression):
        if match["op"]:
            operator = match["op"]
        elif match["path"]:
            value: Any = context
            for part in match["path"].split("."):
                value = value.get(part, "") if isinstance(value, dict) else ""
            terms.append(str(value))
        else:
            terms.append(match["text"])
    if operator == "==":
        return str(terms[0] == terms[1]).lower()
    return next((term for term in terms if term), "")
