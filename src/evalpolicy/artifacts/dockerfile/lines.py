"""From bytes to logical lines: directives, comments, continuations and heredoc bodies.

The facts are those of BuildKit's frontend/dockerfile/parser/parser.go and directives.go (v0.33):

- A line ends at LF; a CR before it is not part of it, a CR elsewhere is an ordinary character.
- A line of more than 65,535 bytes is rejected (Go's `bufio.MaxScanTokenSize`), a file without an
  instruction, too. What is above 16 MiB does not pass between BuildKit's own parts (the message
  limit of its gRPC connections).
- A line goes on when it ends in one escape character, blanks allowed behind it, and not in two.
- Comment lines and empty lines within an instruction vanish; the instruction goes on behind them.
- The words behind `<<` in RUN, COPY and ADD, in ONBUILD of these, and not in a JSON form, name
  heredocs; if the line has an open quote, none is found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct, field

from evalpolicy.artifacts.syntax.source import Problem, Span

from .goscan import BYTE_ORDER_MARK, SPACE
from .model import Directive, DockerfileComment, Heredoc

MAX_BYTES = 16 * 1024 * 1024
MAX_LINE = 65535

MAX_UNTERMINATED = 10
"""After so many heredocs without an end, no further end is looked for: BuildKit stops at one."""

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*\Z")
_KNOWN_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_GO_BOOLEANS = frozenset(("1", "t", "T", "TRUE", "true", "True")) | frozenset(
    ("0", "f", "F", "FALSE", "false", "False")
)
_SURROGATES = re.compile("[\udc80-\udcff]")


class LogicalLine(Struct):
    """One instruction's text, its continuation lines joined as BuildKit joins them."""

    text: str
    starts: list[int]
    """Where in `text` each physical line's part starts."""
    places: list[tuple[int, int]]
    """The line and the column of each part's first character."""
    end_line: int
    end_column: int
    heredocs: tuple[Heredoc, ...] = ()

    def place(self, offset: int) -> tuple[int, int]:
        """The line and column of the character at an offset of `text`."""
        part = bisect_right(self.starts, offset) - 1
        line, column = self.places[part]
        return line, column + offset - self.starts[part]

    def span(self, start: int, end: int) -> Span:
        """The span of a range of `text`; the end is found from its last character."""
        if len(self.starts) == 1:
            line, column = self.places[0]
            return Span(line, column + start, line, column + end)
        line, column = self.place(start)
        if end <= start:
            return Span(line, column, line, column)
        end_line, end_column = self.place(end - 1)
        return Span(line, column, end_line, end_column + 1)

    def parts(self, start: int) -> tuple[tuple[int, int, int], ...]:
        """Where each physical line of the text behind `start` begins, counted from there."""
        if len(self.starts) == 1:
            line, column = self.places[0]
            return ((0, line, column + start),)
        first = bisect_right(self.starts, start) - 1
        return (
            (0, *self.place(start)),
            *(
                (offset - start, line, column)
                for offset, (line, column) in zip(
                    self.starts[first + 1 :], self.places[first + 1 :], strict=True
                )
            ),
        )

    def whole(self) -> Span:
        line, column = self.places[0]
        return Span(line, column, self.end_line, self.end_column)

    def head(self) -> Span:
        """The part that stands on the first physical line, without blanks at its end."""
        line, column = self.places[0]
        end = self.starts[1] if len(self.starts) > 1 else len(self.text)
        return Span(line, column, line, column + len(self.text[:end].rstrip(SPACE)))


class Source(Struct):
    """A file's physical lines, the position in them, and what was wrong on the way."""

    lines: list[str]
    escape: str = "\\"
    directives: list[Directive] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    at: int = 0
    unterminated: list[int] = field(default_factory=list)
    """Where heredocs without an end begin: from there on, what is an instruction is unknown."""
    comments: list[DockerfileComment] = field(default_factory=list)

    def report(self, message: str, span: Span) -> None:
        self.problems.append(Problem(message, span))

    def comment(self, number: int, raw: str, text: str) -> None:
        """Records a comment on a line of its own."""
        text = text.rstrip()
        self.comments.append(
            DockerfileComment(text, Span.at(number, raw.index("#") + 1, len(text)))
        )


def read(content: bytes) -> Source:
    """The physical lines; what lies behind a line that is too long is not read."""
    if len(content) > MAX_BYTES:
        source = Source([])
        source.report(
            f"larger than {MAX_BYTES // 2**20} MiB, which BuildKit does not read", Span.at(1)
        )
        return source
    try:
        text = content.decode()
        invalid = False
    except UnicodeDecodeError:
        # One replacement character for each byte, as Go reads it; surrogateescape counts so, too.
        text = _SURROGATES.sub("\ufffd", content.decode(errors="surrogateescape"))
        invalid = True
    lines = text.removeprefix(BYTE_ORDER_MARK).split("\n")
    if not lines[-1]:
        lines.pop()
    source = Source(lines)
    if invalid:
        _report_first(source, "\ufffd", "is not UTF-8: save the file in UTF-8")
    if "\0" in text:
        _report_first(source, "\0", "contains a NUL byte: it is not a text file")
    for number, line in enumerate(lines):
        if len(line) > MAX_LINE // 4 and len(line.encode()) > MAX_LINE:
            source.report(
                f"a line of more than {MAX_LINE} bytes, which BuildKit rejects", Span.at(number + 1)
            )
            del lines[number:]
            break
    return source


def _report_first(source: Source, char: str, message: str) -> None:
    for number, line in enumerate(source.lines, 1):
        if (column := line.find(char)) >= 0:
            source.report(message, Span.at(number, column + 1))
            return


def _directive(source: Source, line: str, number: int) -> bool:
    """Reads a parser directive; False ends the head of the file in which they stand."""
    found = _DIRECTIVE.match(line[1:].lstrip(SPACE))
    if not found or found[1].lower() not in _KNOWN_DIRECTIVES:
        return False
    name, value = found[1].lower(), found[2]
    column = len(source.lines[number - 1]) - len(source.lines[number - 1].lstrip(SPACE)) + 1
    span = Span.at(number, column, len(line.rstrip(SPACE)))
    if any(known.name == name for known in source.directives):
        source.report(f"the directive {name} is given twice", span)
        return True
    source.directives.append(Directive(name, value, span))
    if name == "check" and column == 1 and (wrong := _wrong_check(value.partition(" ")[0])):
        source.report(f"# check accepts skip, experimental and error, not {wrong}", span)
    if name == "escape":
        if value in ("\\", "`"):
            source.escape = value
        else:
            source.report(f"the escape character must be \\ or `, not {value}", span)
    return True


def _wrong_check(value: str) -> str | None:
    """The first option that BuildKit rejects (linter/linter.go); it reads three at most."""
    for option in value.split(";", 2):
        name, sign, setting = option.partition("=")
        switch = name.strip(SPACE) == "error"
        if not sign or (not switch and name.strip(SPACE) not in ("skip", "experimental")):
            return option
        if switch and setting.strip(SPACE) not in _GO_BOOLEANS:
            return option
    return None


def logical_lines(source: Source) -> Iterator[LogicalLine]:
    """The file's instructions in order; between them the caller takes heredoc bodies."""
    lines = source.lines
    head = True
    while source.at < len(lines):
        number = source.at + 1
        raw = lines[source.at]
        line = raw.lstrip(SPACE)
        source.at += 1
        if head:
            head = line.startswith("#") and _directive(source, line.rstrip("\r"), number)
        if not line or line[0] == "#":
            if line and not head:
                source.comment(number, raw, line)
            continue
        column = len(raw) - len(line) + 1
        text = line.rstrip("\r")
        part = _continued(text, source.escape)
        if part is None:
            yield LogicalLine(text, [0], [(number, column)], number, column + len(text))
            continue
        yield _joined(source, part, number, column)


def _joined(source: Source, part: str, number: int, column: int) -> LogicalLine:
    """An instruction whose first line goes on."""
    lines, escape = source.lines, source.escape
    parts, starts, places = [part], [0], [(number, column)]
    length = len(part)
    ended = False
    while not ended and source.at < len(lines):
        raw = lines[source.at].rstrip("\r")
        source.at += 1
        stripped = raw.lstrip(SPACE)
        if not stripped or stripped[0] == "#":
            if stripped:
                source.comment(source.at, raw, stripped)
            continue
        following = _continued(raw, escape)
        ended = following is None
        kept = raw if following is None else following
        starts.append(length)
        places.append((source.at, 1))
        parts.append(kept)
        length += len(kept)
    last = lines[source.at - 1].rstrip("\r")
    return LogicalLine("".join(parts), starts, places, source.at, len(last) + 1)


def _continued(text: str, escape: str) -> str | None:
    """The line without its continuation mark, or None if it has none."""
    stripped = text.rstrip(" \t")
    if not stripped.endswith(escape) or stripped.endswith(escape * 2):
        return None
    return stripped[:-1]


def take_heredoc(source: Source, name: str, chomp: bool) -> tuple[str, Span] | None:
    """The body up to the line that is `name`, and its span; None if no line is."""
    lines = source.lines
    start = source.at
    if len(source.unterminated) >= MAX_UNTERMINATED:
        return None
    for at in range(start, len(lines)):
        line = lines[at].rstrip("\r")
        if (line.lstrip("\t") if chomp else line) == name:
            source.at = at + 1
            body = "".join(f"{line}\n" for line in lines[start:at])
            return body, Span(start + 1, 1, at + 1, 1)
    source.unterminated.append(start)
    return None
