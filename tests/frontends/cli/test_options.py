"""What several commands read alike."""

from __future__ import annotations

import pytest

from evalpolicy.errors import UsageError
from evalpolicy.frontends.cli.options import outputs

KNOWN = ("text", "json", "junit")


def test_each_format_has_its_file():
    assert outputs(["text", "json=a"], KNOWN) == [("text", None), ("json", "a")]
    assert outputs(["text", "json"], KNOWN) == [("text", None), ("json", None)]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["json=a", "junit=a"], "two reports cannot share a file"),
        (["jnit"], "did you mean junit"),
        (["=a"], "use one of text, json, junit"),
    ],
)
def test_what_cannot_be_written_is_refused(texts, message):
    with pytest.raises(UsageError, match=message):
        outputs(texts, KNOWN)
