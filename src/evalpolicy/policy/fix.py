"""The changes that a rule proposes."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from evalpolicy.artifacts.syntax.source import Span, SpanRow

FixRow: TypeAlias = tuple[bool, list[tuple[SpanRow, str, str]]]


class Edit(NamedTuple):
    """The text of `span` is replaced. Without a `path` it is the finding's own file.

    A line break in `text` is written as the file writes its own. A span that ends on column 1
    of the line behind takes the line's end with it.
    """

    span: Span
    text: str
    path: str = ""


class Fix(NamedTuple):
    """The fix of a finding: all of its edits are made, or none.

    A safe one changes nothing but what the finding is about; one that guesses what was meant is
    not safe, and is applied only when asked for (`--unsafe-fixes`).
    """

    edits: tuple[Edit, ...]
    safe: bool = True

    @property
    def row(self) -> list[Any]:
        """The fix as JSON-able values."""
        return [self.safe, [[edit.span, edit.text, edit.path] for edit in self.edits]]

    @classmethod
    def from_row(cls, row: FixRow) -> Fix:
        safe, edits = row
        return cls(tuple(Edit(Span(*where), text, path) for where, text, path in edits), safe)
