"""Where output goes, how wide it is, and whether it has colours."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

from evalpolicy.errors import NotCheckedError

# Longer lines are hard to read. Also the width of all text outside a terminal.
_WIDEST = 100
_NUMBER = re.compile("[0-9]{1,6}")


def write(text: str, file: str | None = None) -> None:
    """Writes to a file, or to standard output, as UTF-8 whatever the locale is."""
    if file is not None:
        from evalpolicy.snapshot import writing

        try:
            writing.write(file, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise NotCheckedError(f"cannot write {file}: {error.strerror}") from error
        return
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text)
    else:
        buffer.write(text.encode("utf-8", "backslashreplace"))
        buffer.flush()


def columns(stream: TextIO | None) -> int:
    """The terminal's width in cells, at most 100; 100 if there is no terminal."""
    if _asked_width() or (stream is not None and stream.isatty()):
        return min(_terminal_width(stream), _WIDEST)
    return _WIDEST


def _terminal_width(stream: TextIO | None) -> int:
    if asked := _asked_width():
        return asked
    try:
        return os.get_terminal_size(stream.fileno() if stream else 1).columns
    except OSError:
        return _WIDEST


def _asked_width() -> int:
    """The width in COLUMNS; 0 if it is not set to a number."""
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if _NUMBER.fullmatch(asked) else 0


def colour(when: str, stream: TextIO | None) -> bool:
    """Whether to use colours: as asked, or on a terminal that allows it and without NO_COLOR."""
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
