"""`{benchmark}-{task}-{agent}`: the name of a fixture, and all of its readings."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple


class Decoding(NamedTuple):
    """One reading of a fixture's name."""

    benchmark: str
    task: str
    agent: str


def decodings(
    stem: str, benchmarks: Collection[str], agents: Collection[str]
) -> tuple[Decoding, ...]:
    """All readings of `stem` with a known benchmark and a known agent, the likeliest first.

    The longest known benchmark wins, then the longest known agent: `arc-agi-0-codex` is task 0
    of arc-agi, not task agi-0 of arc. A task is never empty.
    """
    dashes = [n for n, character in enumerate(stem) if character == "-"]
    heads = [n for n in dashes if stem[:n] in benchmarks]
    tails = [n for n in dashes if stem[n + 1 :] in agents]
    return tuple(
        Decoding(stem[:head], stem[head + 1 : tail], stem[tail + 1 :])
        for head in reversed(heads)
        for tail in tails
        if tail > head + 1
    )


def stem_of(path: str) -> str:
    """A fixture's name without its folder and its suffix (`.traces.jsonl` is one suffix)."""
    name = path.rpartition("/")[2]
    for suffix in (".traces.jsonl", ".trajectory.jsonl"):
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name.partition(".")[0]
