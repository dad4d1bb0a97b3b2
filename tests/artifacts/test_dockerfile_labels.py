"""What labels a Dockerfile gives its image. Each case is one that BuildKit was asked about, too."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.dockerfile import parse

CASES = {
    "one pair": (b'FROM scratch\nLABEL a="b c"\n', {"a": "b c"}),
    "several pairs": (
        b"FROM scratch\nLABEL a=1 b='2 3' \"c d\"=4\n",
        {"a": "1", "b": "2 3", "c d": "4"},
    ),
    "old form": (b"FROM scratch\nLABEL a b  c\n", {"a": "b  c"}),
    "last wins": (b"FROM scratch\nLABEL a=1 a=2\n", {"a": "2"}),
    "arg default": (b"FROM scratch\nARG V=1\nLABEL a=$V\n", {"a": "1"}),
    "global arg is not seen": (b"ARG V=1\nFROM scratch\nLABEL a=$V\n", {"a": ""}),
    "global arg redeclared": (b"ARG V=1\nFROM scratch\nARG V\nLABEL a=$V\n", {"a": "1"}),
    "stage inherits": (
        b"FROM scratch AS x\nARG V=1\nLABEL a=1 b=$V\nFROM x\nLABEL b=2$V\n",
        {"a": "1", "b": "21"},
    ),
    "onbuild": (b"FROM scratch AS x\nONBUILD LABEL a=1\nFROM x\nLABEL b=2\n", {"a": "1", "b": "2"}),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES.keys())
def test_effective_labels(content, expected):
    dockerfile = parse(content)
    labels = dockerfile.effective_labels(dockerfile.final)
    assert {key: label.value for key, label in labels.items()} == expected
    assert dockerfile.problems == ()


def test_heredoc_bodies_hold_no_labels():
    dockerfile = parse(b"FROM scratch\nRUN <<EOF\nLABEL a=1\nEOF\nLABEL b=2\n")
    assert [label.key for label in dockerfile.final.labels] == ["b"]
    assert dockerfile.instructions[1].heredocs[0].body == "LABEL a=1\n"
