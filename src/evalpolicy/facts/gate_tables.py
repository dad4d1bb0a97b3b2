"""Actions and tools whose verdict depends on an input or a flag, as data.

Each row names what was read for it: the action's own `action.yml`, or the tool's manual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

_NO = r"false|0|no|off"
_YES = r"true|1|yes|on"
_EMPTY: Mapping[str, str] = MappingProxyType({})


class ActionGate(Struct, frozen=True):
    """An action that checks, by the tool that it runs.

    Patterns are matched against whole values, without regard to case. `off`: inputs (or, with a
    `$`, variables) with the values that let it pass whatever it finds. `needs`: it can only fail
    with one of these. `only_with`: `needs` holds for these values of other inputs only. `unless`:
    inputs and variables that settle the matter where this table does not see it.
    """

    tool: str
    off: Mapping[str, str] = _EMPTY
    needs: Mapping[str, str] = _EMPTY
    only_with: Mapping[str, str] = _EMPTY
    unless: Mapping[str, str] = _EMPTY


_ANY = r".*"
_SBOM = r"cyclonedx.*|spdx.*|github"
ACTIONS: Mapping[str, ActionGate] = {
    # action.yaml: `exit-code` has no default, and Trivy's own is 0.
    r"aquasecurity/trivy-action": ActionGate(
        "trivy", needs={"exit-code": r"(?!0$).+", "$TRIVY_EXIT_CODE": r"(?!0$).+"},
        unless={"trivy-config": _ANY, "$TRIVY_CONFIG": _ANY, "format": _SBOM},
    ),
    # action.yml: "no-fail: Never fail the action"; `failure-threshold` as in hadolint's manual.
    r"hadolint/hadolint-action": ActionGate(
        "hadolint", off={"no-fail": _YES, "failure-threshold": "none"}
    ),
    # action.yml: "do not return an error code if there are failed checks".
    r"bridgecrewio/checkov-action": ActionGate("checkov", off={"soft_fail": _YES}),
    # README: "If set to true, runs without failing on errors"; `hard_fail_on` is not its own.
    r"(?:super-linter|github)/super-linter(?:/slim)?": ActionGate(
        "super-linter", off={"$DISABLE_ERRORS": _YES}
    ),
    # Documentation, "DISABLE_ERRORS: Flag to have the linter complete with exit code 0".
    r"oxsecurity/megalinter(?:/flavors/\w+)?": ActionGate(
        "megalinter", off={"$DISABLE_ERRORS": _YES}
    ),
    # README of reviewdog: `fail_level` is none by default; its check reporters fail a check of
    # their own, its review reporter only comments.
    r"reviewdog/action-[\w-]+": ActionGate(
        "reviewdog", needs={"fail_level": r"(?!none$).+", "fail_on_error": _YES},
        only_with={"reporter": "github-pr-review|local"}, unless={"reviewdog_flags": r".*-fail.*"},
    ),
    # action.yml: `fail-build` is true by default.
    r"anchore/scan-action": ActionGate("grype", off={"fail-build": _NO}),
    # action.yml: `upload` is `always` by default; without the upload nothing judges the results.
    r"github/codeql-action/analyze": ActionGate("codeql", off={"upload": f"never|{_NO}"}),
    # action.yml: "defines which non-zero exit codes should be ignored (all, results, …)".
    r"checkmarx/kics-github-action": ActionGate("kics", off={"ignore_on_exit": "all|results"}),
    # action.yml: "If set to `true` the action step won't break the build".
    r"aquasecurity/tfsec-action": ActionGate("tfsec", off={"soft_fail": _YES}),
    # action.yml: "Set `false` for exiting without an error when GitLeaks run failed".
    r"gacts/gitleaks": ActionGate("gitleaks", off={"fail-on-error": _NO}),
    r"gitleaks/gitleaks-action": ActionGate("gitleaks"),
    # README: "warn-only: When set to true, the action will log all vulnerabilities as warnings".
    r"actions/dependency-review-action": ActionGate("dependency-review", off={"warn-only": _YES}),
    # action.yml: "If set, only warn, never error".
    r"codespell-project/actions-codespell": ActionGate("codespell", off={"only_warn": r".+"}),
    # action.yml: "don't fail the job if the audit fails".
    r"pypa/gh-action-pip-audit": ActionGate(
        "pip-audit", off={"internal-be-careful-allow-failure": _YES}
    ),
    # action.yml: "Fail entire pipeline on error", true by default.
    r"lycheeverse/lychee-action": ActionGate("lychee", off={"fail": _NO}),
    # action.yml: "Whether you want to fail on errors or not", true by default.
    r"wagoid/commitlint-github-action": ActionGate("commitlint", off={"failOnErrors": _NO}),
    # This project's action.yml.
    r"[\w.-]+/evalpolicy": ActionGate("evalpolicy", off={"fail-on": "never"}),
    # These fail by themselves: action.yml of trufflehog hands on `--fail`.
    r"trufflesecurity/trufflehog": ActionGate("trufflehog"),
    r"pre-commit/action": ActionGate("pre-commit"),
    r"golangci/golangci-lint-action": ActionGate("golangci-lint"),
    r"astral-sh/ruff-action": ActionGate("ruff"),
    r"snyk/actions/[\w-]+": ActionGate("snyk"),
}  # fmt: skip
"""By a pattern of the name before the `@`."""

_BY_NAME = [(re.compile(name, re.IGNORECASE), gate) for name, gate in ACTIONS.items()]


def action_gate(uses: str) -> ActionGate | None:
    """The row of an action, by the text of `uses`."""
    name = uses.partition("@")[0]
    return next((gate for pattern, gate in _BY_NAME if pattern.fullmatch(name)), None)


class ToolGate(Struct, frozen=True):
    """A tool that passes whatever it finds without one of its `flags`.

    `verbs`: for these subcommands, an empty one meaning none. `unless`: words with which it is not
    a gate. `files` and `variables`: where the same may be set instead.
    """

    flags: frozenset[str]
    help: str
    verbs: frozenset[str]
    unless: re.Pattern[str] = re.compile(r"(?!)")
    files: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOOLS: Mapping[str, ToolGate] = {
    # CLI reference: "--error: Exit 1 if there are findings"; `semgrep ci` needs none.
    "semgrep": ToolGate(
        _set("--error"), "add `--error`", _set("scan") | {""},
        re.compile(r"ci|--(?:test|validate|dump-.*|show-.*|version)"),
        variables=_set("SEMGREP_ERROR"),
    ),
    # README of trufflehog 3: "--fail: Exit with code 183 if results are found".
    "trufflehog": ToolGate(
        _set("--fail"), "add `--fail`",
        _set("git github gitlab filesystem s3 gcs docker github-experimental"),
    ),
    # Documentation, "Exit code": 0 by default, even when there are findings.
    "trivy": ToolGate(
        _set("--exit-code --exit-on-eol"), "add `--exit-code 1`",
        _set("image i filesystem fs repository repo rootfs config conf kubernetes k8s sbom vm"),
        re.compile(rf"--download.*|--clear-cache|--reset|-c|--config.*|(?:.*=)?(?:{_SBOM})"),
        _set("trivy.yaml"), _set("TRIVY_EXIT_CODE TRIVY_CONFIG"),
    ),
    # README: "--fail-on: set the return code to 2 if a vulnerability is found with a severity >=".
    "grype": ToolGate(
        _set("--fail-on -f"), "add `--fail-on high`", frozenset(("",)),
        re.compile(r"-c|--config.*|db|config|explain|completion|version"),
        _set(".grype.yaml .grype/config.yaml"), _set("GRYPE_FAIL_ON_SEVERITY GRYPE_CONFIG"),
    ),
    # README: `scan` writes a baseline; `detect-secrets-hook` is what fails.
    "detect-secrets": ToolGate(
        frozenset(), "run `detect-secrets-hook --baseline …` on the files instead", _set("scan"),
        re.compile(r"--string.*|--list-all-plugins"),
    ),
}  # fmt: skip
