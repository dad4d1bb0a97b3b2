"""Gates that pass where their tool is not installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.facts.gates import Gates
from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.shell_script import Command, Pipeline, Script, Word

_LEAVES = re.compile(r"(?:exit|return)(?: 0)?")


@rule("GAT005", "gate-needs-tool", "warning")
def needs_tool(gates: Gates) -> Iterator[Hit]:
    """A hook's or a step's script goes on, and passes, when its tool is not installed.

    `command -v X || exit 0`, `if ! command -v X; then exit 0; fi`, or the output of a checker that
    nobody looked for, taken without its exit code and filtered with `grep … || true`.

    ## Why

    The reference fleet's Dockerfile sweep prints OK for all 152 files on a machine without its
    policy engine: `conftest: command not found` is a line that no `grep -E '^(FAIL|WARN)'` finds.

    ## Example

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: local
        hooks:
          - id: policy
            entry: tests/policy.sh
            language: system
    ```

    ```bash tests/policy.sh
    #!/bin/bash
    command -v conftest >/dev/null || exit 0
    conftest test containers
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Fixed

    ```yaml .pre-commit-config.yaml
    repos:
      - repo: local
        hooks:
          - id: policy
            entry: tests/policy.sh
            language: system
    ```

    ```bash tests/policy.sh
    #!/bin/bash
    command -v conftest >/dev/null || { echo "conftest is not installed" >&2; exit 1; }
    conftest test containers
    ```

    ```dockerfile containers/benchmarks/arc/Dockerfile
    FROM python:3.12-slim
    ```

    ## Exempt

    A script that no hook and no workflow calls, one that looks at the exit code (`if`, `$?`), one
    that looks for its tools in a loop. A script that ends, with a code that is not 0,
    where the tool is missing. One under `set -e`, where a missing tool ends it by itself.
    """
    from evalpolicy.artifacts.syntax.shell_script import parse

    for path in gates.called:
        script = parse(gates.scripts[path])
        yield from (_hit(path, *found) for found in _skips(script))
        yield from (_hit(path, *found) for found in _unseen(script, gates))
    for path, _, hook in gates.hooks():
        if hook.entry is None or not re.search(r"sh\s+-c\b", hook.entry.text):
            continue
        words = [c.text for p in parse(hook.entry.text).pipelines() for c in p.commands]
        text = next((w[w.index("-c") + 1] for w in words if "-c" in w[:-1]), "")
        for tool, _, what, help in _skips(parse(text)):
            yield Hit(path, what, hook.entry.span, help, hook.id.text, tool)


def _hit(path: str, tool: str, word: Word, what: str, help: str) -> Hit:
    span = Span.at(word.line, word.column, max(len(word.text), 1))
    return Hit(path, what, span, help, path, tool)


def _asked(command: Command) -> str | None:
    """The tool that a command looks for: `command -v X`, `which X`, `hash X`, `type X`."""
    words = [word for word in command.text if word not in ("-s", "-q", "-p", "-P")]
    if words[:1] == ["command"] and words[1:2] in (["-v"], ["-V"]) and len(words) > 2:
        return words[2]
    return words[1] if words[:1] in (["which"], ["hash"], ["type"]) and len(words) > 1 else None


def _skips(script: Script) -> Iterator[tuple[str, Word, str, str]]:
    pipelines = script.pipelines()
    for number, pipeline in enumerate(pipelines):
        tool = _asked(pipeline.commands[0])
        if tool is None:
            continue
        negated = "!" in pipeline.commands[0].keywords
        follows = list(pipelines[number + 1 : number + 6])
        in_if = "if" in pipeline.commands[0].keywords
        if pipeline.then == "||" or (negated and (in_if or pipeline.then == "&&")):
            leaving = _leaving(follows)
            if leaving is not None and _LEAVES.fullmatch(" ".join(leaving.text[:2])):
                word = pipeline.commands[0].words[0]
                what = f"if {tool} is not installed, this exits with 0 and the gate passes"
                yield tool, word, what, "exit with 1 and print what is missing"


def _leaving(follows: list[Pipeline]) -> Command | None:
    """The next `exit` or `return` before the branch ends."""
    for pipeline in follows:
        for command in pipeline.commands:
            if command.text[:1] in (("fi",), ("}",)) or "else" in command.keywords:
                return None
            if command.text[:1] in (("exit",), ("return",)):
                return command
            if command.text[:1] not in (("echo",), ("printf",), ("log",), ("warn",)):
                return None
    return None


def _unseen(script: Script, gates: Gates) -> Iterator[tuple[str, Word, str, str]]:
    """A checker's output without its exit code, where what it says is filtered and let go."""
    pipelines = list(_all(script))
    if not any(_filters(pipeline) for pipeline in pipelines) or _errexit(pipelines):
        return
    asked = {tool for p in pipelines for c in p.commands if (tool := _asked(c)) is not None}
    if any(tool.startswith("$") for tool in asked):
        return
    outer = script.pipelines()
    for number, pipeline in enumerate(outer):
        following = outer[number + 1].commands if number + 1 < len(outer) else ()
        if pipeline.is_condition or any("$?" in " ".join(c.text) for c in following):
            continue
        for command in pipeline.commands:
            captured = [c for inner in command.inner for p in inner.pipelines() for c in p.commands]
            direct = list(pipeline.commands[:-1]) if _filters(pipeline) else []
            for found in (*captured, *direct):
                name = gates.names.name(found)
                if name is None or not found.words or name in gates.scripts:
                    continue
                tool = name.split()[0]
                if tool not in asked:
                    what = (
                        f"this passes if {tool} is not installed: its exit code is ignored, and "
                        "its output is filtered with `grep … || true`"
                    )
                    help = f"add `command -v {tool} >/dev/null || {{ echo …; exit 1; }}` before it"
                    yield tool, found.words[0], what, help


def _all(script: Script) -> Iterator[Pipeline]:
    for pipeline in script.pipelines():
        yield pipeline
        for command in pipeline.commands:
            for inner in command.inner:
                yield from _all(inner)


def _filters(pipeline: Pipeline) -> bool:
    """`… | grep … || true` and the like."""
    return pipeline.then == "||" and pipeline.commands[-1].text[:1] in (
        ("grep",), ("egrep",), ("rg",)
    )  # fmt: skip


def _errexit(pipelines: list[Pipeline]) -> bool:
    for pipeline in pipelines:
        words = pipeline.commands[0].text
        if words[:1] == ("set",) and any(
            word.startswith("-") and "e" in word[1:] and not word.startswith("--")
            for word in words[1:]
        ):
            return True
    return False
