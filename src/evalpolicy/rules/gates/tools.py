"""Gates that pass where their tool is not installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from evalpolicy.artifacts.syntax.source import Lines
from evalpolicy.facts.gates import Gates
from evalpolicy.policy.rule import Hit, rule

if TYPE_CHECKING:
    from evalpolicy.artifacts.syntax.shell.fates import JudgedCommand
    from evalpolicy.artifacts.syntax.shell.model import (
        AndOr,
        Lists,
        Pipeline,
        Script,
        ShellWord,
        SimpleCommand,
    )

_LEAVES = re.compile(r"(?:exit|return)(?: 0)?")
_SAYS = frozenset({"echo", "printf", "log", "warn"})
# How many commands behind a look for a tool may tell what comes of it.
_NEAR = 5


@rule("GAT005", "gate-needs-tool", "warning")
def needs_tool(gates: Gates) -> Iterator[Hit]:
    """A hook's or a step's script goes on, and passes, when its tool is not installed.

    `command -v X || exit 0`, `if ! command -v X; then exit 0; fi`, `else exit 0` behind
    `if command -v X`, or the output of a checker that nobody looked for, taken without its exit
    code and filtered with `grep … || true`.

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
    from evalpolicy.artifacts.syntax.shell.reader import parse
    from evalpolicy.artifacts.syntax.shell.running import unwrapped
    from evalpolicy.artifacts.syntax.shell.shells import shell_call

    for path in gates.called:
        script = parse(gates.scripts[path])
        lines = Lines(script.text)
        for tool, word, what, help in (*_skips(script.lists), *_unseen(script, gates)):
            yield Hit(path, what, lines.span(word.start, word.end), help, path, tool)
    for path, _, hook in gates.hooks():
        for command in parse(hook.entry.text).commands if hook.entry is not None else ():
            call = shell_call(unwrapped(command.words))
            if call is not None and call.script is not None and hook.entry is not None:
                for tool, _, what, help in _skips(parse(call.script.text).lists):
                    yield Hit(path, what, hook.entry.span, help, hook.id.text, tool)


def _asked(command: SimpleCommand) -> str | None:
    """The tool that a command looks for: `command -v X`, `which X`, `hash X`, `type X`."""
    words = [word for word in command.text if word not in ("-s", "-q", "-p", "-P")]
    if words[:1] == ["command"] and words[1:2] in (["-v"], ["-V"]) and len(words) > 2:
        return words[2]
    return words[1] if words[:1] in (["which"], ["hash"], ["type"]) and len(words) > 1 else None


def _skips(lists: Lists) -> Iterator[tuple[str, ShellWord, str, str]]:
    """Looks for a tool behind which the script ends with 0 where there is none."""
    for tool, command, without in _looks(lists):
        leaving = _leaving(islice(without, _NEAR))
        if leaving is not None and _LEAVES.fullmatch(" ".join(leaving.text[:2])):
            what = f"if {tool} is not installed, this exits with 0 and the gate passes"
            yield tool, command.words[0], what, "exit with 1 and print what is missing"


def _looks(lists: Lists) -> Iterator[tuple[str, SimpleCommand, Iterator[Pipeline]]]:
    """Each look for a tool, and what runs where the tool is not there."""
    from evalpolicy.artifacts.syntax.shell.model import SimpleCommand

    for number, item in enumerate(lists):
        for place, pipeline in enumerate(item.pipelines):
            node = pipeline.commands[0]
            operator = item.operators[place] if place < len(item.operators) else ""
            if not isinstance(node, SimpleCommand):
                if node.kind == "if":
                    yield from _branches(node.parts)
                for part in node.parts:
                    yield from _looks(part)
            elif operator == ("&&" if pipeline.negated else "||") and (tool := _asked(node)):
                behind = islice(lists, number + 1, number + 1 + _NEAR)
                yield tool, node, chain(item.pipelines[place + 1 :], _pipelines(behind))


def _branches(parts: tuple[Lists, ...]) -> Iterator[tuple[str, SimpleCommand, Iterator[Pipeline]]]:
    """`if command -v X; then … else …`."""
    from evalpolicy.artifacts.syntax.shell.model import SimpleCommand

    for condition in range(0, len(parts) - 1, 2):
        if len(parts[condition]) == 1 and len(parts[condition][0].pipelines) == 1:
            pipeline = parts[condition][0].pipelines[0]
            node = pipeline.commands[0]
            branch = condition + (1 if pipeline.negated else 2)
            if isinstance(node, SimpleCommand) and (tool := _asked(node)) and branch < len(parts):
                yield tool, node, _pipelines(parts[branch])


def _pipelines(lists: Iterable[AndOr]) -> Iterator[Pipeline]:
    return (pipeline for item in lists for pipeline in item.pipelines)


def _leaving(pipelines: Iterable[Pipeline]) -> SimpleCommand | None:
    """The next `exit` or `return` before the branch ends, with nothing but words before it."""
    from evalpolicy.artifacts.syntax.shell.model import SimpleCommand

    for pipeline in pipelines:
        for node in pipeline.commands:
            if not isinstance(node, SimpleCommand):
                return _leaving(_pipelines(node.parts[0])) if node.kind == "group" else None
            if node.text[:1] in (("exit",), ("return",)):
                return node
            if not node.words or node.words[0].text not in _SAYS:
                return None
    return None


def _unseen(script: Script, gates: Gates) -> Iterator[tuple[str, ShellWord, str, str]]:
    """A checker's output without its exit code, where what it says is filtered and let go."""
    from evalpolicy.artifacts.syntax.shell.fates import judged
    from evalpolicy.artifacts.syntax.shell.shells import switched

    if any(c.text[:1] == ("set",) and switched(c.words)[0].get("errexit") for c in script.commands):
        return
    asked = {tool for command in script.commands if (tool := _asked(command)) is not None}
    if any(tool.startswith("$") for tool in asked):
        return
    commands = judged(script)
    if not any(_filters(each) for each in commands):
        return
    for each in commands:
        if each.fate.kind in ("asked", "unheeded") or not (each.captured or _filters(each)):
            continue
        name = gates.names.name(each.command)
        if name is None or not each.command.words or name in gates.scripts:
            continue
        tool = name.split()[0]
        if tool not in asked:
            what = (
                f"this passes if {tool} is not installed: its exit code is ignored, and "
                "its output is filtered with `grep … || true`"
            )
            help = f"add `command -v {tool} >/dev/null || {{ echo …; exit 1; }}` before it"
            yield tool, each.command.words[0], what, help


def _filters(each: JudgedCommand) -> bool:
    """Whether a command is part of `… | grep … || true` and the like."""
    from evalpolicy.artifacts.syntax.shell.model import SimpleCommand

    last = each.pipeline.commands[-1]
    return (
        each.fate.kind == "fallback"
        and isinstance(last, SimpleCommand)
        and last.text[:1] in (("grep",), ("egrep",), ("rg",))
    )
