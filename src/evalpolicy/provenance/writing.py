"""The provenance file as it will be, and the one place where it is written."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

from evalpolicy.artifacts.provenance import write
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.fixes.atomic import write_atomically
from evalpolicy.provenance.file import ProvenanceFile
from evalpolicy.snapshot import Snapshot
from evalpolicy.snapshot.model import SYMLINK


class Edit:
    """One edit of the provenance file: `before` and `after` are its bytes.

    Raises `NotCheckedError` if the file as it is cannot be kept: it is no JSON object, or holds
    a key twice, of which one would be lost.
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
        """The edit as a unified diff."""
        old, new = (
            text.decode("utf-8", "replace").splitlines(keepends=True)
            for text in (self.before, self.after)
        )
        return "".join(unified_diff(old, new, f"a/{self.path}", f"b/{self.path}"))

    def apply(self, snapshot: Snapshot) -> None:
        """Writes the file as a whole. Raises `NotCheckedError` if it stays as it was."""
        if not self.changes:
            return
        target = _target(snapshot, self.path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, self.after)
        except OSError as error:
            raise NotCheckedError(
                f"{self.path} could not be written, it is as it was: {error.strerror or error}"
            ) from error


def _target(snapshot: Snapshot, path: str) -> Path:
    """Where to write: a path comes from the repository, so it must not lead out of it."""
    top = Path(snapshot.top).resolve()
    target = Path(snapshot.top, path)
    entry = snapshot.entries.get(path)
    leads_out = not target.resolve().is_relative_to(top) or ".git" in Path(path).parts
    if leads_out or (entry is not None and entry.mode == SYMLINK):
        raise UsageError(
            f"layout.provenance: {path} is a symbolic link or leads out of {top}: nothing is "
            "written there"
        )
    return target
