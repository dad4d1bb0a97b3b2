"""What a version of gitleaks still reports of a line, setting by setting."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.gitleaks_config import parse
from evalpolicy.scanners.gitleaks.evaluate import predict
from evalpolicy.scanners.gitleaks.model import LoadError
from evalpolicy.scanners.gitleaks.scan import Secret
from evalpolicy.scanners.gitleaks.versions import Version

LINE = "key=ACME-abc1; end"
GROUPS = "[[rules]]\nid = 'a'\nregex = 'key=(ACME)-([a-z]+)'\n"
ONE = "[[rules]]\nid = 'a'\nregex = 'key=(ACME)'\n"


def allowed(key: str, value: str, more: str = "") -> str:
    return f"[allowlist]\n{key} = ['''{value}''']\n{more}"


def reported(text: str, version: str, line: str = LINE, commit: str | None = None) -> bool:
    secret = Secret("src/a.py", line, (), commit)
    found = predict(parse(text.encode()), Version.of(version), [secret])
    assert not isinstance(found, LoadError)
    return bool(found)


@pytest.mark.parametrize(
    ("version", "pattern", "stays"),
    [
        # Before 8.18 an allowlist's regexes are tried on the whole match, since on the secret.
        ("8.16.0", "^key=", False),
        ("8.18.4", "^key=", True),
        ("8.18.4", "^ACME$", False),
        ("8.30.1", "^ACME$", False),
        ("8.16.0", "^ACME$", True),
        ("8.16.0", "end$", True),
    ],
)
def test_what_an_allowlists_regexes_are_tried_on(version, pattern, stays):
    assert reported(ONE + allowed("regexes", pattern), version) == stays


def test_before_8_18_not_even_a_rules_own_group_is_what_is_tried():
    rule = "[[rules]]\nid = 'a'\nregex = 'key=(ACME)'\nsecretGroup = 1\n"
    for version, whole in (("8.16.0", False), ("8.18.4", True)):
        assert reported(rule + allowed("regexes", "^key=ACME$"), version) == whole
        assert reported(rule + allowed("regexes", "^ACME$"), version) == (not whole)


@pytest.mark.parametrize(
    ("target", "pattern", "stays"),
    [
        ("line", "end$", False), ("line", "^ACME$", True),
        ("match", "^key=ACME$", False), ("match", "end$", True),
        ("secret", "^ACME$", False), ("secret", "^key", True),
    ],
)  # fmt: skip
def test_what_regex_target_chooses(target, pattern, stays):
    text = ONE + allowed("regexes", pattern, f"regexTarget = '{target}'\n")
    assert reported(text, "8.24.3") == stays


@pytest.mark.parametrize(
    ("version", "regex", "group", "secret"),
    [
        ("8.16.0", "key=(ACME)", "", "key=ACME"),
        ("8.18.4", "key=(ACME)", "", "ACME"),
        ("8.18.4", "key=(ACME)-([a-z]+)", "", "key=ACME-abc"),
        ("8.19.3", "key=(ACME)", "", "ACME"),
        ("8.30.1", "key=(ACME)-([a-z]+)", "", "ACME"),
        ("8.30.1", "(x)?key=(ACME)", "", "ACME"),
        ("8.30.1", "key=ACME", "", "key=ACME"),
        ("8.30.1", "key=(ACME)-([a-z]+)", "secretGroup = 2\n", "abc"),
        ("8.18.4", "key=(ACME)-([a-z]+)", "secretGroup = 2\n", "abc"),
        ("8.18.4", "key=(ACME)-([a-z]+)", "secretGroup = 1\n", "ACME"),
    ],
)
def test_which_part_of_a_match_is_the_secret(version, regex, group, secret):
    rule = f"[[rules]]\nid = 'a'\nregex = '{regex}'\n{group}"
    target = "" if version < "8.18" else "regexTarget = 'secret'\n"
    assert not reported(rule + allowed("regexes", f"^{secret}$", target), version)
    assert reported(rule + allowed("regexes", f"^{secret}x$", target), version)


@pytest.mark.parametrize(
    ("version", "word", "stays"),
    [
        ("8.30.1", "acme", False), ("8.30.1", "ACME", False), ("8.30.1", "abc", True),
        ("8.0.0", "acme", True), ("8.0.0", "ACME", True),
    ],
)  # fmt: skip
def test_stopwords(version, word, stays):
    assert reported(ONE + allowed("stopwords", word), version) == stays


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ("key=aaaaaaaa", False),
        ("key=abcdefgh", True),
        ("nothing", False),
    ],
)
def test_entropy_is_exceeded(line, stays):
    rule = "[[rules]]\nid = 'a'\nregex = 'key=([a-z]+)'\nentropy = 2.5\n"
    assert reported(rule, "8.30.1", line) == stays


def test_an_entropy_that_is_only_reached_is_not_enough():
    rule = "[[rules]]\nid = 'a'\nregex = 'key=([a-z]+)'\nentropy = {}\n"
    assert not reported(rule.format("1.0"), "8.30.1", "key=abab")
    assert reported(rule.format("0.99"), "8.30.1", "key=abab")


@pytest.mark.parametrize(("word", "stays"), [("key", True), ("KEY", True), ("other", False)])
def test_a_line_without_a_keyword_is_not_searched(word, stays):
    assert reported(f"{ONE}keywords = ['{word}']\n", "8.30.1") == stays


@pytest.mark.parametrize(("path", "stays"), [("\\.py$", True), ("\\.go$", False)])
def test_the_path_of_a_rule(path, stays):
    assert reported(f"{ONE}path = '{path}'\n", "8.30.1") == stays
    assert reported(f"[[rules]]\nid = 'a'\npath = '{path}'\n", "8.30.1") == stays


@pytest.mark.parametrize(
    ("known", "commit", "stays"),
    [("abc", "abc", False), ("ABC", "abc", False), ("abd", "abc", True), ("abc", None, True)],
)
def test_commits(known, commit, stays):
    assert reported(ONE + allowed("commits", known), "8.30.1", commit=commit) == stays


@pytest.mark.parametrize(
    ("criteria", "stays"),
    [
        ("paths = ['py$']\nregexes = ['ACME']\n", False),
        ("paths = ['py$']\nregexes = ['other']\n", True),
        ("paths = ['go$']\nregexes = ['ACME']\n", True),
        ("paths = ['py$']\nstopwords = ['acme']\n", False),
        ("paths = ['py$']\nstopwords = ['other']\n", True),
        ("commits = ['abc']\npaths = ['py$']\n", False),
        ("commits = ['abd']\npaths = ['py$']\n", True),
        ("commits = ['abc']\nregexes = ['ACME']\n", False),
        ("commits = ['abd']\nregexes = ['ACME']\n", True),
        ("regexes = ['ACME']\nstopwords = ['other']\n", True),
    ],
)
def test_with_and_all_that_is_written_must_hold(criteria, stays):
    text = f"{ONE}[[allowlists]]\ncondition = 'AND'\n{criteria}"
    assert reported(text, "8.30.1", commit="abc") == stays
    assert not reported(text.replace("AND", "OR"), "8.30.1", commit="abc") or stays
