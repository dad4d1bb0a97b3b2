"""Lists of patterns mean the same however many they are."""

from __future__ import annotations

import pytest

from evalpolicy.scanners.gitleaks.goregex import RefusedPattern, compile_go
from evalpolicy.scanners.gitleaks.patterns import Patterns, as_joined, flags_left_on


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
    assert isinstance(found, RefusedPattern)
    assert found.certain


@pytest.mark.parametrize(
    "source", [r"\\C", r"\Q\C\E", r"\pN", "(?P<a>x)", "a{,2}", "a{1000}", "[]a]"]
)
def test_what_go_takes_is_taken(source):
    assert not isinstance(compile_go(source), RefusedPattern)


@pytest.mark.parametrize(
    ("source", "flags"),
    [
        ("(?i)a", "i"),
        (r"\.(?i)(?:png|gif)$", "i"),
        ("a(?is)b(?-s)", "i"),
        ("(?i-s)a", "i"),
        ("(?-i)a", ""),
        ("(?i:a)b", ""),
        ("(a(?i)b)c", ""),
        ("(?:(?i)a)", ""),
        ("(?P<name>a)", ""),
        ("[(?i)]", ""),
        ("[]](?i)", "i"),
        ("[^](?i)]a", ""),
        ("[[:alpha:](?i)]a", ""),
        (r"\(?i\)", ""),
        (r"\Q(\E(?i)a", "i"),
    ],
)
def test_which_flags_reach_the_patterns_behind(source, flags):
    assert flags_left_on(source) == flags
    reaches = Patterns((source, "zzz"), joined=True).allow("ZZZ")
    assert reaches == ("i" in flags)
    (_, second) = as_joined((source, "zzz"))
    assert Patterns((second,), joined=True).allow("ZZZ") == reaches


def test_a_later_pattern_switches_a_flag_off():
    assert list(as_joined(("(?i)a", "(?-i)b", "c"))) == ["(?i)a", "(?i)(?-i)b", "c"]
