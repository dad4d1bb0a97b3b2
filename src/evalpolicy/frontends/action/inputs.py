"""The action's inputs from the environment, validated before use."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from msgspec import Struct

from evalpolicy.errors import UsageError
from evalpolicy.policy.report import FailOn

# A revision as a person types it; never an option.
_REVISION = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_./@{}^~+-]*")
_SELECTOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


class Inputs(Struct, frozen=True):
    """The workspace, and all inputs but `python`. Paths are absolute, with links resolved.

    `sarif_file` is None for a file in a temporary folder.
    """

    workspace: Path
    folder: Path
    base: str | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: str
    baseline: Path | None
    sarif_file: Path | None
    upload: bool
    replay: bool
    accept_policy_changes: bool


def read(environment: Mapping[str, str]) -> Inputs:
    """The inputs in `INPUT_…`. Raises `UsageError` for the first one that is invalid."""

    def given(name: str) -> str:
        return environment.get(f"INPUT_{name.upper().replace('-', '_')}", "")

    workspace = Path(os.path.realpath(environment.get("GITHUB_WORKSPACE") or "."))
    folder = _inside(workspace, workspace, "path", given("path") or ".")
    if not folder.is_dir():
        raise UsageError("input path: no such folder in the workspace")
    baseline = given("baseline")
    baseline_file = _inside(workspace, folder, "baseline", baseline) if baseline else None
    if baseline_file is not None and not baseline_file.is_file():
        raise UsageError("input baseline: no such file")
    sarif = given("sarif-file")
    return Inputs(
        workspace,
        folder,
        _word("base", given("base"), _REVISION, "a branch, a tag or a commit"),
        _selectors("select", given("select")),
        _selectors("ignore", given("ignore")),
        _one_of("fail-on", given("fail-on") or "error", get_args(FailOn)),
        baseline_file,
        _to_write(workspace, sarif) if sarif else None,
        _one_of("upload-sarif", given("upload-sarif") or "false", ("true", "false")) == "true",
        _one_of("replay", given("replay") or "false", ("true", "false")) == "true",
        _one_of(
            "accept-policy-changes", given("accept-policy-changes") or "false", ("true", "false")
        )
        == "true",
    )


def _word(name: str, value: str, form: re.Pattern[str], what: str) -> str | None:
    if not value:
        return None
    if not form.fullmatch(value):
        raise UsageError(f"input {name}: {value!r} is not {what}")
    return value


def _selectors(name: str, value: str) -> tuple[str, ...]:
    words = [word for word in re.split(r"[,\s]+", value) if word]
    for word in words:
        _word(name, word, _SELECTOR, "a rule id, name or family")
    return tuple(words)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise UsageError(f"input {name}: {value!r} is not one of {', '.join(known)}")
    return value


def _inside(workspace: Path, folder: Path, name: str, value: str) -> Path:
    if not value.isprintable():
        raise UsageError(f"input {name}: the path contains control characters")
    found = Path(os.path.realpath(os.path.join(folder, value)))
    if not found.is_relative_to(workspace):
        raise UsageError(f"input {name}: {value!r} is outside the workspace")
    return found


def _to_write(workspace: Path, value: str) -> Path:
    """A file to write. The checked repository may contain links; never write through one."""
    found = _inside(workspace, workspace, "sarif-file", value)
    typed = os.path.join(workspace, value)
    if os.path.islink(typed) or not found.parent.is_dir() or found.is_dir():
        raise UsageError(
            f"input sarif-file: {value!r} must be a file in an existing folder, not a link"
        )
    if ".git" in found.relative_to(workspace).parts:
        raise UsageError("input sarif-file: cannot be inside .git")
    return found
