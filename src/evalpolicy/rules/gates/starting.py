"""Gates of workflows that do not start for the files that the gates are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.policy.rule import Hit

if TYPE_CHECKING:
    from evalpolicy.artifacts.workflow import PathFilter
    from evalpolicy.facts.job_flow import JobFlow

# What a checker reads, as a tag of pre-commit's.
_READS = {
    "hadolint": "dockerfile", "shellcheck": "shell", "yamllint": "yaml", "tflint": "terraform",
    "tfsec": "terraform", "markdownlint": "markdown", "markdownlint-cli2": "markdown",
    "golangci-lint": "go", "staticcheck": "go", "govulncheck": "go", "rubocop": "ruby",
    "sqlfluff": "sql", "cargo clippy": "rust", "cargo fmt": "rust", "stylelint": "css",
    **dict.fromkeys(("mypy", "flake8", "pylint", "pyright", "black", "isort", "bandit"), "python"),
}  # fmt: skip


def never_starts(flow: JobFlow, number: int) -> Iterator[Hit]:
    """A gate whose workflow no change to the files that it reads starts."""
    for filter in flow.workflow.filters:
        if filter.event != "pull_request":
            continue
        for tool in sorted(flow.tools(flow.job.steps[number])):
            if tool in _READS and _leaves_out(flow, filter, _READS[tool]):
                if not _starts_elsewhere(flow, tool):
                    yield Hit(
                        flow.path, f"{filter.key} starts this workflow for none of the files that "
                        f"{tool} checks",
                        filter.globs[0].span, f"let {filter.key} include them", flow.job.name,
                        f"{tool} {filter.key}", severity="warning",
                    )  # fmt: skip
                return


def _leaves_out(flow: JobFlow, filter: PathFilter, tag: str) -> bool:
    from evalpolicy.artifacts.file_tags import may_have
    from evalpolicy.matching.globs import Globs

    if not all(_is_plain(glob.text) for glob in filter.globs):
        return False
    entries = flow.gates.snapshot.entries.items()
    paths = [path for path, entry in entries if entry.is_file and may_have(path, False, tag)]
    starts = dict.fromkeys(paths, False)
    for glob in filter.globs:
        # The last pattern that matches decides (GitHub's workflow syntax, `paths`).
        globs = Globs([glob.text.removeprefix("!")])
        starts |= {path: not glob.text.startswith("!") for path in paths if path in globs}
    ignored = filter.key == "paths-ignore"
    return bool(paths) and all(found is ignored for found in starts.values())


def _is_plain(glob: str) -> bool:
    """Whether a pattern means the same to GitHub as a glob does; `?`, `+` and `[` do not."""
    parts = glob.removeprefix("!").split("/")
    return not set("?+[\\$") & set(glob) and all(part == "**" or "**" not in part for part in parts)


def _starts_elsewhere(flow: JobFlow, tool: str) -> bool:
    """Whether another workflow runs the gate."""
    return any(
        tool in flow.tools(step)
        for workflow in flow.gates.workflows.values()
        if workflow is not flow.workflow
        for step in workflow.steps()
    )
