"""The table of tags: what the library that pre-commit asks says of the same names."""

from __future__ import annotations

import pytest
from identify import extensions, identify

from evalpolicy.artifacts.file_tags import TAGS, may_have


@pytest.mark.parametrize("tag", TAGS)
def test_a_file_that_identify_gives_a_tag_may_have_it(tag):
    names = [f"a.{suffix}" for suffix, tags in extensions.EXTENSIONS.items() if tag in tags]
    names += [name for name, tags in extensions.NAMES.items() if tag in tags]
    assert names
    assert [name for name in names if not may_have(f"b/{name}", False, tag)] == []


@pytest.mark.parametrize("tag", TAGS)
def test_a_name_of_the_table_has_its_tag(tag):
    suffixes, names = TAGS[tag]
    found = [*(f"a.{suffix}" for suffix in suffixes), *names]
    assert [name for name in found if tag not in identify.tags_from_filename(name)] == []


@pytest.mark.parametrize(
    ("path", "is_executable", "tag", "expected"),
    [
        ("a.py", False, "ruby", False),
        ("a.PY", False, "python", True),
        ("a/Dockerfile.test", False, "dockerfile", True),
        ("test.Dockerfile", False, "dockerfile", True),
        ("bin/run", True, "ruby", True),
        ("bin/run", False, "ruby", False),
        ("a.py", True, "ruby", False),
        ("a.py", False, "text", True),
    ],
)
def test_by_its_name_and_its_mode(path, is_executable, tag, expected):
    assert may_have(path, is_executable, tag) is expected
