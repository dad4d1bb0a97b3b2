"""Migration keeps the text, both ways, or refuses with a line. Binaries judge the meaning."""

from __future__ import annotations

import gitleaks_matrix
import pytest
import tomlkit

from evalpolicy.scanners.gitleaks.migrate import Migrated, MigrationRefusal, migrate
from evalpolicy.scanners.gitleaks.versions import Version

SINGLE = """# why this is here
[extend]
useDefault = true # keep

[allowlist] # the fixtures
description = 'x'
paths = [
  '''^tests/''', # recorded
]
"""
SEVERAL = """[[allowlists]] # one
description = "a"
paths = [
  '''^docs/''', # c
]
# between
[[allowlists]]
description = "b"
stopwords = ['y']
condition = "OR"
"""


def moved(text: str, version: str) -> str:
    result = migrate(text, Version.of(version))
    assert isinstance(result, Migrated), result
    tomlkit.parse(result.text)
    assert migrate(result.text, Version.of(version)) == Migrated(result.text, ())
    return result.text


def test_up_and_down_again_is_the_same_text():
    up = moved(SINGLE, "8.30.1")
    assert up == SINGLE.replace("[allowlist]", "[[allowlists]]")
    assert moved(up, "8.18.4") == SINGLE


def test_several_allowlists_become_one():
    text = moved(SEVERAL, "8.18.4")
    assert "condition" not in text
    assert "# between" in text
    assert tomlkit.parse(text).unwrap() == {
        "allowlist": {"description": "a", "paths": ["^docs/"], "stopwords": ["y"]}
    }


@pytest.mark.parametrize(
    ("lists", "joined"),
    [
        (("['a']", "['b']"), ["a", "b"]),
        (("['a',]", "['b', 'c',]"), ["a", "b", "c"]),
        (("[\n  'a', # one\n  'b',\n]", "['c']"), ["a", "b", "c"]),
        (("['a']", "[\n  'b', # two\n]"), ["a", "b"]),
        (("[]", "['b']"), ["b"]),
    ],
)
def test_two_lists_become_one(lists, joined):
    one, two = lists
    text = moved(f"[[allowlists]]\npaths = {one}\n[[allowlists]]\npaths = {two}\n", "8.18.4")
    assert tomlkit.parse(text).unwrap() == {"allowlist": {"paths": joined}}


@pytest.mark.parametrize(
    ("header", "before"),
    [("allowlists", ""), ("rules.allowlists", "[[rules]]\nid='a'\nregex='x'\n")],
)
def test_keys_are_joined_however_their_letters_are_written(header, before):
    lists = (
        f"[[{header}]]\nregextarget='line'\nregexes=['a']\n"
        f"[[{header}]]\nregexTarget='line'\nRegexes=['b']\n"
    )
    document = tomlkit.parse(moved(before + lists, "8.18.4")).unwrap()
    holder = document["rules"][0] if before else document
    assert holder["allowlist"] == {"regextarget": "line", "regexes": ["a", "b"]}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CR LF"])
def test_each_comment_of_two_lists_stays_with_its_item(end):
    one = "[[allowlists]]\npaths = [\n   'a' # one\n]\n"
    two = "[[allowlists]]\npaths = [ # of two\n# own\n\"\\u0062#\", # two\n'c'\n# last\n]\n"
    joined = """\
[allowlist]
paths = [
   'a', # one
   # of two
   # own
   "\\u0062#", # two
   'c',
   # last
]
#
"""
    text = moved((one + two).replace("\n", end), "8.18.4")
    assert text == joined.replace("\n", end)


@pytest.mark.parametrize(("count", "kind"), [(500, Migrated), (501, MigrationRefusal)])
def test_lists_of_a_thousand_items_are_joined_and_no_longer_ones(count, kind):
    items, more = "'a'," * 500, "'a'," * count
    text = f"[[allowlists]]\npaths = [{items}]\n[[allowlists]]\npaths = [{more}]\n"
    assert isinstance(migrate(text, Version.of("8.18.4")), kind)


def test_a_flag_stays_with_its_pattern():
    text = moved("[allowlist]\nregexes = ['(?i)a', 'b']\n", "8.28.0")
    assert "['(?:(?i)a)', 'b']" in text


@pytest.mark.parametrize(
    ("text", "to", "line", "reason"),
    [
        ("[[allowlists]]\ncondition='AND'\npaths=['a']\nregexes=['b']\n", "8.24.3", 2, "AND"),
        ("[[allowlists]]\ntargetRules=['a']\nregexes=['b']\n", "8.24.3", 2, "targetRules"),
        ("[extend]\nuseDefault=true\n[[allowlists]]\ntargetRules=['a']\nregexes=['b']\n",
         "8.28.0", 4, "targetRules"),
        ("[allowlist]\nregexes=['a']\n", "8.15.2", 2, "whole match"),
        ("[allowlist]\nregexes=['x*']\n", "8.28.0", 2, "matches nothing"),
        ("[allowlist]\nstopwords=['a', '']\n", "8.18.4", 2, "empty stopword"),
        ("[allowlist]\npaths=['a(']\n", "8.18.4", 2, "regular expression"),
        ("[allowlist]\npaths=['a'\n", "8.18.4", 2, "list is not closed"),
        ("[allowlist]\nfiles=['a']\n", "8.25.0", 1, "without commits"),
        ("[extend]\nuseDefault=true\n", "8.8.12", 1, "[extend]"),
        ("[[allowlists]]\nregexTarget='line'\nregexes=['a']\n[[allowlists]]\nregexes=['b']\n",
         "8.18.4", 5, "regexTarget"),
    ],
)  # fmt: skip
def test_refusals_name_line_and_reason(text, to, line, reason):
    result = migrate(text, Version.of(to))
    assert isinstance(result, MigrationRefusal)
    assert reason in result.reason
    assert result.line == line


def test_every_configuration_of_the_matrix_is_moved_or_refused():
    for row in gitleaks_matrix.rows():
        text = row.content.decode("utf-8", "surrogateescape")
        for version in ("8.8.12", "8.24.3", "8.30.1"):
            result = migrate(text, Version.of(version))
            assert isinstance(result, Migrated | MigrationRefusal), row.name


@pytest.mark.parametrize(
    ("criteria", "to", "written_for", "refused"),
    [
        ("", "8.18.4", "8.18.4", True),
        ("", "8.18.4", "8.30.1", True),
        ("regex = 'x'", "8.18.4", "8.9.0", False),
        ("path = 'x'", "8.18.4", "8.9.0", False),
        ("regex = 'x'", "8.18.4", "8.30.1", True),
        ("regex = 'x'", "8.30.1", "8.18.4", True),
        ("regex = 'x'", "8.30.1", "8.30.1", False),
    ],
)
def test_a_rule_named_as_a_default_one_means_the_same_or_is_refused(
    criteria, to, written_for, refused
):
    text = f"[extend]\nuseDefault = true\n[[rules]]\nid = 'aws-access-token'\n{criteria}\n"
    result = migrate(text, Version.of(to), Version.of(written_for))
    assert isinstance(result, MigrationRefusal) == refused
