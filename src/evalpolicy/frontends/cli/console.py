"""Where output goes, how wide it is, and whether it has colours."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import TextIO

from evalpolicy.artifacts.syntax.english import counted
from evalpolicy.errors import NotCheckedError

# Longer lines are hard to read. Also the width of all text outside a terminal.
_WIDEST = 100
_NUMBER = re.compile("[0-9]{1,6}")


def write(text: str, file: str | None = None, *, make_folders: bool = False) -> None:
    """Writes to a file, or to standard output, as UTF-8 whatever the locale is.

    All output of a command leaves through here, and no credential does. Standard error says so if
    one was in it: what reads a plan or a list may need the value.
    """
    from evalpolicy.reporters.safe import lines_without_credentials

    text, changed = lines_without_credentials(text)
    if changed:
        _say_redacted(counted(changed, "line") + " of this output")
    if file is not None:
        from evalpolicy.snapshot import writing

        try:
            content = text.encode("utf-8", "backslashreplace")
            writing.write(file, content, make_folders=make_folders)
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


def write_diff(before: Mapping[str, bytes], after: Mapping[str, bytes], prefix: str = "") -> None:
    """Shows what changes in files, by path; `prefix` leads to them from the repository's top.

    Byte for byte to a file or a pipe, for `git apply`; to a terminal, without control characters.
    Where a credential stands in a line that is shown, the diff has `REDACTED` and does not apply:
    standard error says so.
    """
    from evalpolicy.engine.fixing.diff import unified
    from evalpolicy.engine.quoting import file_without_credentials
    from evalpolicy.reporters.safe import lines_without_credentials, shown

    old, new = (
        {path: file_without_credentials(content) for path, content in files.items()}
        for files in (before, after)
    )
    text, _ = lines_without_credentials(_text(unified(old, new, prefix)))
    if text != _text(unified(before, after, prefix)):
        _say_redacted("this diff, which does not apply there")
    buffer = getattr(sys.stdout, "buffer", None)
    if sys.stdout.isatty() or buffer is None:
        write("\n".join(shown(line.replace("\t", "    ")) for line in text.split("\n")))
        return
    sys.stdout.flush()
    buffer.write(text.encode("utf-8", "surrogateescape"))
    buffer.flush()


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _say_redacted(where: str) -> None:
    sys.stderr.write(f"evalpolicy: REDACTED stands for credentials in {where}\n")


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
