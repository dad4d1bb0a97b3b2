"""Splitting an instruction's text into words (BuildKit's line_parsers.go, split_command.go, v0.33).

All functions give ranges of the text they were given, so that each word keeps its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from .goscan import SPACE

BLANKS = re.compile("[\t\v\f\r ]+")
"""`reWhitespace`: what separates a keyword from its value and the words of FROM."""


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without white space at either end."""
    part = text[start:end]
    left = len(part) - len(part.lstrip(SPACE))
    return (start + left, start + len(part.rstrip(SPACE))) if left < len(part) else (end, end)


def blank_separated(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The words of FROM, COPY and the like; quotes mean nothing."""
    if start == end:
        return
    for gap in BLANKS.finditer(text, start, end):
        yield start, gap.start()
        start = gap.end()
    yield start, end


@lru_cache(maxsize=4)
def _marks(escape: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    mark = re.escape(escape)
    return (
        re.compile(f"[{SPACE}]*"),
        re.compile(f"[{SPACE}'\"{mark}]"),
        re.compile(f'["{mark}]'),
    )


def quoted_words(text: str, start: int, end: int, escape: str) -> Iterator[tuple[int, int]]:
    """The words of LABEL, ENV and ARG (`parseWords`): a space within quotes is part of a word.

    An escape character that ends the text is dropped, and a quote may stay open.
    """
    spaces, marks, ends = _marks(escape)
    while True:
        found = spaces.match(text, start, end)
        begin = at = found.end() if found else start
        if begin >= end:
            return
        while mark := marks.search(text, at, end):
            char = mark.group()
            at = mark.start()
            if char == escape:
                at += 2
            elif char == "'":
                close = text.find("'", at + 1, end)
                at = end if close < 0 else close + 1
            elif char == '"':
                at = _after_quote(text, at + 1, end, escape, ends)
            else:
                break
            if at >= end:
                break
        else:
            at = end
        if at >= end:
            # Only an escape character without anything behind it reaches past the end.
            at = end - (at > end)
            if at > begin:
                yield begin, at
            return
        yield begin, at
        start = at


def _after_quote(text: str, at: int, end: int, escape: str, ends: re.Pattern[str]) -> int:
    while mark := ends.search(text, at, end):
        if mark.group() != escape:
            return mark.end()
        at = mark.start() + 2
        if at >= end:
            return at
    return end


def flags(text: str, start: int, end: int, escape: str) -> tuple[tuple[str, ...], int]:
    """The `--flags` at the start of a value, and where the rest begins (`extractBuilderFlags`).

    BuildKit goes through the bytes here, so that a flag beyond ASCII comes out garbled; so it
    does here.
    """
    if not text.startswith("--", start, end):
        return (), start
    raw = text[start:end].encode("utf-8", "replace").decode("latin-1")
    words, at = _flag_words(raw, escape)
    return tuple(words), end - len(raw[at:].encode("latin-1").decode("utf-8", "replace"))


def _flag_words(raw: str, escape: str) -> tuple[list[str], int]:
    words: list[str] = []
    at = 0
    while True:
        while at < len(raw) and raw[at] in SPACE:
            at += 1
        if not raw.startswith("--", at):
            return words, at
        word: list[str] = []
        quote = ""
        quoted = False
        while at < len(raw) and (quote or raw[at] not in SPACE):
            char = raw[at]
            at += 1
            if char == quote:
                quote = ""
            elif not quote and char in "'\"":
                quote, quoted = char, True
            elif char == escape:
                if at == len(raw):
                    break
                word.append(raw[at])
                at += 1
            else:
                word.append(char)
        flag = "".join(word)
        if flag == "--" and not (at == len(raw) and quoted):
            return words, at
        if flag or quoted:
            words.append(flag)
