"""Every rule's page: complete, and its examples do what they say."""

from __future__ import annotations

import json
import random
import re

import pytest
from tests.fleets import judge, write
from tests.samples.credentials import token

from evalpolicy.credentials import SHAPES
from evalpolicy.rules import FAMILIES, all_rules

RULES = all_rules()
FENCE = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACEHOLDER = re.compile(r"\{\{([\w-]+)(?: (\d+))?\}\}")
# Their examples are two states of a repository, and what came of replays: tests/rules/
# test_submission*.py and test_replay.py run them.
OTHERS = {"SUB", "RPL"}


def section(documentation: str, title: str) -> str | None:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", documentation, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else None


def example(documentation: str, title: str) -> dict[str, str]:
    fences = FENCE.findall(section(documentation, title) or "")
    return {
        path: laid_out(kind, path, PLACEHOLDER.sub(filled, body)) for kind, path, body in fences
    }


def filled(found: re.Match[str]) -> str:
    """`{{KiB 900}}` is so much text; `{{openai}}` is a key of that shape that nobody issued."""
    if found[1] == "KiB":
        return "x" * 1024 * int(found[2])
    shape = next(shape for shape in SHAPES if shape.id == found[1])
    return token(shape, random.Random(found[1]))


def laid_out(kind: str, path: str, body: str) -> str:
    """JSON for a `.jsonl` may be laid out over lines: each value becomes a line of its own."""
    if kind != "json" or not path.endswith(".jsonl"):
        return body
    rows, at = [], 0
    while at < len(body):
        row, at = json.JSONDecoder().raw_decode(body, at)
        rows.append(json.dumps(row) + "\n")
        at += len(body[at:]) - len(body[at:].lstrip())
    return "".join(rows)


def test_ids_and_names_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_family_has_rules_and_each_rule_its_family():
    assert {rule.family for rule in RULES} == set(FAMILIES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_page_says_what_why_and_shows_both_sides(rule):
    assert rule.title.endswith(".")
    assert len(rule.title) <= 120
    assert section(rule.documentation, "Why")
    assert section(rule.documentation, "Fires")
    assert section(rule.documentation, "Mended")


@pytest.mark.parametrize(
    "rule", [r for r in RULES if r.family not in OTHERS], ids=lambda rule: rule.id
)
class TestExamples:
    def test_the_bad_example_fires(self, rule, tmp_path):
        files = example(rule.documentation, "Fires")
        assert files, "the example has no file: ```lang path"
        report = judge(write(tmp_path, files), rule.id)
        assert [finding.rule for finding in report.findings]
        assert {finding.path for finding in report.findings} <= set(files)
        assert not report.problems

    def test_the_mended_example_does_not(self, rule, tmp_path):
        files = example(rule.documentation, "Mended")
        assert files
        report = judge(write(tmp_path, files), rule.id)
        assert [finding.message for finding in report.findings] == []
        assert not report.problems
