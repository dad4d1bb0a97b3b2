"""The baseline file that a user names, or the fleet's own."""

from __future__ import annotations

import os
from pathlib import Path

from evalpolicy.errors import UsageError
from evalpolicy.facts.waivers import baseline as baselines
from evalpolicy.snapshot import Snapshot


def file_of(snapshot: Snapshot, given: str | None) -> Path:
    """The path of the baseline on disk."""
    return Path(snapshot.top) / baselines.BASELINE_FILE if given is None else Path(given)


def read_baseline(
    snapshot: Snapshot, given: str, *, of_submission: bool = False
) -> baselines.Baseline:
    """The baseline that `--baseline` names. Raises `UsageError` if it cannot be read.

    For a submission, a baseline in its repository is read from the base, so it has to be in the
    fleet.
    """
    path = shown_path(snapshot, given)
    if of_submission:
        path = _in_fleet(snapshot, given) or path
    return baselines.parse(read_bytes(Path(given)), path)


def _in_fleet(snapshot: Snapshot, given: str) -> str | None:
    """The path of a file in the repository, from the fleet's root; links may be resolved."""
    fleet = os.path.realpath(snapshot.top)
    top = os.path.normpath(os.path.join(fleet, *[os.pardir for _ in Path(snapshot.prefix).parts]))
    typed = os.path.join(os.path.realpath(os.getcwd()), given)
    for place in (os.path.normpath(typed), os.path.realpath(given)):
        if Path(place).is_relative_to(fleet):
            return Path(place).relative_to(fleet).as_posix()
        if Path(place).is_relative_to(top):
            raise UsageError(
                f"--baseline {given} is in the repository but outside the fleet ({fleet}), so its "
                "content at the base is unknown: move it into the fleet"
            )
    return None


def read_bytes(file: Path) -> bytes:
    """The file's content. Raises `UsageError` if it cannot be read or is too large."""
    try:
        if file.is_dir():
            raise UsageError(f"{file} is a folder: name a baseline file")
        if not file.is_file():
            raise UsageError(f"{file} does not exist: run `evalpolicy baseline write` to create it")
        if file.stat().st_size > baselines.LIMIT:
            raise UsageError(f"{file} is too large for a baseline: name another file")
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {(error.strerror or str(error)).lower()}") from error


def shown_path(snapshot: Snapshot, given: str) -> str:
    """The file's path from the fleet's root if it is below it, otherwise as typed."""
    inside = os.path.relpath(os.path.realpath(given), os.path.realpath(snapshot.top))
    outside = inside.split(os.sep)[0] == os.pardir or os.path.isabs(inside)
    return given if outside else Path(inside).as_posix()
