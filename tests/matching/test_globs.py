"""Globs of paths: how far each wildcard reaches."""

from __future__ import annotations

import pytest

from evalpolicy.matching.globs import Globs


@pytest.mark.parametrize(
    ("glob", "inside", "outside"),
    [
        # Two stars that are not a whole part reach no further than one.
        ("a**/b", ["a/b", "ax/b"], ["a/x/b", "ax/x/b", "b"]),
        ("**a/b", ["a/b", "xa/b"], ["x/a/b"]),
        ("x/a**/b", ["x/a/b", "x/ay/b"], ["x/a/y/b"]),
        ("a/**b", ["a/b", "a/xb"], ["a/x/b"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb"]),
        ("**/b", ["b", "x/b", "x/y/b"], ["xb", "b/x"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("**", ["a", "a/b"], []),
    ],
)
def test_stars_span_folders_only_as_a_part_of_their_own(glob, inside, outside):
    globs = Globs((glob,))
    assert [path for path in inside if path not in globs] == []
    assert [path for path in outside if path in globs] == []


@pytest.mark.parametrize("glob", ["*/a", "?ci/a", "**/a", "**", "[.x]ci/*", ".ci/a", "./.ci/a"])
def test_a_folder_with_a_leading_dot_is_matched_like_any_other(glob):
    assert ".ci/a" in Globs((glob,))


def test_the_dot_of_a_folder_is_not_taken_off():
    assert "ci/a" not in Globs((".ci/a",))
    assert ".ci/a" not in Globs(("ci/a", "./ci/a"))


@pytest.mark.parametrize("glob", ["[[a]", "[a&&b]", "[a~~b]", "[a||b]", "[ +--a]"])
def test_what_python_warns_of_in_a_set_is_not_printed(glob):
    """Tests run with warnings as errors: a glob of a configuration raises none."""
    assert "a" in Globs((glob,))
