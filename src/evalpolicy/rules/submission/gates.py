"""Gates that a submission weakens for itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from evalpolicy.artifacts.large_files import DEFAULT_MAXKB, HOOK
from evalpolicy.artifacts.syntax.source import START, Span
from evalpolicy.config.reading import CONFIG_FILE, PYPROJECT
from evalpolicy.facts.in_force import InForce
from evalpolicy.facts.submitted_files import GateChange, SubmittedFiles
from evalpolicy.facts.waivers.applying import Waivers
from evalpolicy.facts.waivers.baseline import BASELINE_FILE
from evalpolicy.matching.globs import Globs
from evalpolicy.matching.re2 import PatternError, compiled
from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules.submission.own_policy import loosened
from evalpolicy.rules.submission.words import listed, quoted
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.submission.change import Submission

if TYPE_CHECKING:
    from evalpolicy.artifacts.gate_settings import Setting

IGNORED = "ignored"
LARGE_FILES = f"hook {HOOK}"
"""Without this hook the SIZ rules use its default, so a new one may also weaken them."""
_ACCEPT = (
    "a maintainer can accept it from outside the submission: --accept-policy-changes, or the "
    "action's input accept-policy-changes"
)

# A revision without a digit can move, like a branch name.
_PINNED = re.compile(r"\d")
_VERBOSE = re.compile(r"\(\?[a-z]*x[a-z]*\)")
_SPACE = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|#[^\n]*|\s+", re.DOTALL)


@rule("SUB012", "gate-weakened", "error")
def gate_weakened(
    submitted_files: SubmittedFiles,
    change: Submission,
    policy: InForce,
    waivers: Waivers,
    snapshot: Snapshot,
) -> Iterator[Hit]:
    """A submission weakens the policy that judges it, or another gate that it has to pass.

    This tool's own policy decides what is judged and what is waived: levels, `plugins`,
    `[layout]`, `[contracts]`, `[sizes]`, `[secrets]`, `[fixtures]`, `[gates]`, `[submission]`,
    `[[allow]]`, the baseline and suppression comments. A submission does not judge itself: the
    policy of its merge base applies. Waivers that the submission adds take effect once it is
    merged, and everything that weakens the policy is reported here, including changes of workflow
    steps that run this tool. Changes that only tighten it are not reported.

    Other gates are weakened by: a hook that is removed or only manual, a larger `--maxkb`, an
    `exclude`, a narrower `files`, an ignoring argument, an allowlist entry, a row in the baseline
    of detect-secrets, a line in an ignore file, a pin that became a branch, `continue-on-error` or
    `|| true`. If the effect of an exemption can be determined, it is only reported if it exempts a
    file of the submission that was not exempt before; otherwise the submission is assumed to need
    it.

    ## Why

    A gate that a submission can open for itself stops nobody. 787bd036 added two recordings,
    together with an `exclude` for every `.jsonl` in the large-file hook and an allowlist for all
    fixtures in gitleaks. Such an allowlist (e3914841) hid tokens in the reference fleet's fixtures
    until eba2de11.

    ## Example

    ```yaml before:.pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
            args: [--maxkb=1024]
    ```

    ```yaml after:.pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
            args: [--maxkb=1024]
            exclude: '\\.(jsonl|lock)$'
    ```

    ```json after:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Fixed

    ```yaml before:.pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
            args: [--maxkb=1024]
    ```

    ```yaml after:.pre-commit-config.yaml
    repos:
      - repo: https://github.com/pre-commit/pre-commit-hooks
        rev: v5.0.0
        hooks:
          - id: check-added-large-files
            args: [--maxkb=1024]
    ```

    ```json after:tests/run/replay/fixtures/arc-0-codex.traces.jsonl
    {"resourceSpans": []}
    ```

    ## Exempt

    A submission that was accepted from outside its files: `--accept-policy-changes`, the
    action's input `accept-policy-changes`, or a label of `exempt_labels.SUB012` at the merge base.
    No comment, allowance or baseline suppresses these findings.

    A base that neither configures nor runs this tool: there is no policy to weaken, so the
    submission that adopts the tool is judged by its own policy, and the report states that. A
    branch that starts before the tool was adopted is judged by the policy of its target branch.

    For other gates: a submission that changes only gates, because then the change itself is
    reviewed; and everything that belongs to a new hook or workflow.

    ## Configuration

    `[submission]`: `pre_commit`, `gitleaks`, `workflows`, `baselines`, `ignore_files` list the
    files that configure gates; `exempt_labels.SUB012`.

    A waiver exists at the merge base if the same file has it there: a comment with the same
    words, or on the same line of code, as often; an allowance that covers the finding; a row of
    the baseline with at least that count. A file that is renamed without a change keeps its
    comments and its rows.
    """
    if change.labelled(policy.config.submission.exempts("SUB012")):
        return
    accepted = policy.origin == "accepted"
    for path, weak in submitted_files.tool_runs:
        for number, one in enumerate(weak, 1):
            if one.accepts or not accepted:
                yield Hit(path, one.what, one.span, _ACCEPT, path, f"run {number}")
    if accepted:
        return
    seen: Counter[tuple[str, str]] = Counter()
    for item in loosened(policy, snapshot):
        what = f"{item.what}: it takes effect once it is merged"
        seen[item.path, item.setting] += 1
        about = f"setting {seen[item.path, item.setting]}"
        yield Hit(item.path, what, Span.at(item.line), _ACCEPT, item.setting, about)
    yield from _comments(waivers)
    yield from _other_gates(submitted_files)


def _comments(waivers: Waivers) -> Iterator[Hit]:
    for comment, hidden in waivers.refused_comments.items():
        rules = ", ".join(sorted({finding.rule for finding in hidden}))
        yield Hit(
            comment.path,
            f"this suppression is new: it hides {rules} only once it is merged",
            comment.span,
            _ACCEPT,
            "",
            f"suppression of {','.join(comment.selectors)}",
        )


def _other_gates(submitted_files: SubmittedFiles) -> Iterator[Hit]:
    gates = submitted_files.gates
    own = {CONFIG_FILE, PYPROJECT, BASELINE_FILE, *(gate.path for gate in gates)}
    others = [c.path for c in submitted_files.comparison.changes if c.path not in own]
    if not others:
        return
    for gate in gates:
        if gate.gone:
            if any(setting.kind == "hook" for setting in gate.before):
                yield Hit(
                    gate.path,
                    f"this gate's configuration is removed together with changes to "
                    f"{listed(others)}: restore it, or remove it in a separate submission",
                    subject=gate.path,
                )
            continue
        for group in _grouped(_looser(gate, others, submitted_files)):
            setting, what = group[0]
            more = f" (and {len(group) - 1} more like it)" if len(group) > 1 else ""
            yield Hit(
                gate.path,
                f"{what}{more}: fix what the gate stopped, or weaken it in a separate submission",
                setting.span if setting in gate.after else START,
                subject=setting.gate,
                about=f"{setting.kind} {setting.value}",
            )


def _grouped(
    found: Iterable[tuple[Setting, str]],
) -> Iterator[list[tuple[Setting, str]]]:
    """One finding for all lines of an ignore file; one each for everything else."""
    lines = []
    for setting, what in found:
        if setting.gate == IGNORED:
            lines.append((setting, what))
        else:
            yield [(setting, what)]
    if lines:
        yield lines


def _looser(
    gate: GateChange, others: Sequence[str], submitted_files: SubmittedFiles
) -> Iterator[tuple[Setting, str]]:
    was = {(s.kind, s.gate): s for s in gate.before}
    now = {(s.kind, s.gate): s for s in gate.after}
    for setting in gate.before:
        if setting.kind == "hook" and ("hook", setting.gate) not in now:
            stopped = _in_scope(was.get(("scope", setting.gate)), others)
            if stopped:
                yield (
                    setting,
                    f"{setting.gate} no longer runs, but would have checked {listed(stopped)}",
                )
    fresh = Counter((s.kind, s.gate, s.value) for s in gate.after)
    fresh -= Counter((s.kind, s.gate, s.value) for s in gate.before)
    for setting in gate.after:
        if gate.new and setting.kind == "swallowed":
            continue
        if setting.hook not in ("", LARGE_FILES) and ("hook", setting.hook) not in was:
            continue
        if not fresh[setting.kind, setting.gate, setting.value]:
            continue
        fresh[setting.kind, setting.gate, setting.value] -= 1
        what = _what(setting, was.get((setting.kind, setting.gate)), gate, others, submitted_files)
        if what:
            yield setting, what


def _what(
    setting: Setting,
    old: Setting | None,
    gate: GateChange,
    others: Sequence[str],
    submitted_files: SubmittedFiles,
) -> str:
    """How a setting that is new, or has a new value, weakens a gate; empty if it does not."""
    match setting.kind:
        case "exemption":
            before = [s for s in gate.before if (s.kind, s.gate) == ("exemption", setting.gate)]
            return _exempted(setting, before, others, submitted_files)
        case "scope":
            return _narrowed(setting, old, others)
        case "limit":
            return _raised(setting, old, others, submitted_files)
        case "pin":
            if old is None or not _PINNED.search(old.value) or _PINNED.search(setting.value):
                return ""
            return f"{setting.gate} was pinned and now follows {setting.value}"
        case "swallowed":
            return f"a failure is now ignored here: {quoted(setting.value)}"
        case "hook":
            return ""


def _exempted(
    setting: Setting,
    before: Sequence[Setting],
    others: Sequence[str],
    submitted_files: SubmittedFiles,
) -> str:
    what = f"{setting.gate}: {quoted(setting.value)} is a new exemption"
    if setting.dialect == "unknown":
        return what
    through = [path for path in others if _covers(setting, path, submitted_files)]
    known = [s for s in before if s.dialect == setting.dialect]
    through = [p for p in through if not any(_covers(s, p, submitted_files) for s in known)]
    return f"{what} that covers {listed(through)} of this submission" if through else ""


def _covers(setting: Setting, path: str, submitted_files: SubmittedFiles) -> bool:
    """Whether an exemption covers a path; True if its pattern cannot be run."""
    match setting.dialect:
        case "path":
            return path == setting.value
        case "path-glob":
            try:
                return path in Globs((setting.value,))
            except re.error:
                return True
        case "path-regex":
            return _matches(setting.value, path)
        case "content-regex":
            content = None
            if path in submitted_files.comparison.after.entries:
                content = submitted_files.content(path)
            return content is not None and _matches(
                setting.value, content.decode("utf-8", "replace")
            )
        case "unknown":
            return True


def _matches(pattern: str, text: str) -> bool:
    """Searches with RE2, which no pattern can hang; one that it cannot compile matches."""
    if verbose := _VERBOSE.match(pattern):
        # RE2 has no verbose mode: strip white space and comments as Python's `re` does.
        flags = verbose[0][2:-1].replace("x", "")
        rest = _SPACE.sub(
            lambda found: found[0] if found[0][0] in "\\[" else "", pattern[verbose.end() :]
        )
        pattern = f"(?{flags}){rest}" if flags else rest
    try:
        expression = compiled(pattern)
    except PatternError:
        return True
    return expression.search(text.encode("utf-8", "replace").decode()) is not None


def _in_scope(scope: Setting | None, others: Sequence[str]) -> list[str]:
    return [p for p in others if scope is None or _matches(scope.value, p)]


def _narrowed(setting: Setting, old: Setting | None, others: Sequence[str]) -> str:
    out = [p for p in _in_scope(old, others) if not _matches(setting.value, p)]
    return f"{setting.gate} no longer checks {listed(out)} of this submission" if out else ""


def _raised(
    setting: Setting, old: Setting | None, others: Sequence[str], submitted_files: SubmittedFiles
) -> str:
    try:
        limit = float(setting.value)
        before = float(old.value) if old else float(DEFAULT_MAXKB)
    except ValueError:
        return f"{setting.gate} is {setting.value}, which is not a number"
    after = submitted_files.comparison.after
    large = [
        p for p in others
        if p in after.entries and ((size := after.size(p)) is None or size > before * 1024)
    ]  # fmt: skip
    if limit > before and large:
        return f"{setting.gate} is raised from {before:g} to {limit:g}, needed by {listed(large)}"
    return ""
