"""How much of a configuration is judged: what counts, and where it is too much."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.gitleaks_config import parse
from evalpolicy.scanners.gitleaks import limits
from evalpolicy.scanners.gitleaks.evaluate import evaluate
from evalpolicy.scanners.gitleaks.versions import Version

# Three rules, three allowlists (one of each form that is read), six patterns of 12 characters.
TEXT = """
[[rules]]
id = 'a'
regex = 'x'
[rules.allowlist]
paths = ['one', 'a']
[[rules]]
id = 'b'
regex = 'x'
[[rules.allowlists]]
regexes = ['two', 'b']
[[rules]]
id = 'c'
regex = 'x'
[allowlist]
paths = ['thr']
regexes = ['c']
"""


@pytest.mark.parametrize(
    ("limit", "count", "words"),
    [
        ("MAX_RULES", 3, "3 rules, more than 2"),
        ("MAX_ALLOWLISTS", 3, "3 allowlists, more than 2"),
        ("MAX_PATTERNS", 6, "6 patterns, more than 5"),
        ("MAX_PATTERN_LENGTH", 12, "12 characters in patterns, more than 11"),
    ],
)
def test_as_many_as_the_limit_are_judged_and_one_more_is_said(monkeypatch, limit, count, words):
    monkeypatch.setattr(limits, limit, count)
    assert not evaluate(parse(TEXT.encode()), Version.of("8.30.1")).problems
    monkeypatch.setattr(limits, limit, count - 1)
    [problem] = evaluate(parse(TEXT.encode()), Version.of("8.30.1")).problems
    assert problem.message == f"not judged: {words}"
