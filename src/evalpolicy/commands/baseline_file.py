"""The baseline file that a user names, or the fleet's own."""

from __future__ import annotations

import os
from pathlib import Path

from evalpolicy import baseline as baselines
from evalpolicy.errors import UsageError
from evalpolicy.snapshot import Snapshot


def file_of(snapshot: Snapshot, given: str | None) -> Path:
    """Where the baseline lies on the disk."""
    return Path(snapshot.top) / baselines.BASELINE_FILE if given is None else Path(given)


def read_baseline(snapshot: Snapshot, given: str) -> baselines.Baseline:
    """The baseline that `--baseline` names. Raises `UsageError` if it cannot be read."""
    return baselines.parse(read_bytes(Path(given)), shown_path(snapshot, given))


def read_bytes(file: Path) -> bytes:
    """The file's content. Raises `UsageError` for what is no readable file of its size."""
    try:
        if file.is_dir():
            raise UsageError(f"{file}: a folder, not a baseline")
        if not file.is_file():
            raise UsageError(f"{file}: there is no such file; `evalpolicy baseline write` makes it")
        if file.stat().st_size > baselines.LIMIT:
            raise UsageError(f"{file}: larger than any baseline")
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {(error.strerror or str(error)).lower()}") from error


def shown_path(snapshot: Snapshot, given: str) -> str:
    """The file's path from the fleet's root if it lies below it, else as it was typed."""
    inside = os.path.relpath(os.path.realpath(given), os.path.realpath(snapshot.top))
    outside = inside.split(os.sep)[0] == os.pardir or os.path.isabs(inside)
    return given if outside else Path(inside).as_posix()
