"""The fleet's Markdown documents: their links, and the form of its rules documents."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar
from urllib.parse import unquote

from evalpolicy.artifacts.rules_document import RulesDocument, parse
from evalpolicy.artifacts.syntax.markdown import Link, MarkdownError, links, possible_targets
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.config.reading import Config
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Unreadable

_Row = TypeVar("_Row")

# A larger file is not a document (bytes).
_LIMIT = 4 << 20
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#|mailto:")
_QUERY = re.compile(r"[?#]")
_DATED = re.compile(r"\W*date\W+\w", re.IGNORECASE)
_SECTIONS = ("Abstract", "Terminology", "References", "Changelog")
_STATUSES = ("draft", "active", "superseded")


class Documents:
    """What a document contains is cached by its content; whether targets exist is not."""

    def __init__(self, fleet: Fleet, config: Config) -> None:
        self._fleet = fleet
        self._rules = Globs(config.submission.rules_documents)

    @property
    def paths(self) -> list[str]:
        globs = Globs(self._fleet.layout.documents)
        entries = self._fleet.snapshot.entries
        return [path for path, entry in entries.items() if entry.is_file and path in globs]

    def is_rules_document(self, path: str) -> bool:
        return path in self._rules

    def dead_links(self, path: str) -> Iterator[Link]:
        """The relative links, and a rules document's paths, whose target does not exist."""
        with_code = self.is_rules_document(path)
        kind = "links and paths" if with_code else "links"
        possible = partial(possible_targets, code=with_code)
        rough = self._kept(f"possible {kind}", path, possible, list[tuple[str, bool]])
        if all(self._leads(path, target, code) for target, code in rough):
            return
        dead = [
            link
            for link in self._kept(kind, path, partial(_links, code=with_code), list[Link])
            if not self._leads(path, link.target, link.code)
        ]
        history = self._kept("changelogs", path, _changelogs, list[tuple[int, int]]) if dead else ()
        for link in dead:
            if not any(first <= link.span.line < end for first, end in history):
                yield link

    def missing(self, path: str, link: Link) -> str:
        """What keeps a dead link from its target: the first part of the path that is not there."""
        at_root = link.code or link.target.startswith("/")
        folder = "" if at_root else posixpath.dirname(path)
        bare = unquote(_QUERY.split(link.target, maxsplit=1)[0]).lstrip("/")
        parts = posixpath.normpath(posixpath.join(folder, bare)).split("/")
        heads = ("/".join(parts[:number]) for number in range(1, len(parts)))
        folders = self._fleet.snapshot.folders
        return next((head for head in heads if head not in folders), "/".join(parts))

    def form(self, path: str) -> list[tuple[str, Span]]:
        """What a rules document lacks, with the line where it belongs."""
        return self._kept(
            "rules form", path, lambda content: _form(parse(content)), list[tuple[str, Span]]
        )

    def _leads(self, path: str, target: str, code: bool) -> bool:
        return (self._named if code else self._linked)(path, target)

    def _linked(self, path: str, target: str) -> bool:
        if not target or _SCHEME.match(target) or any(mark in target for mark in "{}<>$"):
            return True
        bare = unquote(_QUERY.split(target, maxsplit=1)[0])
        return not bare or self._there(path, bare)

    def _named(self, path: str, target: str) -> bool:
        """Whether a path in code exists; one whose first folder does not exist is not a path."""
        first = target.removeprefix("./").split("/")[0]
        if target.startswith(("/", "../")) or first not in self._fleet.snapshot.folders:
            return True
        if "..." in target:
            return True
        return self._there("", target) or self._there(path, target)

    def _there(self, path: str, target: str) -> bool:
        folder = "" if target.startswith("/") else posixpath.dirname(path)
        joined = posixpath.normpath(posixpath.join(folder, target.lstrip("/")))
        if joined == "." or joined.startswith(".."):
            return True  # the root itself, or outside: a page of the host
        snapshot = self._fleet.snapshot
        return joined in snapshot.entries or joined in snapshot.folders

    def _kept(
        self, kind: str, path: str, make: Callable[[bytes], list[_Row]], shape: type[list[_Row]]
    ) -> list[_Row]:
        """The result of `make` for a file's content, from the cache if it is there."""
        try:
            return self._fleet.snapshot.kept(kind, path, _LIMIT, make, shape)
        except Unreadable as reason:
            self._fleet.unreadable(path, reason)
            return []


def _links(content: bytes, *, code: bool) -> list[Link]:
    try:
        return links(content, code=code)
    except MarkdownError as error:
        raise Unreadable(str(error)) from error


def _changelogs(content: bytes) -> list[tuple[int, int]]:
    """The sections named Changelog: the line of each heading, and the line that ends it."""
    if b"changelog" not in content.lower():
        return []
    sections = parse(content).sections
    found = []
    for at, section in enumerate(sections):
        if section.title.casefold() == "changelog":
            ends = (s.span.line for s in sections[at + 1 :] if s.level <= section.level)
            found.append((section.span.line, next(ends, sys.maxsize)))
    return found


def _form(document: RulesDocument) -> list[tuple[str, Span]]:
    """What is missing, in one message; what is out of order, undated or numbered twice."""
    title = next((s for s in document.sections if s.level == 1), None)
    top = title.span if title else Span.at(1)
    dated = any(_DATED.match(line) for line in document.lines)
    missing = [] if title else ["a title"]
    missing += [] if document.status in _STATUSES else ["a status (Draft, Active, Superseded)"]
    missing += [] if dated else ["a date"]
    found: list[tuple[str, Span]] = []
    last = 0
    for name in _SECTIONS:
        known = (s for s in document.sections if s.title.casefold() == name.casefold())
        section = next(known, None)
        if section is None:
            missing.append(name)
        elif section.span.line < last:
            found.append((f"has its section {name} out of order", section.span))
        else:
            last = section.span.line
    missing += [] if document.requirements else ["numbered requirements"]
    if missing:
        found.insert(0, (f"lacks {', '.join(missing)}", top))
    if document.changelog is not None and not document.rows:
        found.append(("has a Changelog without a dated row", document.changelog.span))
    seen: set[tuple[int, str]] = set()
    for item in document.requirements:
        if (item.series, item.number) in seen:
            found.append((f"has two requirements with the number {item.number}", item.span))
        seen.add((item.series, item.number))
    return found
