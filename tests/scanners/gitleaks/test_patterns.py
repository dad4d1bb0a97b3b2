"""Lists of patterns mean the same however many they are."""

from __future__ import annotations

import pytest

from evalpolicy.scanners.gitleaks.goregex import Refused, compile_go
from evalpolicy.scanners.gitleaks.patterns import Patterns


@pytest.mark.parametrize("number", [2, 900])
def test_a_flag_reaches_the_last_of_joined_patterns(number):
    sources = ("(?i)first", *(f"x{n}(?:a|b)" for n in range(number)), "LAST")
    assert Patterns(sources, joined=True).allow("last")
    assert not Patterns(sources, joined=False).allow("last")


@pytest.mark.parametrize("number", [0, 900])
def test_an_empty_match_counts_only_where_patterns_are_joined(number):
    sources = (*(f"x{n}(?:a|b)" for n in range(number)), "z*")
    assert Patterns(sources, joined=True).allow("q")
    assert not Patterns(sources, joined=False).allow("q")
    assert Patterns(sources, joined=False).allow("zq")
    assert not Patterns(sources, joined=True).allow("")


@pytest.mark.parametrize(
    "source", [r"\C", r"a\Cb", "(?=x)", "*", "a{1001}", "x**", r"(?:\Qx|y)", r"\1", "[b-a]"]
)
def test_what_go_refuses_is_refused(source):
    found = compile_go(source)
    assert isinstance(found, Refused)
    assert found.certain


@pytest.mark.parametrize(
    "source", [r"\\C", r"\Q\C\E", r"\pN", "(?P<a>x)", "a{,2}", "a{1000}", "[]a]"]
)
def test_what_go_takes_is_taken(source):
    assert not isinstance(compile_go(source), Refused)
