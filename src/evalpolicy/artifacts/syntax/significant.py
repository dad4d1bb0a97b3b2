"""What a file says to the program that runs it: its text without comments and blank lines.

The result is compared, and kept in files: it must not depend on the version of Python. In strings
and heredocs nothing is left out. Kinds of file whose comments reach a reader (Markdown, plain
text) stay as they are, and so does what cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from evalpolicy.artifacts.syntax import comments

_TO_READERS = frozenset(("md", "markdown", "html", "htm", "xml", "svg", "txt"))
_REQUIREMENTS = re.compile(r"(?:requirements|constraints)[^/]*\.txt\Z")
# Stands for the end of a line within a string; no source has it.
_KEPT_END = "\x00"


def is_read(path: str) -> bool:
    """Whether comments of such a file are known, and no one's but the program's."""
    name = path.rpartition("/")[2]
    if _REQUIREMENTS.match(name):
        return True
    return name.rpartition(".")[2] not in _TO_READERS and comments.reader_of(path) is not None


def significant(path: str, text: str) -> str:
    """The text of a file without comments, blank lines and blanks at the end of lines."""
    if not is_read(path):
        return text
    text = text.replace("\r\n", "\n")
    pieces: Iterable[comments.Piece]
    if path.endswith((".py", ".pyi")):
        pieces = _python(text)
    elif grammar := comments.grammar_of(path):
        pieces = comments.pieces(grammar, text)
    elif path.endswith((".yaml", ".yml")):
        pieces = _yaml(path, text)
    else:
        pieces = _commented(path, text)
    return _without_comments(text, pieces)


def _without_comments(text: str, pieces: Iterable[comments.Piece]) -> str:
    kept: list[str] = []
    at = 0
    for piece in pieces:
        kept.append(text[at : piece.start])
        found = text[piece.start : piece.end]
        at = piece.end
        if piece.kind == "verbatim":
            kept.append(found.replace("\n", _KEPT_END))
        elif piece.kind == "block":
            kept.append(" ")
        elif piece.start == 0 and found.startswith("#!"):
            kept.append(found)
    lines = ("".join(kept) + text[at:]).split("\n")
    return "\n".join(line.rstrip(" \t") for line in lines if line.strip(" \t"))


def _commented(path: str, text: str) -> Iterator[comments.Piece]:
    """The comments of a language without strings that cross lines."""
    reader = comments.reader_of(path)
    for start, words, end in reader(text) if reader else ():
        yield comments.Piece("comment", start, words, end)


def _python(text: str) -> list[comments.Piece]:
    """The comments, and the ends of lines within strings: no token is one."""
    found = list(_commented("x.py", text))
    ends = comments.python_line_ends(text)
    if ends is None:
        return [comments.Piece("verbatim", 0, 0, len(text))]
    kept = (m.start() for m in re.finditer("\n", text) if m.start() not in ends)
    found += (comments.Piece("verbatim", at, at, at + 1) for at in kept)
    return sorted(found, key=lambda piece: piece.start)


def _yaml(path: str, text: str) -> list[comments.Piece]:
    from evalpolicy.artifacts.syntax.yaml_stream import YamlError, scalars

    try:
        values = [one for one in scalars(text) if "\n" in text[one.start : one.end]]
    except YamlError:
        return [comments.Piece("verbatim", 0, 0, len(text))]
    found = list(_commented(path, text))
    for one in values:
        header, _, body = text[one.start : one.end].partition("\n")
        # The ends of lines behind a block count only where it keeps them (`|+`).
        behind = 0 if "+" in header else len(body) - len(body.rstrip(" \n"))
        found.append(comments.Piece("verbatim", one.start, one.start, one.end - behind))
    return sorted(found, key=lambda piece: piece.start)
