"""What `evalpolicy fixtures scan` finds, and what `redact` removes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from msgspec import Struct

from evalpolicy.artifacts.syntax.source import Problem
from evalpolicy.engine.fixing.apply import write
from evalpolicy.errors import PASSED, NotCheckedError, noted
from evalpolicy.facts.facts import Facts
from evalpolicy.scanners.credentials import Scanner, redact
from evalpolicy.scanners.credentials import external as scanners
from evalpolicy.scanners.credentials.external import Tool
from evalpolicy.snapshot import Snapshot, Unreadable

Unread = tuple[str, int, str]
"""What was not checked: path, line and why."""

_LARGEST = 512 << 20


class Redaction(Struct, frozen=True):
    """One fixture, before and after; `told` are the lines that say what changed."""

    path: str
    before: bytes
    after: bytes
    told: tuple[str, ...]


def own(facts: Facts, paths: Sequence[str]) -> Iterator[str]:
    """One line for each credential and host: path, place, what it is, where in the JSON."""
    for path in paths:
        recording = facts.recordings.get(path)
        for leak in recording.leaks if recording else ():
            where = f" at {leak.json_path}" if leak.json_path else ""
            yield f"{path}:{leak.line}:{leak.column}: {leak.what} {leak.masked}{where}"
        if recording and recording.leaked > len(recording.leaks):
            yield f"{path}: {recording.leaked:,} in total"


def sealed(facts: Facts, paths: Sequence[str]) -> Iterator[Unread]:
    """Fixtures whose bytes cannot be searched: Git LFS pointers, gzip, UTF-16."""
    for path in paths:
        recording = facts.recordings.get(path)
        if recording and recording.summary.size and not recording.summary.lines:
            for problem in recording.summary.problems:
                yield path, problem.span.line, problem.message


def dry_run(tool: str) -> str:
    """The command that `--with` runs."""
    return scanners.dry_run(_tool(tool))


def external(tool: str, snapshot: Snapshot, paths: Sequence[str]) -> tuple[list[str], list[Unread]]:
    """What another scanner finds in these fixtures, and which of them it did not get."""
    files: dict[str, bytes] = {}
    unread: list[Unread] = []
    for path, content in snapshot.read_many(paths):
        if isinstance(content, Unreadable):
            unread.append((path, 1, str(content)))
        else:
            files[path] = content
    found = scanners.scan_with(_tool(tool), files)
    if isinstance(found, Problem):
        raise NotCheckedError(found.message)
    lines = [
        f"{one.path}:{one.span.line}:{one.span.column}: {one.tool}: {one.rule}" for one in found
    ]
    return lines, unread


def _tool(name: str) -> Tool:
    return next(tool for tool in get_args(Tool) if tool == name)


def redactions(facts: Facts, paths: Sequence[str]) -> tuple[list[Redaction], list[Unread]]:
    """What redaction changes, and what could not be read, or removed."""
    scanner = Scanner(facts.config.secrets.internal_hosts)
    changed: list[Redaction] = []
    unread: list[Unread] = []
    for path in paths:
        try:
            before = facts.snapshot.read(path, _LARGEST)
            after, changes, left = redact(before, scanner)
        except Unreadable as reason:
            unread.append((path, 1, str(reason)))
            continue
        except PASSED:
            raise
        except Exception as error:  # noqa: BLE001 - a bug costs this fixture, not the others
            unread.append((path, 1, noted(error)))
            continue
        unread += ((path, hit.line, f"{hit.what} {hit.masked} cannot be redacted") for hit in left)
        if changes:
            told = tuple(
                f"{path}: {change.what} {change.masked}, {_lines(change.lines)}"
                for change in changes
            )
            changed.append(Redaction(path, before, after, told))
    return changed, unread


def _lines(lines: Sequence[int]) -> str:
    distinct = sorted(set(lines))
    shown = ", ".join(map(str, distinct[:10])) + ("…" if len(distinct) > 10 else "")
    times = f" ({len(lines)} times)" if len(lines) > 1 else ""
    return f"line{'s' * (len(distinct) > 1)} {shown}{times}"


def save(top: str, changed: Sequence[Redaction]) -> list[Unread]:
    """Writes each fixture as a whole, or leaves it as it was and states why."""
    failed: list[Unread] = []
    for one in changed:
        try:
            write(top, {one.path: one.before}, {one.path: one.after})
        except NotCheckedError as error:
            failed.append((one.path, 1, f"not redacted, and unchanged: {error}"))
    return failed
