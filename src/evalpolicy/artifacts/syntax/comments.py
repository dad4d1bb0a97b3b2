"""The comments of a file, as the language of the file reads them.

What merely looks like one, in a string, in a heredoc or in a block scalar, is not a comment. JSON,
JSON lines and unknown kinds of files have no comments.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Literal, NamedTuple

Reader = Callable[[str], Iterator[tuple[int, int, int]]]
"""From a text to its comments: where each starts, where its words start, and where it ends."""


class Comment(NamedTuple):
    """One comment on one line.

    `line` and the columns count from 1, in code points; the comment ends before `end`. `words`
    is what it says, from column `words_at` on. `alone`: nothing else stands on its line.
    """

    line: int
    column: int
    end: int
    words: str
    words_at: int
    alone: bool


def read(path: str, text: str, *, dockerfile: bool = False) -> list[Comment]:
    """The comments of a file, in order; lines end with LF or CR LF. Raises nothing."""
    reader = reader_of(path, dockerfile=dockerfile)
    if reader is None:
        return []
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    found = []
    first_line = first = -1
    for start, words, end in reader(text):
        line = bisect_right(starts, start)
        top = starts[line - 1]
        if line != first_line:
            first_line, first = line, start if not text[top:start].strip() else top
        said = text[words:end].removesuffix("-->")
        alone = start == first and _REST_OF_LINE.match(text, end) is not None
        found.append(
            Comment(line, start - top + 1, end - top + 1, said.rstrip(), words - top + 1, alone)
        )
    return found


_REST_OF_LINE = re.compile(r"[^\S\n]*(?:\n|\Z)")


def reader_of(path: str, *, dockerfile: bool = False) -> Reader | None:
    """What reads the comments of such a file; None for a kind that has none."""
    if dockerfile:
        return _dockerfile
    name = path.rpartition("/")[2]
    known = _BY_NAME.get(name)
    return known or _BY_ENDING.get(name.rpartition(".")[2].lower() if "." in name else "")


def grammar_of(path: str) -> _Grammar | None:
    """The grammar of such a file; None for a kind that is read in another way, or not at all."""
    return _GRAMMARS.get(path.rpartition(".")[2].lower())


def _dockerfile(text: str) -> Iterator[tuple[int, int, int]]:
    """Lines that BuildKit reads past: not those in a heredoc, but those in a continuation."""
    from evalpolicy.artifacts.dockerfile import parse

    parsed = parse(text.encode("utf-8", "surrogateescape"))
    bodies = {
        line
        for instruction in parsed.instructions
        for heredoc in instruction.heredocs
        for line in range(heredoc.span.line, heredoc.span.end_line + 1)
    }
    for line, found in enumerate(_whole_lines(text), 1):
        if found is not None and line not in bodies:
            yield found


def _lines(text: str) -> Iterator[tuple[int, int, int]]:
    """Languages in which a comment fills its line."""
    for found in _whole_lines(text):
        if found is not None:
            yield found


def _whole_lines(text: str) -> Iterator[tuple[int, int, int] | None]:
    at = 0
    for line in text.split("\n"):
        stripped = line.lstrip(" \t")
        start = at + len(line) - len(stripped)
        end = at + len(line.rstrip("\r"))
        yield (start, start + 1, end) if stripped.startswith("#") else None
        at += len(line) + 1


# Characters that `tokenize` may look at again and again before it takes seconds.
_MOST_LOOKS = 100_000_000


def _python(text: str) -> Iterator[tuple[int, int, int]]:
    import io
    import tokenize

    if _is_dear(text):
        return
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
            if token.type == tokenize.COMMENT:
                start = starts[token.start[0] - 1] + token.start[1]
                yield start, start + 1, start + len(token.string.rstrip("\r"))
    except (tokenize.TokenError, SyntaxError, IndexError, ValueError):
        return


def python_line_ends(text: str) -> frozenset[int] | None:
    """The offsets of the line ends that are not within a string; None for what is not Python."""
    import io
    import tokenize

    if _is_dear(text):
        return None
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline="\n").readline))
    except (tokenize.TokenError, SyntaxError, IndexError, ValueError):
        return None
    if any(token.type == tokenize.ERRORTOKEN for token in tokens):
        return None  # as from Python 3.12 on, which raises
    ends = (tokenize.NEWLINE, tokenize.NL)
    return frozenset(
        starts[token.start[0] - 1] + token.start[1]
        for token in tokens
        if token.type in ends and token.string
    )


def _is_dear(text: str) -> bool:
    """Behind a quote that nothing closes tokenize looks through the line, and so for each."""
    quotes = (len(line) * (line.count('"') + line.count("'")) for line in text.split("\n"))
    return sum(quotes) > _MOST_LOOKS


_YAML_COMMENT = re.compile(r"(?m)(?:^|(?<=[ \t]))#[^\n]*")


def _yaml(text: str) -> Iterator[tuple[int, int, int]]:
    from evalpolicy.artifacts.syntax.yaml_stream import YamlError, scalars

    try:
        found = scalars(text)
    except YamlError:
        return
    begins = [scalar.start for scalar in found]
    at = 0
    while comment := _YAML_COMMENT.search(text, at):
        start = comment.start()
        before = bisect_right(begins, start) - 1
        if before >= 0 and start < found[before].end:
            at = found[before].end
            continue
        at = comment.end()
        yield start, start + 1, start + len(comment[0].rstrip("\r"))


def _markdown(text: str) -> Iterator[tuple[int, int, int]]:
    from evalpolicy.artifacts.syntax import markdown

    try:
        found = markdown.comments(text)
    except markdown.MarkdownError:
        return
    for start, end in found:
        if text.endswith("-->", start + 4, end) and "\n" not in text[start:end]:
            yield start, start + 4, end


def _markup(text: str) -> Iterator[tuple[int, int, int]]:
    """`<!-- … -->` on one line."""
    at = 0
    for line in text.split("\n"):
        start = line.find("<!--")
        while start >= 0 and (end := line.find("-->", start)) >= 0:
            yield at + start, at + start + 4, at + end + 3
            start = line.find("<!--", end)
        at += len(line) + 1


# Each closes a string at its end or, where a string must not cross lines, at the line's.
_CLOSED: dict[str, str] = {
    '"': r'(?:[^"\\\n]|\\.)*(?:"|(?=\n)|\Z)',
    "'": r"(?:[^'\\\n]|\\.)*(?:'|(?=\n)|\Z)",
    '"…': r'(?:[^"\\]|\\.)*(?:"|\\?\Z)',
    "'…": r"[^']*(?:'|\Z)",
    "$'": r"(?:[^'\\]|\\.)*(?:'|\\?\Z)",
    "`": r"(?:[^`\\]|\\.)*(?:`|\\?\Z)",
    '"""': r'(?:\\.|(?!""").)*(?:"""|\\?\Z)',
    "'''": r"(?:(?!''').)*(?:'''|\Z)",
}


@cache
def _closed(name: str) -> re.Pattern[str]:
    return re.compile(_CLOSED[name], re.S)


class _Grammar(NamedTuple):
    """How a language writes comments and strings: expressions that open each of them."""

    comment: str
    strings: tuple[str, ...]
    across_lines: tuple[str, ...] = ()
    heredocs: bool = False
    blocks: bool = False

    @property
    def opening(self) -> re.Pattern[str]:
        parts = [rf"(?P<comment>{self.comment})"]
        if self.blocks:
            parts.append(r"(?P<block>/\*)")
        strings = "|".join(map(re.escape, sorted(self.strings, key=len, reverse=True)))
        parts.append(rf"(?P<string>{strings})")
        if self.heredocs:
            parts.append(r"""(?<!<)<<[-~]?[ \t]*\\?["']?(?P<heredoc>[A-Za-z_]\w*)""")
            parts.append(r"(?P<end>\n)")
            parts.append(r"(?P<escaped>\\.)")
        return re.compile("|".join(parts))


class Piece(NamedTuple):
    """A part of a text that is not code: a comment (words from `words` on), a block of them, or
    what stands as it is written (a string, a heredoc)."""

    kind: Literal["comment", "block", "verbatim"]
    start: int
    words: int
    end: int


def _scanned(grammar: _Grammar, text: str) -> Iterator[tuple[int, int, int]]:
    for piece in pieces(grammar, text):
        if piece.kind == "comment":
            yield piece.start, piece.words, piece.end


def pieces(grammar: _Grammar, text: str) -> Iterator[Piece]:
    """The comments, strings and heredocs of a text, in order."""
    opening = grammar.opening
    waiting: list[str] = []
    at = 0
    while found := opening.search(text, at):
        at = found.end()
        match found.lastgroup:
            case "comment":
                end = text.find("\n", at)
                end = len(text) if end < 0 else end
                end_of_words = end - 1 if text[end - 1] == "\r" else end
                yield Piece("comment", found.start(), at, end_of_words)
                at = end
            case "block":
                end = text.find("*/", at)
                at = len(text) if end < 0 else end + 2
                yield Piece("block", found.start(), found.end(), at)
            case "string":
                mark = found[0]
                name = f"{mark}…" if mark in grammar.across_lines else mark
                closed = _closed(name).match(text, at)
                at = closed.end() if closed else len(text)
                yield Piece("verbatim", found.start(), found.end(), at)
            case "heredoc":
                waiting.append(found["heredoc"])
            case "end":
                start = at
                for name in waiting:
                    at = _behind_heredoc(text, at, name)
                if waiting:  # up to its end mark, without the end of that line
                    yield Piece("verbatim", start, start, min(at - 1, len(text)))
                waiting.clear()


def _behind_heredoc(text: str, at: int, name: str) -> int:
    """Where the text goes on behind a heredoc; without an end mark it is the rest of the file."""
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end].strip(" \t\r")
        at = end + 1
        if line == name:
            return at
    return len(text)


_SHELL = _Grammar(r"(?<![^\s;&|()])#", ('"', "'", "$'"), ('"', "'"), heredocs=True)
_TOML = _Grammar("#", ('"', "'", '"""', "'''"))
_HCL = _Grammar("#|//", ('"',), heredocs=True, blocks=True)
_SLASHES = _Grammar("//", ('"', "'", "`"), blocks=True)
_DASHES = _Grammar("--", ('"', "'"))

_GRAMMARS: dict[str, _Grammar] = {
    **dict.fromkeys(("sh", "bash", "zsh", "ksh", "bats"), _SHELL),
    "toml": _TOML,
    **dict.fromkeys(("hcl", "tf"), _HCL),
    **dict.fromkeys(
        ("js", "mjs", "cjs", "ts", "tsx", "jsx", "go", "rs", "c", "h", "cc", "cpp", "java"),
        _SLASHES,
    ),
    **dict.fromkeys(("sql", "lua", "hs"), _DASHES),
}
_BY_ENDING: dict[str, Reader] = {
    **{ending: partial(_scanned, grammar) for ending, grammar in _GRAMMARS.items()},
    **dict.fromkeys(("yaml", "yml"), _yaml),
    **dict.fromkeys(("py", "pyi"), _python),
    **dict.fromkeys(("md", "markdown"), _markdown),
    **dict.fromkeys(("html", "htm", "xml", "svg"), _markup),
    **dict.fromkeys(("mk", "ini", "cfg", "conf", "properties", "txt", "env", "rb", "pl"), _lines),
}
_BY_NAME: dict[str, Reader] = {
    **dict.fromkeys(("Makefile", "GNUmakefile", "justfile", "CODEOWNERS"), _lines),
    **dict.fromkeys((".gitignore", ".dockerignore", ".gitattributes", ".env"), _lines),
}
