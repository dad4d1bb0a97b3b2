"""Every reader of untrusted text takes twice the time for twice the text, whatever its shape."""

from __future__ import annotations

import pytest
from tests.artifacts.hostile_texts import READERS, texts, units
from tests.growth import assert_linear

from evalpolicy.artifacts.syntax.shell.reader import parse as parse_shell


@pytest.mark.parametrize("name", READERS)
def test_work_grows_with_the_text(name: str) -> None:
    """What its language means something by, up to the size of a large file of a person."""
    read, prefixes = READERS[name]

    def read_anew(text: str) -> object:
        parse_shell.cache_clear()
        return read(text)

    failed = []
    for prefix in prefixes:
        for unit in units(name):
            try:
                assert_linear(read_anew, texts(prefix, unit), start=1 << 12, largest=1 << 15)
            except AssertionError as growth:
                failed.append(f"{prefix!r}, then {unit!r} again and again: {growth}")
    assert not failed, "\n".join(failed)
