"""Hooks that look at what is staged, where nothing ever is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.gates import Gates
from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.artifacts.pre_commit_config import Hook
    from evalpolicy.facts.gitleaks_uses import GitleaksUses

_STAGED = re.compile(r"(?:^|\s)(?:--staged|--cached|--pre-commit|protect)(?=$|[\s'\";|&)])")
_ACTION = re.compile(r"(?:pre-commit|j178)/(?:action|prek-action)@")


_HOOKS_RUN = re.compile(r"^[^#\n]*\b(?:pre-commit|prek)[\"', \t]+run\b", re.MULTILINE)
_MAKEFILES = ("Makefile", "makefile", "GNUmakefile")
_PACKAGE = ("package.json",)
# What runs tasks, and where a repository writes them.
_TASKS = {
    "make": _MAKEFILES, "gmake": _MAKEFILES, "just": ("justfile", "Justfile"),
    "task": ("Taskfile.yml",), "nox": ("noxfile.py",), "tox": ("tox.ini", "pyproject.toml"),
    "npm": _PACKAGE, "pnpm": _PACKAGE, "yarn": _PACKAGE, "bun": _PACKAGE,
}  # fmt: skip


class _Blind(Struct, frozen=True):
    """A hook that sees staged files only: what it does not see, and what to write."""

    path: str
    span: Span
    name: str
    what: str
    help: str
    tool: str


@rule("GAT001", "gate-sees-nothing", "error")
def sees_nothing(gates: Gates, gitleaks: GitleaksUses) -> Iterator[Hit]:
    """A hook that looks only at staged files is a gate in CI, where nothing is staged.

    Only a note where CI does not run the hooks at all: then it works on the machine of whoever
    commits, and nowhere else.

    `check-added-large-files` without `--enforce-all`, the gitleaks hooks, and any hook whose entry
    or arguments say `--staged`, `--cached` or `protect`.

    ## Why

    `pre-commit run --all-files`, and `--from-ref … --to-ref …` as well, give a hook the names of
    files, and stage nothing. In the reference fleet's CI the large-file hook passes 2 MB, and the
    gitleaks hook scans an empty index; no workflow runs gitleaks otherwise.

    ## Example

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
    ```

    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      hooks:
        runs-on: ubuntu-latest
        steps:
          - run: pre-commit run --all-files
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
            args: [--enforce-all]
    ```

    ```yaml .github/workflows/ci.yml
    on: pull_request
    jobs:
      hooks:
        runs-on: ubuntu-latest
        steps:
          - run: pre-commit run --all-files
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    A tool that a workflow also runs on more than the index (`gitleaks git`, the action). A job
    that stages something before it runs the hooks (`git add`, `git reset --soft`). Hooks of other
    stages. A repository without any workflow: its CI is not here.
    """
    if not gates.workflows:
        return
    runs, staging = _pre_commit_runs(gates)
    if staging:
        return
    for blind in _blind(gates, gitleaks):
        if blind.tool in _run_otherwise(gates, gitleaks):
            continue
        place = next(iter(runs), None) or _pre_commit_ci(gates, blind.name)
        why = (
            f"{place} runs the hooks with nothing staged, so there it always passes"
            if place
            else "it runs when someone commits, and no workflow runs it"
        )
        yield Hit(
            blind.path, f"{blind.name} only checks {blind.what}: {why}", blind.span, blind.help,
            blind.name, blind.name, severity=None if place else "note",
        )  # fmt: skip


def _pre_commit_ci(gates: Gates, hook: str) -> str:
    """Where pre-commit.ci is configured, if that runs the hook."""
    if gates.pre_commit is None:
        return ""
    path, config = gates.pre_commit
    if config.ci is None or hook in (skipped.text for skipped in config.ci_skips):
        return ""
    return f"pre-commit.ci ({path}:{config.ci.line})"


def _blind(gates: Gates, gitleaks: GitleaksUses) -> Iterator[_Blind]:
    staged = {pin.span for pin in gitleaks.pins if pin.invocation.mode == "staged"}
    for path, repository, hook in gates.hooks():
        stages = {stage.text for stage in hook.stages}
        if stages and not stages & {"pre-commit", "commit", "pre-push", "push"}:
            continue
        text = " ".join([hook.entry.text if hook.entry else "", *_arguments(hook)])
        places = [hook.id, repository.rev, repository.url, hook.entry]
        pinned = any(place is not None and place.span in staged for place in places)
        if hook.id.text == "check-added-large-files" or "check-added-large-files" in text:
            if "--enforce-all" not in text:
                yield _Blind(
                    path, hook.id.span, hook.id.text, "files that are being added to the index",
                    "add `--enforce-all` to its args", "check-added-large-files",
                )  # fmt: skip
        elif "gitleaks" in hook.id.text + text and pinned:
            yield _Blind(
                path, hook.id.span, hook.id.text, "the index",
                "run `gitleaks git` or `gitleaks dir .` in a workflow as well, at the same version",
                "gitleaks",
            )  # fmt: skip
        elif (found := _STAGED.search(text)) is not None and "gitleaks" not in hook.id.text:
            yield _Blind(
                path, hook.id.span, hook.id.text, f"what is staged (`{found[0].strip()}`)",
                "run the check on all files in a workflow as well", _tool(hook),
            )  # fmt: skip


def _tool(hook: Hook) -> str:
    """What a hook runs, by its entry, else by its id."""
    from evalpolicy.artifacts.syntax.shell.reader import parse
    from evalpolicy.artifacts.syntax.shell.running import innermost

    for command in parse(hook.entry.text if hook.entry else hook.id.text).commands[:1]:
        for word in innermost(command).words[:1]:
            return word.text
    return ""


def _arguments(hook: Hook) -> list[str]:
    return [argument.text for argument in hook.args or ()]


def _pre_commit_runs(gates: Gates) -> tuple[list[str], bool]:
    """Where workflows run the hooks; and whether a job stages something before."""
    from evalpolicy.artifacts.syntax.shell.reader import parse
    from evalpolicy.artifacts.syntax.shell.running import innermost

    found = []
    staging: set[tuple[str, str]] = set()
    all_stage = True
    for path, workflow in gates.workflows.items():
        for step in workflow.steps():
            job = (path, step.job)
            lines = []
            if step.uses is not None and _ACTION.match(step.uses.text):
                lines.append(step.uses.span.line)
            text = "" if step.run is None else step.run.text
            for command in parse(text).commands:
                words = [word.text for word in innermost(command).words]
                if words[:2] == ["git", "add"] or words[:3] == ["git", "reset", "--soft"]:
                    staging.add(job)
                elif _runs_hooks(gates, words):
                    below = text.count("\n", 0, command.words[0].start)
                    lines.append(step.run_span.line + below)
            if lines:
                found.append(f"{path}:{lines[0]}")
                all_stage = all_stage and job in staging
    return found, bool(found) and all_stage


def _runs_hooks(gates: Gates, words: list[str]) -> bool:
    """Whether a command runs the hooks, itself or by a task or a script of the repository."""
    if words[:1] in (["pre-commit"], ["prek"]):
        return "run" in words
    texts = [gates.scripts.get(word.removeprefix("./"), "") for word in words[:2]]
    for path in _TASKS.get(words[0], ()) if words else ():
        content = gates.content(path)
        texts.append("" if content is None else content.decode("utf-8", "replace"))
    return any(map(_HOOKS_RUN.search, texts))


def _run_otherwise(gates: Gates, gitleaks: GitleaksUses) -> set[str]:
    """The tools that a workflow runs on more than what is staged, themselves or by a script."""
    from evalpolicy.artifacts.syntax.shell.running import innermost

    found = set()
    for pin in gitleaks.pins:
        in_ci = pin.source in ("action", "workflow") or pin.path in gates.called
        if (in_ci or pin.source == "hook") and pin.invocation.mode != "staged":
            found.add("gitleaks")
    for run in gates.runs:
        for command in run.script.commands:
            words = [word.text for word in innermost(command).words]
            if words[:1] == ["check-added-large-files"] and "--enforce-all" not in words:
                continue
            if words and words[0] != "gitleaks" and not _STAGED.search(" ".join(words)):
                found.add(words[0])
    return found
