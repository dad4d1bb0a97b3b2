"""From logical lines to instructions.

`dockerfile-parse` (2.0) divides keyword and value. It is given the masked file: one line for
each instruction, without comments, empty lines, continuation marks and heredoc bodies, because
of what it gets wrong:

- A heredoc's body is instructions to it.
- An empty line ends an instruction that goes on, and two escape characters at the end of a line
  continue it.
- After `# check=` it no longer sees `# escape=`; a byte order mark becomes part of the keyword.
- Its time grows with the square of the continuation lines (40,000 take a second, 100,000 take
  seven), for each is added to a copy of all before it.
- It raises on what is not UTF-8.

What it still gets wrong on one line is divided here: a last escape character, which it drops and
joins the next line to; what Python takes for a space and BuildKit does not (no-break spaces,
U+001C); an instruction without a value, which it only knows if a line end follows.
"""

from __future__ import annotations

import re
from io import BytesIO
from itertools import islice

from msgspec.structs import replace

from .goscan import SPACE, lower
from .heredocs import heredoc_words
from .lines import LogicalLine, Source, logical_lines, take_heredoc
from .model import Argument, Heredoc, Instruction
from .shell import WordError
from .words import BLANKS, blank_separated, flags, quoted_words, trimmed

JSON_TO_WORD = frozenset({"RUN", "CMD", "ENTRYPOINT", "SHELL"})
JSON_TO_LIST = frozenset({"COPY", "ADD", "VOLUME"})
PAIRS = frozenset({"LABEL", "ENV", "ARG"})
ONE_WORD = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
LISTS = frozenset({"FROM", "EXPOSE"})
KEYWORDS = JSON_TO_WORD | JSON_TO_LIST | PAIRS | ONE_WORD | LISTS | {"HEALTHCHECK", "ONBUILD"}
WITH_HEREDOCS = frozenset({"RUN", "COPY", "ADD"})

MAX_INSTRUCTIONS = 100_000
MAX_ARGUMENTS = 300_000
"""More are not read: the file's memory and time must stay within bounds."""

MAX_ONBUILD_DEPTH = 8
"""How many ONBUILD may follow one another before the rest is not looked at; two are rejected."""

_ONBUILD = re.compile(r"[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*", re.IGNORECASE | re.ASCII)
_ORDINARY = re.compile(
    r"[!-\[\]-~]+[ \t]+(?![ \t])"
    r"(?:[^\0-\x08\n-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[!-\[\]-~])\Z"
)
"""A line that `dockerfile-parse` divides rightly."""


def read_instructions(source: Source) -> list[Instruction]:
    """All instructions of a file; what BuildKit's parser rejects is reported to the source."""
    lines: list[LogicalLine] = []
    for line in logical_lines(source):
        if len(lines) == MAX_INSTRUCTIONS:
            source.report(f"more than {MAX_INSTRUCTIONS} instructions", line.head())
            break
        if "<<" in line.text:
            _take_heredocs(source, line)
        lines.append(line)
    room = MAX_ARGUMENTS
    stage = None
    instructions = []
    for line, divided in zip(lines, _divide(lines), strict=True):
        if divided[0] == "FROM":
            stage = 0 if stage is None else stage + 1
        behind = source.unterminated and line.places[0][0] > source.unterminated[0]
        if behind and divided[0] not in KEYWORDS:
            continue  # rather a line of the open heredoc than a wrong instruction
        instruction = _instruction(source, line, divided, stage)
        room -= len(instruction.arguments)
        if room < 0:
            source.report(f"more than {MAX_ARGUMENTS} words", line.head())
            break
        instructions.append(instruction)
    return instructions


def reread_trigger(instruction: Instruction) -> Instruction | None:
    """What ONBUILD triggers in a file with another escape character than the backslash.

    BuildKit keeps the trigger as text and parses that again, without the directive. None if no
    single instruction comes out of it.
    """
    expression = _ONBUILD.sub("", instruction.text, count=1)
    for heredoc in instruction.heredocs:
        expression += f"\n{heredoc.body}{heredoc.delimiter}"
    source = Source(expression.split("\n"))
    found = read_instructions(source)
    if len(found) != 1 or source.problems:
        return None
    span = instruction.value_span
    arguments = tuple(Argument(word, span) for word in found[0].words)
    head = instruction.head
    return replace(found[0], span=span, head=head, value_span=span, arguments=arguments, parts=())


def _take_heredocs(source: Source, line: LogicalLine) -> None:
    """Masks the bodies of the line's heredocs: they are no longer lines of the file."""
    if not _can_hold_heredocs(line.text, source.escape):
        return
    try:
        words = heredoc_words(line.text)
    except WordError as error:
        source.report(f"a heredoc that BuildKit rejects: {error}", line.head())
        return
    heredocs = []
    for word in words:
        taken = take_heredoc(source, word.name, word.chomp)
        if taken is None:
            source.report(
                f"the heredoc {word.name} is not closed: a line {word.name} is missing", line.head()
            )
            break
        body, span = taken
        heredocs.append(Heredoc(word.name, word.fd, word.chomp, word.expand, body, span))
        line.end_line = source.at
        line.end_column = len(source.lines[source.at - 1].rstrip("\r")) + 1
    line.heredocs = tuple(heredocs)


def _can_hold_heredocs(text: str, escape: str) -> bool:
    keyword, start, end = _split(text, 0)
    if keyword == "ONBUILD":
        _, start = flags(text, start, end, escape)
        keyword, start, end = _split(text, start)
    if keyword not in WITH_HEREDOCS:
        return False
    _, start = flags(text, start, end, escape)
    try:
        return json_words(text[start:end]) is None
    except ValueError:
        return False


def _divide(lines: list[LogicalLine]) -> list[tuple[str, int, int]]:
    """Keyword and range of the value of each line."""
    from dockerfile_parse import DockerfileParser

    masked = "\n".join(line.text if _ORDINARY.match(line.text) else "" for line in lines)
    structure = DockerfileParser(fileobj=BytesIO(masked.encode())).structure
    found = {entry["startline"]: entry for entry in structure}
    divided = []
    for number, line in enumerate(lines):
        if entry := found.get(number):
            end = len(line.text)
            divided.append((entry["instruction"], end - len(entry["value"]), end))
        else:
            divided.append(_split(line.text, 0))
    return divided


def _split(text: str, start: int) -> tuple[str, int, int]:
    """`splitCommand`: keyword and range of the value, for what `dockerfile-parse` cannot do."""
    start, end = trimmed(text, start, len(text))
    gap = BLANKS.search(text, start, end)
    if not gap:
        return _keyword(text[start:end]), end, end
    return _keyword(text[start : gap.start()]), gap.end(), end


def _keyword(written: str) -> str:
    known = lower(written).upper()
    return known if known in KEYWORDS else written.upper()


def json_words(value: str) -> tuple[str, ...] | None:
    """The strings of a JSON form, or None for another form. Raises ValueError for other values."""
    if not value.lstrip(SPACE).startswith("["):
        return None
    import json

    try:
        words = json.loads(
            value.lstrip(SPACE), parse_constant=_refuse, parse_int=_number, parse_float=_number
        )
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(word, str) for word in words):
        raise ValueError("the JSON form may only contain strings")
    return tuple(
        word.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for word in words
    )


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _number(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(digits)
    return number


def _instruction(
    source: Source,
    line: LogicalLine,
    divided: tuple[str, int, int],
    stage: int | None,
    depth: int = 0,
) -> Instruction:
    keyword, start, end = divided
    text = line.text
    whole, head = line.whole(), line.head()
    found, start = flags(text, start, end, source.escape)
    start, end = trimmed(text, start, end)
    value = text[start:end]
    json = None
    inner = None
    arguments: tuple[Argument, ...] = ()
    try:
        if keyword in JSON_TO_WORD or keyword in JSON_TO_LIST:
            json = json_words(value)
        elif keyword == "HEALTHCHECK":
            json = _health_json(value)
    except ValueError as error:
        source.report(f"{keyword}: {error}", head)
    if keyword == "ONBUILD":
        if value and depth < MAX_ONBUILD_DEPTH:
            inner = _instruction(source, line, _split(text, start), stage, depth + 1)
    elif json is None or keyword == "HEALTHCHECK":
        ranges = _ranges(keyword, text, start, end, source.escape)
        arguments = tuple(
            Argument(text[left:right], line.span(left, right))
            for left, right in (ranges if json is None else ranges[:1])
        )
    return Instruction(
        keyword=keyword,
        flags=found,
        text=text,
        value=value,
        span=whole,
        head=head,
        value_span=line.span(start, end),
        arguments=arguments,
        json=json,
        heredocs=line.heredocs,
        stage=stage,
        onbuild=inner,
        parts=line.parts(start),
    )


def _health_json(value: str) -> tuple[str, ...] | None:
    kind = BLANKS.split(value, maxsplit=1)
    return json_words(kind[1]) if len(kind) == 2 else None


def _ranges(keyword: str, text: str, start: int, end: int, escape: str) -> list[tuple[int, int]]:
    if keyword in PAIRS:
        return list(islice(quoted_words(text, start, end, escape), MAX_ARGUMENTS + 1))
    if keyword in LISTS or keyword in JSON_TO_LIST:
        return list(islice(blank_separated(text, start, end), MAX_ARGUMENTS + 1))
    if keyword == "HEALTHCHECK":
        return _kind_and_command(text, start, end)
    return [(start, end)] if start < end and keyword in KEYWORDS else []


def _kind_and_command(text: str, start: int, end: int) -> list[tuple[int, int]]:
    kind = next((at for at in range(start, end) if text[at] in SPACE), end)
    command, end = trimmed(text, kind, end)
    return [(left, right) for left, right in ((start, kind), (command, end)) if left < right]
