"""Which commands are gates, and what takes their verdict away.

A gate is a command that has to be able to fail: a checker, a linter or a test runner, by its name
or as a script of the repository whose name says so.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell_script import Command, Pipeline, Script, Word, parse

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
_PREFIXES = frozenset({"sudo", "env", "exec", "command", "nice", "time", "timeout", "xvfb-run"})
_RUNNERS = {"uv": "run", "poetry": "run", "pipenv": "run", "hatch": "run", "rye": "run",
            "pdm": "run", "npx": "", "bunx": "", "uvx": "", "pipx": "run"}  # fmt: skip
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
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

    def name(self, command: Command) -> str | None:
        """What a command is called as a gate; None if it is none."""
        words = program(command.text)
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


def program(words: Sequence[str]) -> list[str]:
    """A command's words from the program on, without assignments, `sudo`, `uv run` and such."""
    rest = list(words)
    while rest:
        if _ASSIGNMENT.match(rest[0]):
            rest = rest[1:]
        elif rest[0] in _PREFIXES:
            rest = rest[1:]
            while rest and (rest[0].startswith("-") or rest[0].rstrip("smhd").isdigit()):
                rest = rest[1:]
        elif rest[0] in _RUNNERS and (not _RUNNERS[rest[0]] or _RUNNERS[rest[0]] in rest[1:3]):
            last = _RUNNERS[rest[0]]
            rest = rest[rest.index(last) + 1 :] if last else rest[1:]
            while rest and rest[0].startswith("-"):
                rest = rest[1:]
        else:
            return rest
    return []


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
    """A gate whose failure goes nowhere, the word that takes it, and what to write."""

    gate: str
    word: Word
    why: str
    help: str


def swallowed(script: Script, names: GateNames, *, pipefail: bool) -> Iterator[Swallowed]:
    """Every gate in a script that cannot fail; `pipefail` is what the shell starts with."""
    status = any("PIPESTATUS" in word for words in _all_words(script) for word in words)
    for joined in script.lists:
        for position, pipeline in enumerate(joined):
            if (now := _pipefail(pipeline)) is not None:
                pipefail = now
            if pipeline.then == "||" and position + 1 < len(joined):
                yield from _fallback(joined, position, names)
            if not pipefail and not status:
                yield from _piped(pipeline, names)
            for command in pipeline.commands:
                yield from _flagged(command, names)


def swallowed_in_text(text: str, names: GateNames, line: int, pipefail: bool) -> list[Swallowed]:
    """The same for a script's text that begins on a line of its file."""
    return list(swallowed(parse(text, line), names, pipefail=pipefail))


def _all_words(script: Script) -> Iterator[tuple[str, ...]]:
    for pipeline in script.pipelines():
        for command in pipeline.commands:
            yield command.text


def _pipefail(pipeline: Pipeline) -> bool | None:
    words = pipeline.commands[0].text
    if words[:1] not in (("set",), ("shopt",)) or "pipefail" not in words:
        return None
    return words[words.index("pipefail") - 1].startswith("-")


def _fallback(joined: tuple[Pipeline, ...], position: int, names: GateNames) -> Iterator[Swallowed]:
    """`gate || true`: what stands behind `||` always succeeds."""
    after = joined[position + 1]
    words = after.commands[-1].text
    if words[:1] not in (("true",), (":",), ("echo",), ("printf",)) and words != ("exit", "0"):
        return
    first_command = after.commands[0]
    if after.then in ("&&", "||") or "{" in first_command.keywords or not first_command.words:
        return
    first = position
    while first > 0 and joined[first - 1].then == "&&":
        first -= 1
    for pipeline in joined[first : position + 1]:
        for command in pipeline.commands:
            if (gate := names.name(command)) is not None:
                shown = " ".join(words[:2])
                why = f"`|| {shown}` makes it pass whatever {gate} finds"
                yield Swallowed(gate, first_command.words[0], why, f"remove `|| {shown}`")
                return


def _piped(pipeline: Pipeline, names: GateNames) -> Iterator[Swallowed]:
    for command in pipeline.commands[:-1]:
        if (gate := names.name(command)) is not None and command.words:
            last = pipeline.commands[-1].text[:1]
            why = (
                f"its exit code is that of {last[0] if last else 'the last command'}: the pipe "
                f"runs without pipefail, so a failing {gate} passes"
            )
            help = "write `set -o pipefail` before it (in a workflow, `shell: bash` sets it)"
            yield Swallowed(gate, command.words[0], why, help)


def _flagged(command: Command, names: GateNames) -> Iterator[Swallowed]:
    gate = names.name(command)
    if gate is None:
        return
    for number, shown in without_verdict(command.text):
        yield Swallowed(
            gate,
            command.words[number],
            f"{shown} makes {gate} pass whatever it finds",
            f"remove {shown}",
        )
