"""Where a verdict goes that its command does not keep, and whether a later place takes it up.

A verdict is a value that flows: of a command in its script, of the script in its step, of the step
in its job, of the job in the workflow. What is let pass at one place may have been written down
(a report, an output, a variable, the step's outcome, the files that a fixer changed) and may be
judged at a later one. Whatever reads it there and does more than show it is taken for a judge: a
gate that is wrongly called vacuous costs more than one that is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from evalpolicy.artifacts.syntax.shell.fates import JudgedCommand, judged
from evalpolicy.artifacts.syntax.shell.model import AndOr, Compound, Lists, Script, SimpleCommand
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import basename, innermost
from evalpolicy.artifacts.syntax.shell.shells import NO_OPTIONS, Options
from evalpolicy.artifacts.workflow import Job, Step, Workflow, step_options

# Programs that show, move or count, and judge nothing.
_SHOWS = frozenset((
    ":", "true", "echo", "printf", "cat", "tee", "head", "tail", "less", "ls", "wc", "sort", "uniq",
    "cp", "mv", "rm", "mkdir", "touch", "date", "sed", "awk", "cut", "tr", "column", "set", "cd",
    "export", "local", "declare", "readonly", "read", "sleep", "exit", "return", "gzip", "zip",
    "tar", "base64", "chmod",
))  # fmt: skip
# They answer by their exit code, which may be looked at or not.
_ASKS = frozenset(("[", "[[", "test", "grep", "egrep", "rg", "jq", "yq", "diff", "cmp"))
_FILTERS = frozenset(
    ("ts", "nl", "fold", "xargs", "more", "tac", "rev", "paste", "sponge", "logger")
)
_REPORT = re.compile(r"-[orO]|--?[\w-]*(?:out|report|junit|sarif|json|xml|log|result)[\w-]*")
_NAMED = re.compile(r"([A-Za-z_]\w*)(?:=|<<)")
# Not `2>&1`: that is no file.
_WRITES = re.compile(r">[>|]?$|&>>?$")
_FILE = re.compile(r"[\w./${}-]*[\w}]")
_SHOWING_ACTIONS = re.compile(r"actions/upload-artifact|actions/cache", re.IGNORECASE)
_DOWNLOADS = re.compile(r"actions/download-artifact|dawidd6/action-download-artifact", re.I)

FIXERS = frozenset((
    "pre-commit", "prek", "ruff", "black", "isort", "prettier", "eslint", "stylelint", "rubocop",
    "markdownlint", "markdownlint-cli2", "typos", "codespell", "cargo fmt", "cargo clippy",
    "golangci-lint", "sqlfluff", "taplo", "ktlint", "detect-secrets", "standard",
))  # fmt: skip
"""Gates that change files: what they found is then in the worktree."""
WORKTREE = re.compile(
    r"\bgit\b[^\n|;&]*\s(?:diff|status|commit|push|diff-index|diff-files)\b|\bgh pr create\b"
    r"|create-pull-request|git-auto-commit|add-and-commit|autofix|auto-fix|lite-action"
    r"|action-suggester|import-and-commit|verified-commit|github-push-action",
    re.IGNORECASE,
)


def written(script: Script, each: JudgedCommand, gate: str) -> list[re.Pattern[str]]:
    """What a later place has to mention to know of a command's verdict."""
    whole = _list_around(script.lists, each.command)
    behind = _commands(whole) if whole is not None else [each.command]
    found = list(_files(each.command))
    for command in behind:
        is_behind = _start(command) > _start(each.command)
        if is_behind or basename(command.text[0] if command.words else "") == "tee":
            found += _files(command)
        if is_behind:
            found += _handed_on(command)
    by = each.fate.by
    if each.fate.kind == "captured" and by is not None:
        found += [_variable(name[1]) for word in by.words[1:] if (name := _NAMED.match(word.text))]
    return [*found, *([WORKTREE] if gate in FIXERS else [])]


def outputs(
    script: Script, patterns: Iterable[re.Pattern[str]], after: int
) -> list[re.Pattern[str]]:
    """What a script hands to later steps behind an offset where it reads one of these."""
    if not any(each.search(script.text, after) for each in patterns):
        return []
    commands = [each for each in script.commands if _start(each) >= after]
    return [pattern for command in commands for pattern in _handed_on(command)]


def file(name: str) -> re.Pattern[str]:
    """What mentions a file, from whatever folder."""
    name = re.sub(r"^(?:\.\.?/)+", "", name)
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-]|\.\w)")


def reports_to_file(command: SimpleCommand) -> bool:
    """Whether a command writes what it finds to a file."""
    return any(True for _ in _files(command))


def judges_output(each: JudgedCommand) -> bool:
    """Whether a program that does more than show it reads what a command prints."""
    end = each.pipeline.commands[-1]
    if end is each.command or not isinstance(end, SimpleCommand):
        return False
    words = [word.text for word in innermost(end).words]
    name = basename(words[0]) if words else ""
    if name in _ASKS or name in _SHOWS or name in _FILTERS:
        return name in ("jq", "yq") and _asks_for_code(words)
    return True


def _files(command: SimpleCommand) -> Iterator[re.Pattern[str]]:
    """The files that a command writes."""
    words = list(innermost(command).words)
    names = [
        each.target.text
        for each in command.redirects
        if each.target and _WRITES.search(each.operator)
    ]
    for number, word in enumerate(words[1:], 1):
        option, joined, value = word.text.partition("=")
        if words[0].text == "tee" and not option.startswith("-"):
            names.append(word.text)
        elif _REPORT.fullmatch(option):
            following = words[number + 1].text if number + 1 < len(words) else ""
            names.append(value if joined else following)
    for name in names:
        name = name.rpartition(":")[2]
        if _FILE.fullmatch(name) and not name.startswith(("/dev/", "$GITHUB_", "${GITHUB_")):
            yield file(name)


def _handed_on(command: SimpleCommand) -> Iterator[re.Pattern[str]]:
    """The outputs and variables that a command hands to later steps."""
    targets = " ".join(each.target.text for each in command.redirects if each.target)
    for word in command.words[1:]:
        name = _NAMED.match(word.text)
        if name is not None and "GITHUB_OUTPUT" in targets:
            yield _output(name[1])
        if name is not None and "GITHUB_ENV" in targets:
            yield _variable(name[1])
        if found := re.match(r"::set-(?:output|env) name=([\w-]+)", word.text):
            yield _output(found[1])


def _output(name: str) -> re.Pattern[str]:
    return re.compile(rf"outputs(?:\.|\[['\"]){re.escape(name)}\b")


def _variable(name: str) -> re.Pattern[str]:
    return re.compile(rf"\$\{{?{name}\b|\benv\.{name}\b")


def outcome_of(step: Step) -> list[re.Pattern[str]]:
    """What a later place has to mention to know of a step's outcome or of its outputs."""
    every = re.compile(r"\bsteps\.\*|\bto_?json\(\s*(?:steps|job)\s*\)", re.IGNORECASE)
    if step.id is None:
        return [every]
    return [every, re.compile(rf"\bsteps(?:\.|\[['\"]){re.escape(step.id.text)}\b")]


def taken_up(
    script: Script, patterns: Iterable[re.Pattern[str]], options: Options, after: int = 0
) -> bool:
    """Whether a script, from an offset on, reads one of these and does more than show it."""
    patterns = [each for each in patterns if each.search(script.text, after)]
    if not patterns:
        return False
    for each in judged(script, options):
        command = each.command
        if _start(command) < after:
            continue
        if _leaves_with_failure(command):
            return True
        if _mentions(script, command, patterns) and _acts(each):
            return True
    return False


def _mentions(script: Script, command: SimpleCommand, patterns: list[re.Pattern[str]]) -> bool:
    targets = [(each.target, each.number) for each in command.redirects if each.target is not None]
    texts = [word.text for word in (*command.words, *command.assignments)]
    texts += [script.text[slice(*script.heres[n])] if n >= 0 else word.text for word, n in targets]
    # A fixer's worktree is read by words of a command together.
    return any(each.search(text) for each in patterns for text in (*texts, " ".join(texts)))


def _acts(each: JudgedCommand) -> bool:
    """Whether a command may do something with what it is given, other than show it."""
    words = [word.text for word in innermost(each.command).words]
    name = basename(words[0]) if words else ""
    if not words or name in _SHOWS:
        return False
    if name in _ASKS:
        answers = name not in ("jq", "yq") or _asks_for_code(words)
        return answers and each.fate.kind == "fails" and not each.captured
    return True


def _asks_for_code(words: list[str]) -> bool:
    """Whether jq's exit code is to tell what it found (its `-e`)."""
    return any(word == "--exit-status" or re.fullmatch(r"-\w*e\w*", word) for word in words)


def _leaves_with_failure(command: SimpleCommand) -> bool:
    words = command.text
    return words == ("false",) or (
        words[:1] in (("exit",), ("return",)) and words[1:] not in ((), ("0",))
    )


def acts(step: Step) -> bool:
    """Whether a step does more than show something."""
    options = step_options(step.shell)
    if step.run is None or options is None:
        return step.uses is None or not _SHOWING_ACTIONS.match(step.uses.text)
    return any(
        _acts(each) or _leaves_with_failure(each.command)
        for each in judged(parse(step.run.text), options)
    )


def followed(workflow: Workflow, job: Job, at: int, patterns: list[re.Pattern[str]]) -> bool:
    """Whether a step behind that number, or another job, takes up what is written down."""
    if any(_reads(step, patterns) for step in job.steps[at + 1 :]):
        return True
    handed = [name for name, value in job.outputs if _found(patterns, value.text)]
    needs = re.escape(job.name)
    named = [re.compile(rf"\bneeds\.{needs}\.outputs\.{re.escape(name)}\b") for name in handed]
    for other in workflow.jobs:
        if other is job:
            continue
        downloads = any(step.uses and _DOWNLOADS.match(step.uses.text) for step in other.steps)
        if reads(other, [*named, *(patterns if downloads else [])]):
            return True
    return False


def reads(job: Job, patterns: list[re.Pattern[str]]) -> bool:
    """Whether a job takes up what is written down."""
    if job.condition is not None and _found(patterns, job.condition.text):
        return job.uses is not None or any(map(acts, job.steps))
    return any(_reads(step, patterns) for step in job.steps)


def result_of(job: Job) -> list[re.Pattern[str]]:
    """What another job has to mention to know of a job's result."""
    name = re.escape(job.name)
    return [re.compile(rf"\bneeds(?:\.|\[['\"])(?:{name}\b|\*)|\bto_?json\(\s*needs\s*\)", re.I)]


def _reads(step: Step, patterns: list[re.Pattern[str]]) -> bool:
    """Whether a step takes up what is written down."""
    values = [value.text for _, value in (*step.inputs, *step.environment)]
    if step.condition is not None:
        values.append(step.condition.text)
    if any(_found(patterns, value) for value in values):
        return acts(step)
    if step.uses is not None and _found(patterns, step.uses.text):
        return True
    if step.run is None or not _found(patterns, step.run.text):
        return False
    options = step_options(step.shell)
    # What is no shell's script may do anything with it.
    return options is None or taken_up(parse(step.run.text), patterns, options or NO_OPTIONS)


def _found(patterns: list[re.Pattern[str]], text: str) -> bool:
    return any(each.search(text) for each in patterns)


def end_of_list(script: Script, command: SimpleCommand) -> int:
    """Where the innermost list of pipelines that a command is part of ends."""
    found = _list_around(script.lists, command)
    return _start(command) if found is None else found.end


def _list_around(lists: Lists, command: SimpleCommand) -> AndOr | None:
    """The innermost list of pipelines that a command is part of."""
    start = _start(command)
    for item in lists:
        if item.start <= start < item.end:
            for pipeline in item.pipelines:
                for node in pipeline.commands:
                    parts = node.parts if isinstance(node, Compound) else node.inner
                    for part in parts:
                        if (inner := _list_around(part, command)) is not None:
                            # What stands behind a group is behind its last command, too.
                            return inner if len(item.pipelines) == 1 else item
            return item
    return None


def _commands(item: AndOr) -> list[SimpleCommand]:
    found: list[SimpleCommand] = []
    for pipeline in item.pipelines:
        for node in pipeline.commands:
            if isinstance(node, SimpleCommand):
                found.append(node)
            else:
                found += [
                    each for part in node.parts for inner in part for each in _commands(inner)
                ]
    return found


def _start(command: SimpleCommand) -> int:
    words = (*command.words, *command.assignments)
    return min((word.start for word in words), default=0)
