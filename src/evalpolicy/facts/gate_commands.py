"""Which commands are gates, and what takes their verdict away.

A gate is a command that has to be able to fail: a checker, a linter or a test runner, by its name
or as a script of the repository whose name says so.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.expansion import Scope
from evalpolicy.artifacts.syntax.shell.fates import Judged, judged
from evalpolicy.artifacts.syntax.shell.model import Command, Script, ShellWord
from evalpolicy.artifacts.syntax.shell.running import NOTHING, innermost
from evalpolicy.artifacts.syntax.shell.shells import Options
from evalpolicy.artifacts.syntax.shell.values import known_values

# fmt: off
CHECKERS = frozenset({
    "actionlint", "ansible-lint", "bandit", "bats", "black", "checkov", "check-jsonschema",
    "clippy-driver", "codespell", "conftest", "container-structure-test", "cppcheck", "ctest",
    "detect-secrets", "detect-secrets-hook", "dockle", "eslint", "evalpolicy", "flake8",
    "ggshield", "gitleaks", "golangci-lint", "govulncheck", "hadolint", "isort", "jest",
    "kubeconform", "kubeval", "kube-linter", "ktlint", "lychee", "markdownlint",
    "markdownlint-cli2", "mocha", "mypy", "nox", "phpunit", "pip-audit", "pre-commit", "prek",
    "prettier", "pylint", "pyright", "pytest", "py.test", "regal", "rspec", "rubocop", "ruff",
    "semgrep", "shellcheck", "sqlfluff", "standard", "staticcheck", "stylelint", "taplo",
    "tflint", "tfsec", "tox", "trivy", "trufflehog", "tsc", "typos", "vale", "vitest",
    "vulture", "yamllint", "zizmor",
})
# fmt: on
"""Programs that exist to check."""

_WITH = {
    "cargo": {"test", "nextest", "clippy", "fmt", "check", "audit", "deny", "llvm-cov"},
    "go": {"test", "vet"},
    "npm": {"test", "audit"}, "yarn": {"test", "lint"}, "pnpm": {"test", "lint"},
    "bun": {"test"}, "deno": {"test", "lint", "check"},
    "make": {"test", "tests", "check", "lint", "verify", "ci"},
    "just": {"test", "check", "lint", "verify", "ci"},
    "gradle": {"test", "check"}, "./gradlew": {"test", "check"}, "mvn": {"test", "verify"},
    "helm": {"lint"}, "opa": {"test", "check"}, "terraform": {"validate"},
    "dotnet": {"test"}, "swift": {"test"}, "mix": {"test"}, "bazel": {"test"},
}  # fmt: skip
_RUN = {"npm", "yarn", "pnpm", "bun"}
_NAMED = re.compile(
    r"(?:^|[/_.-])(?:test|check|lint|verify|validate|sweep|audit|scan|policy|gate)(?:s|er|ing)?"
    r"(?=$|[/_.-])"
)
_ASKS = frozenset({"--version", "-V", "--help", "-h", "--list", "--list-tests", "--collect-only",
                   "--no-run", "version", "install", "autoupdate", "install-hooks", "clean", "gc",
                   "uninstall", "--generate-lockfile", "completion"})  # fmt: skip
_NO_VERDICT = ("--exit-zero", "--no-fail", "--soft-fail", "--exit-zero-even-if-changed")
"""Flags after which a checker passes whatever it finds."""
_NO_VERDICT_IF = {"--exit-code": "0", "--issues-exit-code": "0", "--fail-on": "never"}
"""Options with the value that does the same: gitleaks and trivy, golangci-lint, evalpolicy."""


class GateNames(Struct, frozen=True):
    """What is a gate: known checkers, those of the configuration, scripts of the repository."""

    checkers: frozenset[str] = CHECKERS
    not_gates: frozenset[str] = frozenset()
    is_script: Callable[[str], bool] = lambda path: False

    def name(self, command: Command, scope: Scope = NOTHING) -> str | None:
        """The name of a command as a gate, with what is known in `scope`; None if not a gate."""
        run = innermost(command, scope)
        words = [word.text for word in run.words]
        # An image is a gate by its name, or by the command that it is given.
        return self._name(words) or (self._name(words[1:]) if run.image is not None else None)

    def _name(self, words: list[str]) -> str | None:
        if not words or _ASKS.intersection(words[1:]):
            return None
        base = posixpath.basename(words[0])
        if base in self.not_gates or words[0] in self.not_gates:
            return None
        if base in ("python", "python3", "node", "bash", "sh", "ruby") and len(words) > 1:
            if words[1:2] == ["-m"] and len(words) > 2:
                return words[2] if words[2] in self.checkers | {"unittest"} else None
            return self._script(next((w for w in words[1:] if not w.startswith("-")), ""))
        if base in self.checkers:
            return base
        subcommand = next((w for w in words[1:] if not w.startswith(("-", "+"))), "")
        if subcommand in _WITH.get(base, ()):
            return f"{base} {subcommand}"
        if base in _RUN and subcommand == "run":
            script = words[words.index("run") + 1 :][:1]
            return f"{base} run {script[0]}" if script and _NAMED.search(script[0]) else None
        if base == "docker" and "compose" in words and "config" in words:
            return "docker compose config"
        return self._script(words[0])

    def _script(self, written: str) -> str | None:
        path = posixpath.normpath(written.removeprefix("./")) if written else ""
        if path in self.not_gates or not self.is_script(path):
            return None
        return path if _NAMED.search(path) or path in self.checkers else None


def without_verdict(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Where words of a command let it pass whatever it finds, and how they read."""
    for number, word in enumerate(words):
        option, joined, value = word.partition("=")
        if word in _NO_VERDICT or (joined and _NO_VERDICT_IF.get(option) == value):
            yield number, word
        elif word in _NO_VERDICT_IF and [_NO_VERDICT_IF[word]] == list(
            words[number + 1 : number + 2]
        ):
            yield number, f"{word} {words[number + 1]}"


class Swallowed(Struct, frozen=True):
    """A gate whose failure goes nowhere, the word that takes it, and what to write.

    `by` is what takes it, as the script has it: `|| true`, `| tee`, `--exit-code 0`.
    """

    gate: str
    word: ShellWord
    by: str
    why: str
    help: str


def swallowed(script: Script, names: GateNames, options: Options) -> Iterator[Swallowed]:
    """Every gate in a script that cannot fail, under the options that its shell starts with."""
    fallbacks: set[int] = set()
    scope = Scope(known_values(script))
    for each in judged(script, options):
        gate = None if each.captured else names.name(each.command, scope)
        if gate is None:
            continue
        by = each.fate.by
        if each.fate.kind == "fallback" and by is not None and by.words[0].start not in fallbacks:
            fallbacks.add(by.words[0].start)
            why = f"`|| {by.shown}` makes it pass whatever {gate} finds"
            yield Swallowed(gate, by.words[0], f"|| {by.shown}", why, f"remove `|| {by.shown}`")
        elif each.fate.kind == "pipe":
            yield _piped(gate, each)
        for number, shown in without_verdict(each.command.text):
            why = f"{shown} makes {gate} pass whatever it finds"
            yield Swallowed(gate, each.command.words[number], shown, why, f"remove {shown}")


def _piped(gate: str, each: Judged) -> Swallowed:
    last = each.fate.by.text[:1] if each.fate.by is not None else ()
    why = (
        f"its exit code is that of {last[0] if last else 'the last command'}: the pipe "
        f"runs without pipefail, so a failing {gate} passes"
    )
    help = "write `set -o pipefail` before it (in a workflow, `shell: bash` sets it)"
    return Swallowed(gate, each.command.words[0], f"| {last[0] if last else ''}", why, help)
