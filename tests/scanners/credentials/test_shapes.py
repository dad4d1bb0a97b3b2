"""Every shape: what it finds, and what comes close and is left alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.credentials import context, near_misses, true_examples

from evalpolicy.scanners.credentials import SHAPES, Scanner, Shape
from evalpolicy.scanners.credentials.checksums import base62_crc32

SCANNER = Scanner()
IDS = [shape.id for shape in SHAPES]


def test_ids_are_unique() -> None:
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_true_examples_are_found(shape: Shape) -> None:
    examples = list(true_examples(shape))
    assert len(set(examples)) >= 3
    before, after = context(shape)
    for example in examples:
        text = f"{before}{example}{after}".encode()
        (hit,) = SCANNER.scan(text)
        assert (hit.shape, hit.kind) == (shape.id, "credential")
        assert text[hit.start : hit.end].decode() == example
        assert example not in hit.masked


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_near_misses_are_left_alone(shape: Shape) -> None:
    misses = list(near_misses(shape))
    assert len(misses) >= 5
    for what, text in misses:
        found = [hit.shape for hit in SCANNER.scan(text.encode()) if hit.kind == "credential"]
        assert shape.id not in found, what


@pytest.mark.parametrize("shape", [s for s in SHAPES if s.lead != (0, 0)], ids=lambda s: s.id)
@given(data=st.data())
def test_a_probe_stands_where_its_lead_says(shape: Shape, data: st.DataObject) -> None:
    secret = data.draw(st.from_regex(shape.secret, fullmatch=True))
    least, most = shape.lead
    probes = [m.start() for m in re.finditer(f"(?={shape.probe})", secret)]
    assert any(least <= start <= most for start in probes)


def test_the_checksum_is_that_of_a_published_token() -> None:
    # One that is quoted wherever the format is explained; its pieces are kept apart.
    assert base62_crc32(b"zQWBuTSOoRi4A9s" + b"pHcVY5ncnsDkxkJ") == b"0mLq17"


@pytest.mark.parametrize(
    "benign",
    [
        '"user_api_key_hash": "' + "47a782a0" * 8 + '"',
        '"prompt_cache_key": "' + "-".join(("019d933d", "b31d", "7fa3", "9b28", "9b28" * 3)) + '"',
        "GPG_KEY=" + "A035C8C192" * 4,
        "OPENAI_API_KEY=sk-proxy",
        "LLM_API_KEY=sk-REDACTED",
        "token ya29.REDACTED and hf_REDACTED",
        'class="sk-toggleable__label-arrow sk-container-id-1"',
        "a task-oriented-dialogue-2024-benchmark",
        "sk-learn-text-and-more-text-2",
        "risk-adjusted-return-over-10-years",
        "https://user:" + "password@example.com/",
        "https://user:" + "${TOKEN}@example.com/",
        "https://example.com:8080/a@b",
        "ssh://git@github.com/a/b.git",
    ],
)
def test_benign_texts_of_recordings(benign: str) -> None:
    assert SCANNER.scan(benign.encode()) == ()
