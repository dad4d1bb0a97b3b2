"""The samples of each language, made up for this: `seeds/NAME.txt`.

In such a file, lines of `=====` divide its parts: the words of the language, one a line, and then
the samples.
"""

from __future__ import annotations

from pathlib import Path

from bench.fuzz.mutations import Language

_SEEDS = Path(__file__).parent / "seeds"


def language(name: str) -> Language:
    """What `seeds/NAME.txt` holds."""
    words, *samples = (_SEEDS / f"{name}.seed").read_text().split("\n=====\n")
    return Language(tuple(sample.encode() for sample in samples), tuple(words.split("\n")))
