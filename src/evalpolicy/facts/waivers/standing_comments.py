"""Which suppression comments of a submission also exist at its base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from evalpolicy.config.reading import Layout
from evalpolicy.facts.waivers import suppressions
from evalpolicy.facts.waivers.suppressions import Suppression
from evalpolicy.matching.globs import Globs
from evalpolicy.snapshot import Snapshot, Unreadable
from evalpolicy.snapshot.submission.change import Comparison


class StandingComments:
    """A comment's word stands at the base if the same file has it there, as often.

    Same is a comment of the same words, or one on the same line of code: lines may move, and a
    reason may be rewritten. Of several like it those count that have the base's line of code,
    and then the nearest. A file that git sees as renamed without a change keeps its comments.
    """

    def __init__(
        self, comparison: Comparison, state: Snapshot, checked: Snapshot, layout: Layout
    ) -> None:
        self._comparison = comparison
        self._state = state
        self._checked = checked
        self._dockerfiles = layout.dockerfiles
        self._known: dict[str, frozenset[tuple[int, int, str]] | None] = {}

    def stood(self, item: Suppression, selector: str) -> bool:
        if item.path not in self._known:
            self._known[item.path] = self._standing(item.path)
        standing = self._known[item.path]
        return standing is None or (item.span.line, item.span.column, selector) in standing

    def _standing(self, path: str) -> frozenset[tuple[int, int, str]] | None:
        """Line, column and word of those that count; None where all do."""
        if self._state is self._comparison.before:
            change = self._comparison.by_path.get(path)
            if change is None or change.same_content:
                return None
        now, then = self._read(self._checked, path), self._read(self._state, path)
        standing: list[_Word] = []
        for alike in (_on_the_same_code, _of_the_same_words):
            now, then = _paired(now, then, alike, standing)
        return frozenset((one.line, one.column, one.word) for one in standing)

    def _read(self, state: Snapshot, path: str) -> list[_Word]:
        try:
            content = state.read(path, suppressions.LIMIT)
        except Unreadable:
            return []
        dockerfile = path in self._globs
        found = suppressions.read(path, content, dockerfile=dockerfile)
        lines = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff").split("\n")
        return [word for item in found for word in _words(item, lines)]

    @cached_property
    def _globs(self) -> Globs:
        return Globs(self._dockerfiles)


class _Word(NamedTuple):
    """One word of a comment's brackets: the text of the comment, and its line of code."""

    line: int
    column: int
    word: str
    text: str
    code: str


def _words(item: Suppression, lines: list[str]) -> Iterator[_Word]:
    span = item.span
    own = lines[span.line - 1]
    before = own[: span.column - 1].strip()
    below = max(item.covers)
    code = before or (lines[below - 1].strip() if below <= len(lines) else "")
    text = " ".join(own[span.column - 1 : span.end_column - 1].split())
    for word in item.selectors if item.reason else ():
        yield _Word(span.line, span.column, word, text, code)


def _on_the_same_code(one: _Word) -> tuple[str, str] | None:
    return (one.word, one.code) if one.code else None


def _of_the_same_words(one: _Word) -> tuple[str, str] | None:
    return one.word, one.text


def _paired(
    now: list[_Word],
    then: list[_Word],
    alike: Callable[[_Word], tuple[str, str] | None],
    standing: list[_Word],
) -> tuple[list[_Word], list[_Word]]:
    """Adds to `standing`, for each of `then`, the nearest one of `now` that is like it.

    Returns what is left of both.
    """
    waiting: dict[tuple[str, str] | None, list[_Word]] = {}
    for one in now:
        waiting.setdefault(alike(one), []).append(one)
    left = []
    for there in then:
        like = alike(there)
        candidates = waiting.get(like) if like is not None else None
        if not candidates:
            left.append(there)
            continue
        nearest = min(candidates, key=lambda one: abs(one.line - there.line))
        candidates.remove(nearest)
        standing.append(nearest)
    return [one for some in waiting.values() for one in some], left
