"""A rules document: its sections, its numbered requirements, its dated changelog.

The form is that of the reference fleet (`.agents/meta/rules/RULES.md`): Markdown, requirements
as an ordered list whose numbers may carry a letter (`8a.`), a section named Changelog with one
dated row a change. Fenced code and HTML comments do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from evalpolicy.artifacts.syntax.markdown import MarkdownError, without
from evalpolicy.artifacts.syntax.source import START, Problem, Span

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_REQUIREMENT = re.compile(r" {0,2}(\d{1,9}[a-z]?)[.)][ \t]+(\S.*)")
_STATUS = re.compile(r"\W*status\W+(\w+)", re.IGNORECASE)
_DATED = re.compile(r"\s*(?:\||[-*+]\s|#{2,6}\s)[\s*\[`]*(\d{4}-\d{2}-\d{2})(?!\d)[\s*\]`]*(.*)")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
# Where a first sentence ends: a full stop before a space and a capital, or the end of the text.
_SENTENCE = re.compile(r"(.+?[.!?])(?=\s+[A-Z*`(]|\s*$)")


class Section(Struct, frozen=True):
    """A heading, without its `#`, and where it stands."""

    title: str
    level: int
    span: Span


class Requirement(Struct, frozen=True):
    """One numbered requirement.

    `number` is as written (`8a`); `series` counts the lists of a document that begin anew at 1.
    `title` is its words in bold, else its first sentence; `text` is all of it, white space
    collapsed.
    """

    number: str
    series: int
    title: str
    text: str
    section: str
    span: Span


class ChangelogRow(Struct, frozen=True):
    """One dated row of the changelog."""

    date: str
    text: str
    span: Span


class RulesDocument(Struct, frozen=True):
    """`changelog` is the Changelog section's heading (None without one), `rows` what it dates."""

    status: str
    sections: tuple[Section, ...]
    requirements: tuple[Requirement, ...]
    changelog: Section | None
    rows: tuple[ChangelogRow, ...]
    lines: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


def parse(content: bytes) -> RulesDocument:
    """Reads the document; bytes that are not UTF-8 are a problem, and are replaced."""
    problems: tuple[Problem, ...] = ()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems = (Problem("not UTF-8", Span.at(content[: error.start].count(b"\n") + 1)),)
        text = content.decode("utf-8", "replace")
    lines = tuple(line.rstrip("\r") for line in text.split("\n"))
    sections: list[Section] = []
    requirements: list[Requirement] = []
    rows: list[ChangelogRow] = []
    changelog: Section | None = None
    inside: Section | None = None
    status = ""
    series = -1
    try:
        shown = list(_prose(text))
    except MarkdownError as error:
        problems = (*problems, Problem(str(error)))
        shown = []
    for position, (number, line) in enumerate(shown):
        if heading := _HEADING.fullmatch(line):
            section = Section(heading[2], len(heading[1]), Span.at(number, 1, len(line)))
            if inside is None or section.level <= inside.level:
                inside = section if section.title.casefold() == "changelog" else None
                changelog = changelog or inside
            sections.append(section)
        if inside is not None:
            if dated := _DATED.match(line):
                rows.append(
                    ChangelogRow(dated[1], dated[2].strip(" |"), Span.at(number, 1, len(line)))
                )
            continue
        if not status and not requirements and (said := _STATUS.match(line)):
            status = said[1].casefold()
        if item := _REQUIREMENT.fullmatch(line):
            if item[1] == "1" or series < 0:
                series += 1
            body = " ".join([item[2], *_continued(shown, position + 1)])
            where = sections[-1].title if sections else ""
            span = Span.at(number, line.index(item[1]) + 1, len(item[1]))
            requirements.append(Requirement(item[1], series, _title(body), body, where, span))
    return RulesDocument(
        status, tuple(sections), tuple(requirements), changelog, tuple(rows), lines, problems
    )


def first_difference(old: RulesDocument | None, new: RulesDocument) -> Span:
    """The first line of `new` that `old` does not have there; the end if lines only went."""
    before = old.lines if old else ()
    for number, line in enumerate(new.lines, 1):
        if number > len(before) or before[number - 1] != line:
            return Span.at(number, 1, len(line))
    return START


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, without blocks of code and HTML comments."""
    for number, line in enumerate(without(text, code=False).split("\n"), 1):
        visible = line.rstrip("\r").replace("\0", "")
        if visible or "\0" not in line:
            yield number, visible


def _continued(shown: list[tuple[int, str]], position: int) -> Iterator[str]:
    """The rest of a requirement: what follows up to an empty line, a heading or another item."""
    for at in range(position, len(shown)):
        line = shown[at][1]
        if not line.strip() or _HEADING.fullmatch(line) or _REQUIREMENT.fullmatch(line):
            return
        yield " ".join(line.split())


def _title(body: str) -> str:
    bold = _BOLD.match(body)
    if bold:
        return bold[1].strip().rstrip(".")
    sentence = _SENTENCE.match(body)
    return (sentence[1] if sentence else body).rstrip(".")
