"""Where each rule's example fires, and what a baseline knows of it: neither changes by accident.

A row of a baseline names a rule, a path, a subject and what the finding is about; whoever changes
one of them makes known findings new. `python -m tests.rules.test_example_places` writes
example_places.json.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from docsite.examples import judged

from evalpolicy.policy.rule import Rule
from evalpolicy.rules import all_rules

PLACES = Path(__file__).with_name("example_places.json")
_OBJECT = re.compile(r"\b[0-9a-f]{40}\b")


def places(rule: Rule) -> list[str]:
    return [
        _OBJECT.sub(
            "<object>",
            f"{f.path}:{':'.join(map(str, f.span))} {f.severity} | {f.subject} | {f.about}",
        )
        for f in judged(rule).findings
    ]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_an_example_fires_where_it_did_and_keeps_its_row_in_a_baseline(rule):
    known = json.loads(PLACES.read_text("utf-8"))
    assert places(rule) == known.get(rule.id), "`python -m tests.rules.test_example_places` writes"


if __name__ == "__main__":
    found = {rule.id: places(rule) for rule in all_rules()}
    PLACES.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
