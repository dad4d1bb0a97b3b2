"""Suppressions: comments that waive a finding, with a reason.

`# evalpolicy: ignore[LBL009] the label is set by build.sh` covers its own line and, where
nothing else is on its line, the next one that is not a comment. In the brackets stand ids,
names and families of rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import NamedTuple

from evalpolicy.artifacts.syntax import comments
from evalpolicy.artifacts.syntax.source import Problem, Span
from evalpolicy.config.reading import Layout
from evalpolicy.fleet.fleet import Fleet
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.fix import Edit, Fix
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.cache import Cache, key
from evalpolicy.snapshot.model import understood

# A larger file is data; its findings belong into the baseline or under [[allow]] (bytes).
LIMIT = 1 << 20
PLACEHOLDER = "<reason>"
"""The placeholder that an editor writes for the reason; it does not count as one."""
_MARK = b"evalpolicy:"
_FORM = re.compile(r"\s*evalpolicy:\s*ignore\b\s*(?:\[([^\]]*)\])?(.*)")
_DIRECTIVE = re.compile(r"\s*#\s*[A-Za-z]+\s*=")


class Suppression(NamedTuple):
    """One comment. `selectors` are as written; `covers` are the lines whose findings it hides."""

    path: str
    span: Span
    selectors: tuple[str, ...]
    reason: str
    covers: frozenset[int]
    removal: Span | None
    brackets: Span | None

    def without(self, selectors: Iterable[str]) -> Fix | None:
        """Removes these selectors, and the whole comment if none is left."""
        gone = set(selectors)
        left = [selector for selector in self.selectors if selector not in gone]
        if left and self.brackets is not None:
            return Fix((Edit(self.brackets, ", ".join(left)),))
        return None if self.removal is None else Fix((Edit(self.removal, ""),))


def read(path: str, content: bytes, *, dockerfile: bool = False) -> list[Suppression]:
    """The suppressions of one file, by line. Raises nothing."""
    if _MARK not in content:
        return []
    text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    found = comments.read(path, text, dockerfile=dockerfile)
    following: dict[int, int] = {}
    for comment in reversed(found):
        if comment.alone:
            below = comment.line + 1
            following[comment.line] = following.get(below, below)
    lines = text.split("\n")
    return [
        _suppression(path, comment, match, following.get(comment.line), lines)
        for comment in found
        if (match := _FORM.match(comment.words))
    ]


def _suppression(
    path: str,
    comment: comments.Comment,
    match: re.Match[str],
    following: int | None,
    lines: list[str],
) -> Suppression:
    """`following`: the next line that is not a comment, for a comment alone on its line."""
    line = comment.line
    covers = {line}
    if following is not None:
        covers.add(following)
        removal: Span | None = Span(line, 1, line + 1, 1)
        # Without the comment above it, `# syntax=…` would become a directive.
        if line < len(lines) and _DIRECTIVE.match(lines[line]):
            removal = None
    else:
        before = lines[line - 1][: comment.column - 1].rstrip()
        removal = Span(line, len(before) + 1, line, comment.end)
    brackets = None
    if match[1] is not None:
        start = comment.words_at + match.start(1)
        brackets = Span.at(line, start, len(match[1]))
    words = (match[1] or "").split(",")
    reason = match[2].strip(" \t:-–—")
    return Suppression(
        path,
        Span(line, comment.column, line, comment.end),
        tuple(dict.fromkeys(word.strip() for word in words if word.strip())),
        "" if reason == PLACEHOLDER else reason,
        frozenset(covers),
        removal,
        brackets,
    )


def all_suppressions(
    snapshot: Snapshot, layout: Layout, cache: Cache, fleet: Fleet
) -> list[Suppression]:
    """All that comments silence, wherever they stand."""
    return find(snapshot, Globs(layout.dockerfiles), cache, fleet.report)


def find(
    snapshot: Snapshot,
    dockerfiles: Globs,
    cache: Cache,
    report: Callable[[str, Problem], None],
    only: Collection[str] | None = None,
) -> list[Suppression]:
    """The suppressions of a snapshot, by path and line. A file that cannot be read has none.

    `report` is given the files whose comments cannot be read.

    `only` are the paths to look at, where it is enough to know what covers certain findings.
    Which blobs hold none is kept: those of an index or a commit are not read again.
    """
    kept = snapshot.kind in ("index", "commit")
    row_key = key("without suppressions", snapshot.kind)
    without = set((cache.get(row_key, list[str]) if kept else None) or ())
    entries = snapshot.entries
    asked = [
        path
        for path, entry in entries.items()
        if (only is None or path in only)
        and not (kept and entry.oid in without)
        and entry.is_file
        and comments.reader_of(path, dockerfile=path in dockerfiles) is not None
    ]
    found: list[Suppression] = []
    empty: set[str] = set()
    for path, content in snapshot.read_many(asked, LIMIT):
        if isinstance(content, Unreadable):
            continue
        if _MARK in content:
            reader = partial(read, path, dockerfile=path in dockerfiles)
            try:
                found.extend(understood(reader, content))
            except Unreadable as reason:
                report(path, Problem(str(reason), is_bug=reason.is_bug))
        elif (oid := entries[path].oid) is not None:
            empty.add(oid)
    if kept and empty:
        still = {entry.oid for entry in entries.values() if entry.oid in without}
        cache.put(row_key, sorted(empty | without & still))
    return found
