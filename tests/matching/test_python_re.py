"""Patterns of Python's `re`: one budget for all of a run."""

from __future__ import annotations

import sys

import pytest

from evalpolicy.matching import python_re as python_patterns
from evalpolicy.matching.python_re import PythonPatterns, TooSlow, WrongPattern

# Only Python reads a look-ahead; RE2 has none.
PYTHON_ONLY = "(?=a)a"
SLOW = "^(?=(a+)+$)"


@pytest.fixture
def started(monkeypatch):
    """The timeouts (seconds) of the processes that were started."""
    timeouts = []
    run = python_patterns.subprocess.run

    def counted(*arguments, timeout, **named):
        timeouts.append(timeout)
        return run(*arguments, timeout=timeout, **named)

    monkeypatch.setattr(python_patterns.subprocess, "run", counted)
    return timeouts


def test_all_patterns_of_a_run_share_one_budget(started):
    patterns = PythonPatterns(["a", "b"], left=60.0)
    assert patterns.matching(PYTHON_ONLY) == {"a"}
    left = patterns.left
    assert 0 < left < 60
    assert patterns.matches_any(PYTHON_ONLY)
    assert patterns.left < left
    assert [one - python_patterns._PATIENCE for one in started] == pytest.approx([60.0, left])


def test_a_pattern_that_backtracks_leaves_nothing_for_the_next(started):
    patterns = PythonPatterns(["a" * 60 + "!"], left=0.01)
    with pytest.raises(TooSlow, match="backtracks"):
        patterns.matches_any(SLOW)
    with pytest.raises(TooSlow, match="other patterns used up the available time"):
        patterns.matches_any(PYTHON_ONLY)
    assert len(started) == 1


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_a_budget_that_is_spent_starts_no_process(started, left):
    patterns = PythonPatterns(["a"], left=left)
    with pytest.raises(TooSlow, match="other patterns used up the available time"):
        patterns.matching(PYTHON_ONLY)
    assert started == []


def test_what_re2_reads_alike_and_what_is_wrong_cost_nothing(started):
    patterns = PythonPatterns(["a", "b"], left=0.0)
    assert patterns.matching("^a") == {"a"}
    assert patterns.matching("(?x) b # why", among=["a", "ab"]) == {"ab"}
    with pytest.raises(WrongPattern):
        patterns.matching("(")
    assert (patterns.left, started) == (0.0, [])


def test_only_the_paths_asked_for_are_tried():
    patterns = PythonPatterns(["a", "ba", "b"], left=60.0)
    assert patterns.matching(PYTHON_ONLY, among=["ba", "c"]) == {"ba"}
    assert not PythonPatterns(["b"], left=60.0).matches_any(PYTHON_ONLY)


def test_a_pattern_that_ends_python_is_a_finding_and_no_crash(monkeypatch):
    monkeypatch.setattr(python_patterns, "_CHILD", "import sys; sys.exit(3)")
    assert sys.executable
    with pytest.raises(TooSlow, match="it crashed Python"):
        PythonPatterns(["a"], left=60.0).matching(PYTHON_ONLY)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("^a", {"ab", "abc"}), ("b(?!c)", {"ab"}), ("(?x) b  # c\n c", {"abc"}), ("^$", set())],
)
def test_what_is_found(pattern, found):
    assert PythonPatterns(["ab", "abc", "x"], 60).matching(pattern) == found
    assert PythonPatterns(["ab", "abc", "x"], 60).matches_any(pattern) is bool(found)


@pytest.mark.parametrize(
    ("pattern", "place"), [("ab[", " at character 3"), ("(", " at character 1"), ("a{9,1}", "")]
)
def test_a_wrong_pattern_is_refused_in_our_words(pattern, place):
    with pytest.raises(WrongPattern, match=f"Python's re rejects it{place}"):
        PythonPatterns(["a"]).matching(pattern)


@pytest.mark.parametrize("pattern", ["[[a]", "[+--a]", "[a&&b]", "[a~~b]", "[a||b]"])
def test_what_python_warns_of_is_not_printed(pattern):
    """Tests run with warnings as errors: a pattern of a repository raises none."""
    assert PythonPatterns(["a"], 60).matching(pattern) == {"a"}
