"""A finding's identity is made of the repository's words and of ids, never of a message's words.

`about` is a part of the fingerprint and of a baseline's row: who rewords a message makes no known
finding new.
"""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from docsite.examples import judged, made_up

from evalpolicy.policy.rule import Finding, Rule
from evalpolicy.rules import all_rules
from evalpolicy.rules.pages import BAD, example

# What stands for a credential: it is the same in a message, and its form is a promise.
_MASK = re.compile(r"… \([0-9]+ characters, sha256 [0-9a-f]+…\)")


def runs(text: str) -> set[tuple[str, ...]]:
    """Three words in a row, or two of which none is a name of something."""
    words = [word.strip("`'\",:;()").lower() for word in _MASK.sub("", text).split()]
    plain = {two for two in pairwise(words) if all(word.isalpha() for word in two)}
    return {*plain, *zip(words, words[1:], words[2:], strict=False)}


def borrowed(finding: Finding, repository: str) -> set[tuple[str, ...]]:
    """What `about` shares with the message or the help, and with no file."""
    said = runs(finding.message) | runs(finding.help)
    return (runs(finding.about) & said) - runs(repository)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_no_finding_is_known_by_the_words_of_its_message(rule: Rule) -> None:
    repository = str(example(rule.documentation, BAD, made_up))
    for finding in judged(rule).findings:
        assert borrowed(finding, repository) == set(), finding
