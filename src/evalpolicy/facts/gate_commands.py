"""Which commands are gates, and what takes their verdict away.

A gate is a command that has to be able to fail: a checker, a linter or a test runner, by its name
or as a script of the repository whose name says so.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from evalpolicy.artifacts.syntax.shell.expansion import Scope
from evalpolicy.artifacts.syntax.shell.fates import JudgedCommand, judged
from evalpolicy.artifacts.syntax.shell.model import Script, ShellWord, SimpleCommand
from evalpolicy.artifacts.syntax.shell.running import NOTHING, innermost
from evalpolicy.artifacts.syntax.shell.shells import Options
from evalpolicy.artifacts.syntax.shell.values import known_values
from evalpolicy.facts.gate_tables import TOOLS, ToolGate
from evalpolicy.facts.verdicts import judges_output, reports_to_file

# fmt: off
CHECKERS = frozenset({
    "actionlint", "ansible-lint", "bandit", "bats", "black", "checkov", "check-jsonschema",
    "clippy-driver", "codespell", "conftest", "container-structure-test", "cppcheck", "ctest",
    "detect-secrets", "detect-secrets-hook", "dockle", "eslint", "evalpolicy", "flake8",
    "ggshield", "gitleaks", "golangci-lint", "gosec", "govulncheck", "grype",
    "hadolint", "isort", "jest",
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
                   "uninstall", "--generate-lockfile", "completion", "init-templatedir",
                   "migrate-config", "sample-config", "validate-config", "validate-manifest",
                   "try-repo", "hook-impl", "server"})  # fmt: skip
_NO_CHECKS = {
    "golangci-lint": {"config", "linters", "cache", "custom", "migrate", "formatters"},
    "semgrep": {"login", "logout", "publish", "lsp"}, "trivy": {"plugin", "module", "clean"},
    "ruff": {"config", "rule", "linter", "cache"}, "tox": {"config", "devenv"},
    "detect-secrets": {"audit"}, "prek": {"self", "cache", "list"},
}  # fmt: skip
"""Subcommands of checkers that check nothing of the repository."""
_NO_VERDICT = ("--exit-zero", "--no-fail", "--soft-fail", "--exit-zero-even-if-changed")
"""Flags after which a checker passes whatever it finds."""
_NO_VERDICT_IF = {"--exit-code": "0", "--issues-exit-code": "0", "--fail-on": "never"}
"""Options with the value that does the same: gitleaks and trivy, golangci-lint, evalpolicy."""
_NO_VERDICT_OF = {
    # GNU make's manual, "Summary of Options".
    "make": {"-i", "--ignore-errors"}, "gmake": {"-i", "--ignore-errors"},
    # README of gosec: "-no-fail: Do not fail the scanning, even if issues were found".
    "gosec": {"-no-fail"},
    # Documentation of govulncheck: with these formats it "exits successfully regardless".
    "govulncheck": {"-json", *(f"-format={each}" for each in ("json", "sarif", "openvex"))},
}  # fmt: skip
"""Flags that do the same for one program."""


class GateNames(Struct, frozen=True):
    """What is a gate: known checkers, those of the configuration, scripts of the repository."""

    checkers: frozenset[str] = CHECKERS
    not_gates: frozenset[str] = frozenset()
    is_script: Callable[[str], bool] = lambda path: False

    def name(self, command: SimpleCommand, scope: Scope = NOTHING) -> str | None:
        """The name of a command as a gate, with what is known in `scope`; None if not a gate."""
        run = innermost(command, scope)
        words = [word.text for word in run.words]
        # An image is a gate by its name, or by the command that it is given.
        return self._name(words) or (self._name(words[1:]) if run.image is not None else None)

    def _name(self, words: list[str]) -> str | None:
        if not words or _ASKS.intersection(words[1:]):
            return None
        base = posixpath.basename(words[0])
        if words[1:2] and words[1] in _NO_CHECKS.get(base, ()):
            return None
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
    own = _NO_VERDICT_OF.get(posixpath.basename(words[0]), ()) if words else ()
    for number, word in enumerate(words):
        option, joined, value = word.partition("=")
        if word in _NO_VERDICT or word in own or (joined and _NO_VERDICT_IF.get(option) == value):
            yield number, word
        elif word in _NO_VERDICT_IF and [_NO_VERDICT_IF[word]] == list(
            words[number + 1 : number + 2]
        ):
            yield number, f"{word} {words[number + 1]}"


class Swallowed(Struct, frozen=True):
    """A gate whose failure goes nowhere, the word that takes it, and what to write.

    `by` is what takes it, as the script has it: `|| true`, `| tee`, `--exit-code 0`.
    `reports`: it passes by a flag or for want of one.
    """

    gate: str
    word: ShellWord
    by: str
    why: str
    help: str
    judged: JudgedCommand
    reports: bool = False
    severity: Literal["warning"] | None = None

    @property
    def only_reports(self) -> bool:
        """Whether it is run for its report: another run of the gate may decide."""
        return self.reports or reports_to_file(self.judged.command)


def swallowed(
    script: Script, names: GateNames, options: Options, variables: Collection[str] = ()
) -> Iterator[Swallowed]:
    """Every gate in a script that cannot fail, once, whatever takes its failure up later.

    `options` are those that its shell starts with, `variables` the names that are set for it.
    """
    fallbacks: set[int] = set()
    scope = Scope(known_values(script))
    quiet = not looks_at_codes(script)
    is_on = options.errexit or any(command.text[:1] == ("set",) for command in script.commands)
    for each in judged(script, options):
        by = each.fate.by
        if each.captured and (each.fate.kind != "captured" or by is None):
            continue
        gate = names.name(each.command, scope)
        if gate is None:
            continue
        first = each.command.words[0]
        match each.fate.kind:
            case "fallback" if by is not None:
                if by.words[0].start not in fallbacks:
                    fallbacks.add(by.words[0].start)
                    why = f"`|| {by.shown}` makes it pass whatever {gate} finds"
                    taker = f"|| {by.shown}"
                    yield Swallowed(gate, by.words[0], taker, why, f"remove `{taker}`", each)
                    continue
            case "pipe" if judges_output(each):
                continue
            case "pipe" if lacks(gate, each, names, variables) is None:
                yield _piped(gate, each)
                continue
            case "dropped" if quiet:
                why = f"the script goes on when {gate} fails, and nothing looks at its exit code"
                help = f"write `{gate} … || exit 1`, or `set -e` before it"
                severity: Literal["warning"] | None = None if is_on else "warning"
                yield Swallowed(gate, first, "dropped", why, help, each, severity=severity)
                continue
            case "background" if quiet:
                why = "it runs in the background, and nothing waits for it"
                help = "add `wait $!`, which ends with its code"
                yield Swallowed(gate, first, "&", why, help, each)
                continue
            case "unheeded":
                why = f"when {gate} fails, the script prints a line and goes on"
                help = "add `exit 1` behind the line"
                yield Swallowed(gate, first, "unheeded", why, help, each)
                continue
            case "captured" if by is not None:
                why = f"its exit code is lost: that of `{by.shown} …` around it counts"
                help = "assign its output to a variable first, in a command of its own"
                yield Swallowed(gate, first, f"$( ) in {by.shown}", why, help, each)
                continue
        yield from _without_flag(gate, each, names, variables)


def _without_flag(
    gate: str, each: JudgedCommand, names: GateNames, variables: Collection[str]
) -> Iterator[Swallowed]:
    """A gate that its flags let pass, or the want of one."""
    for number, shown in without_verdict(each.command.text):
        why = f"{shown} makes {gate} pass whatever it finds"
        yield Swallowed(gate, each.command.words[number], shown, why, f"remove {shown}", each, True)
        return
    if not judges_output(each) and (tool := lacks(gate, each, names, variables)) is not None:
        why = f"as it is called here, {gate} passes whatever it finds"
        yield Swallowed(gate, each.command.words[0], "no flag", why, tool.help, each, True)


_HANDS_ON = re.compile(r"\$.*(?:arg|opt|flag|param|[@*])", re.IGNORECASE)


def lacks(
    gate: str, each: JudgedCommand, names: GateNames, variables: Collection[str]
) -> ToolGate | None:
    """The row of a tool that is called without what lets it fail."""
    tool = TOOLS.get(gate)
    if tool is None:
        return None
    run = innermost(each.command)
    words = [word.text for word in run.words[1:]]
    if run.image is not None and words[:1] == [gate]:
        del words[0]  # the image, then the command in it
    verb = "" if not words or re.match(r"-|.*[./$]", words[0]) else words[0]
    known = {*variables, *(name for name, _ in run.environment)}
    if (
        (verb not in tool.verbs and tool.verbs != {""})
        or known & tool.variables
        or any(map(names.is_script, tool.files))
        or any(tool.unless.fullmatch(word) or _HANDS_ON.match(word) for word in words)
    ):
        return None
    given = {word.partition("=")[0] for word in words}
    return None if given & tool.flags else tool


def decides(each: JudgedCommand, gate: str, names: GateNames, scope: Scope) -> bool:
    """Whether a command runs a gate in such a way that it can fail its script."""
    return (
        each.fate.kind in ("fails", "asked")
        and names.name(each.command, scope) == gate
        and not any(without_verdict(each.command.text))
        and lacks(gate, each, names, ()) is None
    )


def again(found: Swallowed, script: Script, options: Options, names: GateNames, after: int) -> bool:
    """Whether a script runs the same gate once more, from an offset on, able to fail.

    Of one that only reports any other run will do; else it has to check no less.
    """
    scope = Scope(known_values(script))
    known = {word.text for word in found.judged.command.words}
    return any(
        found.only_reports or {word for word in each.command.text if word[:1] != "-"} <= known
        for each in judged(script, options)
        if each.command.words
        and each.command.words[0].start >= after
        and decides(each, found.gate, names, scope)
    )


def looks_at_codes(script: Script) -> bool:
    """Whether a script looks at exit codes: a variable, a trap, or what it sources."""
    return any(
        command.text[:1] in (("trap",), ("source",), (".",), ("wait",))
        or any(
            word.expands and any(each in word.text for each in ("$?", "$!", "PIPESTATUS"))
            for word in (*command.words, *command.assignments)
        )
        for command in script.commands
    )


def _piped(gate: str, each: JudgedCommand) -> Swallowed:
    last = each.fate.by.text[:1] if each.fate.by is not None else ()
    why = (
        f"its exit code is that of {last[0] if last else 'the last command'}: the pipe "
        f"runs without pipefail, so a failing {gate} passes"
    )
    help = "write `set -o pipefail` before it (in a workflow, `shell: bash` sets it)"
    taker = f"| {last[0] if last else ''}"
    return Swallowed(gate, each.command.words[0], taker, why, help, each)
