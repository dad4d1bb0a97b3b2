"""The pages of the SUB rules: their examples are built with real git, and judged."""

from __future__ import annotations

import re

import pytest
from tests.submissions import MESSAGE, judge, submission

from evalpolicy.rules import family

RULES = family("SUB")
FENCE = re.compile(r"^```\w+ (?:(before|after|upstream):)?(\S+)\n(.*?)^```$", re.M | re.S)


def section(documentation: str, title: str) -> str:
    """What stands below a heading; a heading within a fence is part of an example."""
    kept, inside, fenced = [], False, False
    for line in documentation.splitlines(keepends=True):
        if line.startswith("```"):
            fenced = not fenced
        elif line.startswith("## ") and not fenced:
            inside = line.strip() == f"## {title}"
            continue
        if inside:
            kept.append(line)
    return "".join(kept)


def example(documentation: str, title: str) -> dict[str, dict[str, str]]:
    states: dict[str, dict[str, str]] = {"before": {}, "after": {}, "upstream": {}, "": {}}
    for state, path, content in FENCE.findall(section(documentation, title)):
        states[state][path] = content
    return states


def judged(rule, title, root):
    states = example(rule.documentation, title)
    assert states["after"] or states[""], "no ```lang after:path and no ```text message"
    assert set(states[""]) <= {"message"}
    before = states["before"] or {"README.md": "a fleet\n"}
    after = states["after"] or {**before, "NEW.md": "new\n"}
    submission(
        root,
        before,
        after,
        upstream=states["upstream"] or None,
        message=states[""].get("message", MESSAGE),
    )
    return judge(root, rule.id)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_bad_example_fires(rule, tmp_path):
    report = judged(rule, "Fires", tmp_path)
    assert {finding.rule for finding in report.findings} == {rule.id}
    assert not report.problems


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_mended_example_does_not(rule, tmp_path):
    report = judged(rule, "Mended", tmp_path)
    assert [finding.message for finding in report.findings] == []
    assert not report.problems


def test_all_twelve_are_there():
    assert [rule.id for rule in RULES] == [f"SUB{number:03}" for number in range(1, 13)]
