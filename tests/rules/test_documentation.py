"""Every rule's page: complete, and its examples do what they say."""

from __future__ import annotations

import re

import pytest
from docsite.examples import made_up, report_on

from evalpolicy.policy.rule import Hit, rule
from evalpolicy.rules import FAMILIES, all_rules, family
from evalpolicy.rules.pages import example, section
from evalpolicy.testing import check_page

RULES = all_rules()


def test_ids_and_names_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_id_is_a_family_and_a_number_and_a_name_is_words_joined_by_dashes(rule):
    assert re.fullmatch(r"[A-Z]{3}[0-9]{3}", rule.id)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)


def test_every_family_has_rules_and_each_rule_its_family():
    assert {rule.family for rule in RULES} == set(FAMILIES)


def test_all_twelve_rules_on_submissions_are_there():
    assert [rule.id for rule in family("SUB")] == [f"SUB{n:03}" for n in range(1, 13)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_page_is_complete_and_its_examples_do_what_they_say(rule, tmp_path):
    check_page(rule, tmp_path, made_up, report_on)


GOOD_PAGE = """A base comes from docker.io.

## Why

It is slow.

## Example

```dockerfile containers/agents/codex/Dockerfile
FROM docker.io/node:22
```

## Fixed

```dockerfile containers/agents/codex/Dockerfile
FROM node:22
```
"""


def page_rule(page: str):
    def check(dockerfile, place):
        for stage in dockerfile.stages:
            if "docker.io" in stage.base.raw:
                yield Hit(place.path, "a base from docker.io", stage.base.span)

    check.__doc__ = page
    return rule("ACM001", "base-from-elsewhere", "warning")(check)


class TestThePageOfAnyRule:
    def test_a_good_one(self, tmp_path):
        check_page(page_rule(GOOD_PAGE), tmp_path)

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("docker.io.", "docker.io", "no full stop"),
            ("A base", "A base" + " of some kind" * 10, "over 120 characters"),
            ("## Why", "## Reason", "no `## Why`"),
            ("## Example", "## Bad", "no `## Example`"),
            ("dockerfile containers/agents/codex/Dockerfile\nFROM docker.", "text\nFROM docker.",
             "Example: no file"),
            ("FROM docker.io/node:22", "FROM node:22", "does not report it"),
            ("FROM node:22", "FROM docker.io/node:20", "still reports"),
            ("FROM node:22", "FROM node:22\nWAT", "not all could be checked"),
        ],
    )  # fmt: skip
    def test_what_is_missing_or_untrue_is_said(self, tmp_path, old, new, why):
        assert GOOD_PAGE.count(old) == 1
        with pytest.raises(AssertionError, match=why):
            check_page(page_rule(GOOD_PAGE.replace(old, new)), tmp_path)


def test_a_heading_in_a_fence_is_part_of_the_example():
    page = "T.\n\n## Example\n\n```markdown a.md\n## Why\n```\n\nmore\n\n## Why\n\nx\n"
    assert section(page, "Why") == "x"
    assert example(page, "Example").files == {"a.md": "## Why\n"}


def test_placeholders():
    page = "## Example\n\n```text a\n{{KiB 2}}\n```\n\n```text b\n{{openai}} {{unknown}}\n```\n"
    files = example(page, "Example", {"openai": "sk"}.get).files
    assert files == {"a": "x" * 2048 + "\n", "b": "sk {{unknown}}\n"}


def test_json_for_lines_may_be_laid_out_over_lines():
    page = '## Example\n\n```json a.jsonl\n{"a":\n 1}\n{"b": 2}\n```\n'
    assert example(page, "Example").files == {"a.jsonl": '{"a": 1}\n{"b": 2}\n'}


def test_an_example_of_a_submission():
    fences = "```text before:a\n1\n```\n\n```text after:a\n2\n```\n\n```text message\nm\n```\n"
    page = f"## Example\n\n{fences}"
    made = example(page, "Example")
    assert (made.before, made.after, made.message) == ({"a": "1\n"}, {"a": "2\n"}, "m\n")
    assert made.is_submission
