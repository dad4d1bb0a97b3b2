"""One check for the editor: in a thread, with unsaved text, and without raising."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from evalpolicy.config import reading as configuration
from evalpolicy.config.reading import Config
from evalpolicy.engine.check import check
from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.frontends.lsp.addresses import below
from evalpolicy.frontends.lsp.documents import OpenDocument
from evalpolicy.frontends.lsp.rows import Rows
from evalpolicy.frontends.lsp.unsaved import Unsaved
from evalpolicy.policy.report import Report
from evalpolicy.snapshot import Snapshot, Unreadable, open_snapshot
from evalpolicy.snapshot.disk import WorktreeSnapshot
from evalpolicy.snapshot.tracing import TracedSnapshot

Result = TypeVar("Result")
_MARK = b"\xef\xbb\xbf"
# How messages of `config` about a configuration file start.
_OF_CONFIG = re.compile(r"(evalpolicy\.toml|pyproject\.toml)(?::([0-9]+))?: (.*)", re.S)


class NotChecked(Struct, frozen=True):
    """Why nothing was checked. `path` is the configuration's, if that is the reason.

    `versions` are those of the open documents that were looked at.
    """

    message: str
    versions: Mapping[str, int]
    path: str = ""
    line: int = 1
    bug: bool = False


class CheckedFleet(Struct):
    """The result of one check; `versions` are those of the open documents it used."""

    report: Report
    config: Config
    snapshot: Snapshot
    versions: Mapping[str, int]


def fleet_of(folder: str) -> str:
    """The root of the fleet that `folder` belongs to, with links resolved.

    Raises `NotCheckedError` if there is none. A folder outside of git is a fleet only if it
    says so: an editor may be started anywhere, and a home folder is not to be read through.
    """
    with open_snapshot(Path(os.path.realpath(folder))) as snapshot:
        top = os.path.realpath(snapshot.top)
        if snapshot.kind == "folder" and not os.path.isfile(f"{top}/{configuration.CONFIG_FILE}"):
            raise NotCheckedError(
                f"{folder} is not in a git repository and has no evalpolicy.toml: nothing is "
                "checked here (git init, or an empty evalpolicy.toml at the fleet's root)"
            )
    return top


def judge(
    top: str,
    documents: Sequence[OpenDocument],
    rows: Rows,
    superseded: Callable[[], bool],
    then: Callable[[CheckedFleet], Result],
) -> Result | NotChecked:
    """Checks the fleet at `top` with the text of the documents; returns the result of `then`.

    Raises `Superseded`, and nothing else.
    """
    versions = {document.uri: document.version for document in documents}
    rows.begin()
    unsaved = True
    try:
        with open_snapshot(Path(top)) as disk:
            changed = _changed(disk, documents)
            unsaved = bool(changed)
            snapshot = TracedSnapshot(Unsaved(disk, changed, superseded), rows)
            config = configuration.load(snapshot)
            report = check(snapshot, config, cache=rows)
            return then(CheckedFleet(report, config, snapshot, versions))
    except (NotCheckedError, UsageError) as error:
        if found := _OF_CONFIG.fullmatch(str(error)):
            return NotChecked(found[3], versions, found[1], int(found[2] or 1))
        return NotChecked(str(error), versions)
    except Exception as error:  # noqa: BLE001 - a bug is shown, and the session continues
        return NotChecked("".join(traceback.format_exception(error)), versions, bug=True)
    finally:
        rows.finish(save=not unsaved)


def _changed(disk: Snapshot, documents: Sequence[OpenDocument]) -> dict[str, bytes]:
    """The bytes of the fleet's files if all documents were saved, for those that differ.

    A document that is not on the disk yet counts, unless git would ignore it. One that is there
    but no part of the snapshot (ignored, in a submodule) does not.
    """
    found = {}
    for document in documents:
        path = below(os.path.realpath(disk.top), document.path)
        if not path:
            continue
        content = document.text.encode("utf-8", "replace")
        entry = disk.entries.get(path)
        if entry is None:
            if not os.path.lexists(document.path) and _would_be_kept(disk, path):
                found[path] = content
        elif entry.is_file:
            saved = _saved(disk, path)
            # Most editors hide the byte order mark; saving keeps it.
            if saved is not None and saved.startswith(_MARK) and not content.startswith(_MARK):
                content = _MARK + content
            if content != saved:
                found[path] = content
    return found


def _saved(disk: Snapshot, path: str) -> bytes | None:
    try:
        return disk.read(path)
    except Unreadable:
        return None


def _would_be_kept(disk: Snapshot, path: str) -> bool:
    """Whether a new file with this path would be part of the fleet."""
    return not isinstance(disk, WorktreeSnapshot) or disk.would_list(path)
