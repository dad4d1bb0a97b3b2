"""Which heredocs a line names: `heredocsFromLine` of BuildKit's parser/parser.go, v0.33."""

from __future__ import annotations

import re

from msgspec import Struct

from .shell import Lex, WordError

_HEREDOC = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)\Z")
_LINE = Lex(raw_quotes=True, raw_escapes=True, keep_unset=True)
_NAME = Lex(keep_unset=True)
_NAME_AS_WRITTEN = Lex(raw_quotes=True, keep_unset=True)


class HeredocWord(Struct, frozen=True):
    """`3<<-"EOF"`: file descriptor 3 (0 if none is named), tabs cut off, not expanded."""

    name: str
    fd: int
    chomp: bool
    expand: bool


def heredoc_words(line: str) -> list[HeredocWord]:
    """The heredocs in the order of their bodies. Raises WordError.

    The escape character is always the backslash here, whatever the directive says. A line that
    cannot be split into words (an open quote) has none.
    """
    try:
        words = _LINE.words(line)
    except WordError:
        return []
    return [found for word in words if "<<" in word and (found := parse_heredoc(word))]


def parse_heredoc(word: str) -> HeredocWord | None:
    """One word, if it is a heredoc. Raises WordError if its name cannot be read."""
    match = _HEREDOC.match(word)
    if not match or not match[3]:
        return None
    words = _NAME.words(match[3])
    if len(words) != 1:
        return None
    written = _NAME_AS_WRITTEN.words(match[3])
    if len(written) != 1:
        raise WordError(f"the heredoc's name cannot be read: {match[3]}")
    quotes = words[0].count("'") + words[0].count('"')
    expand = quotes == written[0].count("'") + written[0].count('"')
    fd = min(int(match[1][:30] or "0"), 2**64 - 1)
    return HeredocWord(words[0], fd, match[2] == "-", expand)


def is_heredoc(word: str) -> bool:
    """Whether COPY and ADD take the word for a heredoc; one that cannot be read is a path."""
    try:
        return "<<" in word and parse_heredoc(word) is not None
    except WordError:
        return False
