"""Gates whose verdict is lost in their script, and in their job, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from evalpolicy.artifacts.syntax.shell.expansion import Scope
from evalpolicy.artifacts.syntax.shell.fates import judged
from evalpolicy.artifacts.syntax.shell.model import Script
from evalpolicy.artifacts.syntax.shell.shells import Options
from evalpolicy.artifacts.syntax.shell.values import known_values
from evalpolicy.artifacts.syntax.source import Located
from evalpolicy.artifacts.workflow import Job, Step, Workflow
from evalpolicy.facts import verdicts
from evalpolicy.facts.gate_commands import GateNames, Swallowed, again, decides, swallowed
from evalpolicy.facts.gate_tables import action_gate
from evalpolicy.facts.gates import Gates, Run

# Gates that are lost in one script beyond these are not followed, nor reported.
_MOST = 100
_REPORT = re.compile(r"output|.*[-_](?:output|file|path|dest)|report.*|sarif.*", re.IGNORECASE)


def lost_in(
    script: Script, names: GateNames, options: Options, after: Sequence[Script] = ()
) -> Iterator[Swallowed]:
    """The gates of a script that cannot fail, and that neither it nor those after it take up."""
    for found in islice(swallowed(script, names, options), _MOST):
        if not _is_taken_up(found, script, names, options, after):
            yield found


def ignored_in(
    script: Script, names: GateNames, options: Options, after: Sequence[Script]
) -> Iterator[Swallowed]:
    """The gates of a recipe's line that make ignores."""
    scope = Scope(known_values(script))
    for each in judged(script, options):
        gate = names.name(each.command, scope)
        if gate is None or each.captured or each.fate.kind != "fails":
            continue
        why = "the `-` in front lets make go on when it fails"
        found = Swallowed(gate, each.command.words[0], "-", why, "remove the `-`", each)
        if not _is_taken_up(found, script, names, options, after):
            yield found


def _is_taken_up(
    found: Swallowed, script: Script, names: GateNames, options: Options, after: Sequence[Script]
) -> bool:
    command = found.judged.command
    patterns = verdicts.written(script, found.judged, found.gate)
    end = verdicts.end_of_list(script, command)
    return (
        verdicts.taken_up(script, patterns, options, end)
        or again(found, script, options, names, 0 if found.only_reports else end)
        or any(verdicts.taken_up(each, patterns, options) for each in after)
        or any(again(found, each, options, names, 0) for each in after)
    )


def action_lets_pass(step: Step) -> tuple[str, Located | None, str] | None:
    """What lets an action pass: how it reads, where it is if it is written, what to write."""
    row = action_gate(step.uses.text) if step.uses is not None else None
    if row is None:
        return None
    given = {name.lower(): value for name, value in step.inputs}
    given |= {f"${name}": value for name, value in step.environment}

    def matching(table: Mapping[str, str]) -> Iterator[tuple[str, Located]]:
        for name, pattern in table.items():
            value = given.get(name if name.startswith("$") else name.lower())
            # What an expression comes to is not known.
            if value is not None and (
                "${{" in value.text or re.fullmatch(pattern, value.text.strip(), re.I | re.DOTALL)
            ):
                yield name, value

    for name, value in matching(row.off):
        if "${{" not in value.text:
            name = name.removeprefix("$")
            return f"`{name}: {value.text.strip()}`", value, f"remove `{name}`"
    if not row.needs or any(matching(row.needs)) or any(matching(row.unless)):
        return None
    if len(list(matching(row.only_with))) < len(row.only_with):
        return None
    first = next(iter(row.needs))
    written = given.get(first)
    if written is not None:
        return f"`{first}: {written.text}`", written, f"set `{first}` to a value that fails"
    return f"no `{first}`", step.uses, f"add `{first}` with a value that fails"


class JobFlow:
    """One job, asked where the verdicts of its steps go.

    `runs` are those of all workflows, by the `id()` of their step.
    """

    def __init__(
        self, gates: Gates, path: str, workflow: Workflow, job: Job, runs: Mapping[int, Run]
    ) -> None:
        self.gates = gates
        self.names = gates.names
        self.path = path
        self.workflow = workflow
        self.job = job
        self.runs = runs

    def run(self, step: Step) -> Run | None:
        """A step's script, if its shell is one that is read."""
        return self.runs.get(id(step))

    def gate(self, step: Step) -> str | None:
        """The first gate that a step runs, as a message names it."""
        if step.uses is not None:
            row = action_gate(step.uses.text)
            return step.uses.text.partition("@")[0] if row is not None else None
        run = self.run(step)
        if run is None:
            return None
        scope = Scope(known_values(run.script))
        names = (self.names.name(each, scope) for each in run.script.commands)
        return next((name for name in names if name is not None), None)

    def tools(self, step: Step) -> set[str]:
        """Every gate that a step runs, an action by the tool that it runs."""
        row = action_gate(step.uses.text) if step.uses is not None else None
        if row is not None:
            return {row.tool}
        run = self.run(step)
        if run is None:
            return set()
        scope = Scope(known_values(run.script))
        names = (self.names.name(each, scope) for each in run.script.commands)
        return {name for name in names if name is not None}

    def result_is_read(self) -> bool:
        """Whether another job looks at this one's result."""
        patterns = verdicts.result_of(self.job)
        others = [job for job in self.workflow.jobs if job is not self.job]
        return any(verdicts.reads(job, patterns) for job in others)

    def outcome_is_read(self, number: int) -> bool:
        """Whether a step or job behind it looks at a step's outcome, or runs its gates again."""
        step = self.job.steps[number]
        patterns = [*verdicts.outcome_of(step), *self._reports(step)]
        run = self.run(step)
        gates: list[Swallowed] = []
        if run is not None:
            scope = Scope(known_values(run.script))
            for each in islice(judged(run.script, run.options), _MOST):
                if (gate := self.names.name(each.command, scope)) is not None:
                    patterns += verdicts.written(run.script, each, gate)
                    gates.append(Swallowed(gate, each.command.words[0], "", "", "", each))
        if gates and all(self._again(number, found) for found in gates):
            return True
        return self._followed(number, patterns)

    def lost(self, number: int) -> Iterator[Swallowed]:
        """The gates of a step's script that cannot fail, and that nothing takes up."""
        step = self.job.steps[number]
        run = self.run(step)
        if run is None:
            return
        variables = [name for name, _ in step.environment]
        lost = swallowed(run.script, self.names, run.options, variables)
        for found in islice(lost, _MOST):
            if _is_taken_up(found, run.script, self.names, run.options, ()):
                continue
            patterns = verdicts.written(run.script, found.judged, found.gate)
            end = verdicts.end_of_list(run.script, found.judged.command)
            patterns += verdicts.outputs(run.script, patterns, end)
            if not self._followed(number, patterns) and not self._again(number, found):
                yield found

    def action_is_followed(self, number: int) -> bool:
        """Whether what an action writes is judged later, or its tool runs once more."""
        step = self.job.steps[number]
        patterns = [*verdicts.outcome_of(step), *self._reports(step)]
        return self._followed(number, patterns) or self._tool_decides(step)

    def _followed(self, number: int, patterns: list[re.Pattern[str]]) -> bool:
        return verdicts.followed(self.workflow, self.job, number, patterns)

    def _reports(self, step: Step) -> list[re.Pattern[str]]:
        """The files that an action is told to write, and the changes of one that fixes."""
        row = action_gate(step.uses.text) if step.uses is not None else None
        names = [value.text.strip() for name, value in step.inputs if _REPORT.fullmatch(name)]
        return [
            *(verdicts.file(name) for name in names if name),
            *([verdicts.WORKTREE] if row is not None and row.tool in verdicts.FIXERS else []),
        ]

    def _again(self, number: int, found: Swallowed) -> bool:
        """Whether another step runs the same gate, able to fail: a later one, or any at all if
        this one only reports."""
        for other, step in enumerate(self.job.steps):
            if other == number or (other < number and not found.only_reports):
                continue
            run = self.run(step)
            if run is not None and again(found, run.script, run.options, self.names, 0):
                return True
        return found.only_reports and self._action_decides(found.gate)

    def _tool_decides(self, step: Step) -> bool:
        row = action_gate(step.uses.text) if step.uses is not None else None
        if row is None:
            return False
        if self._action_decides(row.tool):
            return True
        runs = [run for each in self.job.steps if (run := self.run(each)) is not None]
        return any(
            decides(each, row.tool, self.names, Scope(known_values(run.script)))
            for run in runs
            for each in judged(run.script, run.options)
        )

    def _action_decides(self, tool: str) -> bool:
        """Whether an action of the job runs a tool such that it can fail."""
        return any(
            step.uses is not None
            and (row := action_gate(step.uses.text)) is not None
            and row.tool == tool
            and step.continue_on_error is None
            and action_lets_pass(step) is None
            for step in self.job.steps
        )
