"""A fixture that is being recorded: whole lines, appended one by one, without credentials."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

from evalpolicy.replay.spans import Recorded, line
from evalpolicy.scanners.credentials import Scanner, redact, redact_text
from evalpolicy.snapshot.writing import open_to_append


class Recording:
    """Appends to a new file; raises `FileExistsError` where there is one, for two runs in one
    fixture are none."""

    def __init__(self, file: Path) -> None:
        self._handle = open_to_append(file, "refuse")
        self._file = file
        self._scanner = Scanner()
        self._lock = Lock()
        self.turns = 0
        self.failed = 0
        self.redacted = 0

    def add(self, call: Recorded) -> None:
        """Appends a call, forced to the disk; a line is there as a whole or not at all."""
        content, changes, left = redact(line(call), self._scanner)
        if left:
            raise OSError("a credential in a call cannot be redacted, so it is not recorded")
        with self._lock:
            size = os.fstat(self._handle).st_size
            written = 0
            try:
                written = os.write(self._handle, content)
                os.fsync(self._handle)
            finally:
                if written != len(content):
                    os.ftruncate(self._handle, size)
            if written != len(content):
                raise OSError("the disk is full")
            self.turns += call.usable
            self.failed += not call.usable
            self.redacted += sum(len(change.lines) for change in changes)

    def without_secrets(self, text: str, most: int) -> str:
        """The first `most` characters of a text, redacted."""
        return redact_text(text, self._scanner, most=most)

    def close(self) -> None:
        """Closes the file; one without a call is removed."""
        os.close(self._handle)
        if not self.turns and not self.failed:
            self._file.unlink()
