"""What BuildKit answered once, for machines without Go; `make oracle JUDGE=golden` asks anew."""

from __future__ import annotations

import pytest
from dockerfile_oracle.compare import difference
from dockerfile_oracle.generator import Generator
from dockerfile_oracle.golden import read
from dockerfile_oracle.spans import misplaced

GOLDEN = list(read())


@pytest.mark.parametrize(("case", "answer"), GOLDEN, ids=range(len(GOLDEN)))
def test_reads_as_buildkit_did(case, answer):
    assert difference(case, answer) is None, case.dockerfile


@pytest.mark.parametrize("block", range(10))
def test_spans_are_where_the_text_is(block):
    for seed in range(block * 50, block * 50 + 50):
        text = Generator(seed).dockerfile()
        assert list(misplaced(text)) == [], text
