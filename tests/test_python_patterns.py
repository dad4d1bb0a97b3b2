"""Patterns of Python's `re` on paths: the budget is given, and no test waits for it."""

from __future__ import annotations

import pytest

from evalpolicy.python_patterns import PythonPatterns, TooSlow, WrongPattern

HOSTILE = "a" * 60 + "!"
BACKTRACKS = "(?=(a+)+$)b"
ONLY_PYTHON = "b(?!c)"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("^a", {"ab", "abc"}), ("b(?!c)", {"ab"}), ("(?x) b  # c\n c", {"abc"}), ("^$", set())],
)
def test_what_is_found(pattern, found):
    assert PythonPatterns(["ab", "abc", "x"], 60).matching(pattern) == found
    assert PythonPatterns(["ab", "abc", "x"], 60).matches_any(pattern) is bool(found)


def test_what_goes_to_a_process_of_its_own_is_taken_from_the_budget():
    patterns = PythonPatterns(["ab", "abc"], 60)
    patterns.matching("b")
    assert patterns.left == 60
    patterns.matching(ONLY_PYTHON)
    assert 0 < patterns.left < 60


def test_a_pattern_that_backtracks_is_stopped_and_leaves_nothing_to_others():
    patterns = PythonPatterns([HOSTILE], 0.01)
    with pytest.raises(TooSlow, match="it backtracks without end"):
        patterns.matching(BACKTRACKS)
    with pytest.raises(TooSlow, match="other patterns took the time there is"):
        patterns.matching(ONLY_PYTHON)
    assert patterns.matching("!$") == {HOSTILE}


@pytest.mark.parametrize(
    ("pattern", "place"), [("ab[", " at character 3"), ("(", " at character 1"), ("a{9,1}", "")]
)
def test_a_wrong_pattern_is_refused_in_our_words(pattern, place):
    with pytest.raises(WrongPattern, match=f"Python's re refuses it{place}"):
        PythonPatterns(["a"]).matching(pattern)
