"""For tests of rules: a fleet from a few files, one rule, and what it finds.

    def test_a_base_from_elsewhere_is_found(tmp_path):
        files = {"containers/benchmarks/arc/Dockerfile": "FROM docker.io/python:3.12\\n"}
        [finding] = findings(base_from_elsewhere, tmp_path, files)
        assert (finding.path, finding.span.line) == ("containers/benchmarks/arc/Dockerfile", 1)

`check_page` holds a rule to its own docstring: the example under `## Example` has to make it fire,
the one under `## Fixed` must not. Nothing here needs pytest; what does not hold raises
`AssertionError`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import Finding, Plugin, Rule, RuleFunction
from evalpolicy.rules import FAMILIES
from evalpolicy.rules.pages import BAD, GOOD, Example, Files, example, section
from evalpolicy.rules.rule_set import BUILT_IN, Family, RuleSet
from evalpolicy.snapshot import open_snapshot
from evalpolicy.testing.repositories import MESSAGE, submission, write

__all__ = ["Files", "check_page", "findings", "judge"]


def findings(
    rule: Rule | RuleFunction,
    folder: Path,
    files: Files,
    *,
    before: Files | None = None,
    message: str = MESSAGE,
) -> list[Finding]:
    """What the rule finds in a fleet of these files, which are laid out in `folder`.

    With `before`, the files are what a submission of one commit with this message makes of
    those before. A configuration is the file `evalpolicy.toml` among them. Raises
    `AssertionError` if anything could not be checked: then the result means nothing.
    """
    made = Example(files, {}, {}) if before is None else Example({}, before, files, {}, message)
    report = judge(rule, folder, made)
    unchecked = [f"{p.path}:{p.line}: {p.message}" for p in report.problems]
    if unchecked:
        raise AssertionError("not all could be checked:\n" + "\n".join(unchecked))
    return list(report.findings)


def check_page(
    rule: Rule | RuleFunction,
    folder: Path,
    fill: Callable[[str], str | None] = lambda _: None,
    judging: Callable[[Rule, Path, Example], Report] | None = None,
) -> None:
    """Holds a rule to its docstring; raises `AssertionError` for what is missing or untrue.

    `fill` gives the text of a placeholder such as `{{openai}}` in the examples, for what no
    file may hold as it is. `judging` gives the report on an example, if `judge` cannot.
    """
    judged = _rule(rule)
    page = judged.documentation
    _hold(judged.title.endswith("."), f"{judged.id}: the first sentence has no full stop")
    _hold(len(judged.title) <= 120, f"{judged.id}: the first sentence has over 120 characters")
    for title in ("Why", BAD, GOOD):
        _hold(bool(section(page, title)), f"{judged.id}: there is no `## {title}`")
    for title in (BAD, GOOD):
        shown = example(page, title, fill)
        where = f"{judged.id}, {title}"
        of_files = not shown.is_submission and shown.replay is None
        _hold(bool(shown.files) or not of_files, f"{where}: no file: ```lang path")
        report = (judging or judge)(judged, folder / title.lower(), shown)
        found = [f"{f.rule} {f.path}:{f.span.line}: {f.message}" for f in report.findings]
        unchecked = [f"{p.path}:{p.line}: {p.message}" for p in report.problems]
        _hold(not unchecked, f"{where}: not all could be checked: {'; '.join(unchecked)}")
        if title == GOOD:
            _hold(not found, f"{where}: the rule still reports: {'; '.join(found)}")
            continue
        _hold(
            {f.rule for f in report.findings} == {judged.id},
            f"{where}: the rule does not report it",
        )
        if of_files:
            elsewhere = {f.path for f in report.findings} - set(shown.files)
            _hold(not elsewhere, f"{where}: it reports in missing files: {sorted(elsewhere)}")


def judge(rule: Rule | RuleFunction, folder: Path, made: Example) -> Report:
    """The report of one rule on an example, which is laid out in `folder`."""
    judged = _rule(rule)
    with ExitStack() as stack:
        change = None
        if made.is_submission:
            from evalpolicy.snapshot.submission.asked import SubmissionOptions

            before = made.before or {"README.md": "a fleet\n"}
            after = made.after or {**before, "NEW.md": "new\n"}
            message = MESSAGE if made.message is None else made.message
            submission(folder, before, after, upstream=made.upstream or None, message=message)
            snapshot = stack.enter_context(open_snapshot(folder))
            change = stack.enter_context(SubmissionOptions(base="main").change(folder, snapshot))
        else:
            snapshot = stack.enter_context(open_snapshot(write(folder, made.files)))
        config = configuration.load(snapshot)
        return check(snapshot, config, chosen=(judged.id,), change=change, known=_known(judged))


def _known(rule: Rule) -> RuleSet:
    """The rules besides this one, as they are once its plug-in is installed."""
    if rule.family in FAMILIES:
        return BUILT_IN
    from msgspec.structs import replace

    from evalpolicy.rules.plugins import PluginError, accept

    try:
        family = Family(rule.family, "under-test", (rule,))
        accept(family, ())
    except PluginError as reason:
        raise AssertionError(f"evalpolicy would not load this rule: {reason}") from reason
    plugin = Plugin(family.name, rule.function.__module__, "", "")
    return RuleSet((family._replace(rules=(replace(rule, plugin=plugin),)),))


def _rule(rule: Rule | RuleFunction) -> Rule:
    made = getattr(rule, "rule", rule)
    if not isinstance(made, Rule):
        raise TypeError(f"{rule!r} is not a rule: decorate it with evalpolicy.policy.rule.rule")
    return made


def _hold(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)
