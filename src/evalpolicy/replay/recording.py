"""A fixture that is being recorded: whole lines without credentials."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

from evalpolicy.replay.spans import RecordedCall, line
from evalpolicy.scanners.credentials import Scanner, redact, redact_text
from evalpolicy.snapshot.writing import open_to_append, write


class RecordingFile:
    """Writes a new file; raises `FileExistsError` if it exists: a fixture is one run."""

    def __init__(self, file: Path) -> None:
        os.close(open_to_append(file, "refuse"))
        self._file = file
        self._content = b""
        self._scanner = Scanner()
        self._lock = Lock()
        self.turns = 0
        self.failed = 0
        self.redacted = 0

    def add(self, call: RecordedCall) -> None:
        """Adds the line of a call, forced to the disk.

        The file is replaced: a process that is killed while it appends leaves a part of a line.
        """
        content, changes, left = redact(line(call), self._scanner)
        if left:
            raise OSError("a credential in a call cannot be redacted, so it is not recorded")
        with self._lock:
            write(self._file, self._content + content)
            self._content += content
            self.turns += call.usable
            self.failed += not call.usable
            self.redacted += sum(len(change.lines) for change in changes)

    def without_secrets(self, text: str, most: int) -> str:
        """The first `most` characters of a text, redacted."""
        return redact_text(text, self._scanner, most=most)

    def close(self) -> None:
        """Removes a file without a call."""
        if not self.turns and not self.failed:
            self._file.unlink()
