"""Edits of the provenance file, and the only place where it is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import unified_diff

from evalpolicy.artifacts.provenance import write
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.facts.provenance_file import ProvenanceFile
from evalpolicy.reporters.safe import listed, shown
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.model import encode_path
from evalpolicy.snapshot.writing import write as write_file


class ProvenanceEdit:
    """One edit of the provenance file: `before` and `after` are its bytes.

    Raises `NotCheckedError` if the file cannot be edited: it is not a JSON object, or has
    a duplicate key, one of which would be lost.
    """

    def __init__(
        self, provenance: ProvenanceFile, entries: Mapping[str, Mapping[str, object]]
    ) -> None:
        self.path = provenance.path
        for problem in provenance.problems:
            raise NotCheckedError(
                f"{self.path}:{problem.span.line}: {problem.message}; nothing was written"
            )
        for key, span in provenance.parsed.duplicates:
            raise NotCheckedError(
                f"{self.path}:{span.line}: {key} stands twice, and one would be lost: merge the "
                "two; nothing was written"
            )
        self.before = provenance.content
        self.after = self.before
        if entries:
            value = provenance.parsed.value
            try:
                self.after = write(value, entries)
            except ValueError as error:
                raise NotCheckedError(
                    f"{self.path}: a value in it cannot be kept as it is ({error}); nothing was "
                    "written"
                ) from error

    @property
    def changes(self) -> bool:
        return self.before != self.after

    def diff(self) -> str:
        """The edit as a unified diff, with unsafe characters escaped."""
        old, new = (
            text.decode("utf-8", "surrogateescape").split("\n")
            for text in (self.before, self.after)
        )
        path = shown(self.path)
        diff = unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
        return listed(line.replace("\t", "    ") for line in diff)

    def apply(self, snapshot: Snapshot) -> None:
        """Writes the file as a whole. Raises `NotCheckedError` if it could not be written."""
        if not self.changes:
            return
        if self.path.startswith("/") or ".." in self.path.split("/"):
            raise UsageError(
                f"layout.provenance: {self.path} leads out of {snapshot.top}: nothing is written "
                "there"
            )
        file = os.fsdecode(encode_path(self.path))
        try:
            write_file(file, self.after, root=snapshot.top, make_folders=True)
        except OSError as error:
            raise NotCheckedError(
                f"{self.path} could not be written, it is as it was: {error.strerror or error}"
            ) from error
