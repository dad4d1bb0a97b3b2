"""Applies the fixes of findings: first in memory, then on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.errors import NotCheckedError
from evalpolicy.policy.edits import edited, overlap
from evalpolicy.policy.fix import Edit, Fix
from evalpolicy.policy.report import Report
from evalpolicy.policy.rule import Finding
from evalpolicy.snapshot import Snapshot, Unreadable, writing
from evalpolicy.snapshot.model import encode_path
from evalpolicy.snapshot.overlay import Overlay

ROUNDS = 10
"""How often the fixed state is judged again: a fix may make another one possible."""

Judge = Callable[[Snapshot], Report]


class AppliedFixes(Struct):
    """The result of applying fixes.

    `before` and `after` hold the bytes of each changed file, by path; `report` is the one of the
    state after; `fixed` counts the fixes that were made, `skipped` states which could not be.
    """

    report: Report
    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    fixed: int = 0
    skipped: list[str] = field(default_factory=list)


def apply_fixes(snapshot: Snapshot, judge: Judge, report: Report, *, unsafe: bool) -> AppliedFixes:
    """Makes all fixes of `report` in memory, judges again, and goes on until none is left.

    Of fixes that overlap, the first is made, and the others in the next round if they are still
    proposed.
    """
    applied = AppliedFixes(report)
    for _ in range(ROUNDS):
        fixes = compatible(applied.report.findings, unsafe)
        changed = _made(snapshot, applied, fixes)
        if not changed:
            break
        applied.report = judge(Overlay(snapshot, applied.after))
    for path in [path for path in applied.after if applied.after[path] == applied.before[path]]:
        del applied.after[path], applied.before[path]
    return applied


def compatible(findings: Sequence[Finding], unsafe: bool) -> list[tuple[Finding, Fix]]:
    """The fixes of this round; no two overlap."""
    taken: dict[str, list[Span]] = {}
    seen: set[tuple[str, Fix]] = set()
    chosen = []
    for finding in findings:
        fix = finding.fix
        if fix is None or not (fix.safe or unsafe):
            continue
        if (finding.path, fix) in seen:
            continue
        spans = [(edit.path or finding.path, edit.span) for edit in fix.edits]
        if any(overlap(span, other) for path, span in spans for other in taken.get(path, ())):
            continue
        for path, span in spans:
            taken.setdefault(path, []).append(span)
        seen.add((finding.path, fix))
        chosen.append((finding, fix))
    return chosen


def _made(snapshot: Snapshot, applied: AppliedFixes, fixes: list[tuple[Finding, Fix]]) -> bool:
    """Makes these fixes on `applied`; False if nothing changed."""
    edits: dict[str, list[Edit]] = {}
    for finding, fix in fixes:
        paths = {edit.path or finding.path for edit in fix.edits}
        refused = next((why for path in paths if (why := _refused(snapshot, path))), None)
        if refused is not None:
            if refused not in applied.skipped:
                applied.skipped.append(refused)
            continue
        for edit in fix.edits:
            edits.setdefault(edit.path or finding.path, []).append(edit)
        applied.fixed += 1
    changed = False
    for path, made in edits.items():
        before = applied.before.setdefault(path, snapshot.read(path))
        content = applied.after.get(path, before)
        applied.after[path] = edited(content, made)
        changed |= applied.after[path] != content
    return changed


def _refused(snapshot: Snapshot, path: str) -> str | None:
    entry = snapshot.entries.get(path)
    if entry is None or not entry.is_file:
        return f"{path}: not fixed: not a regular file of this worktree"
    try:
        snapshot.read(path)
    except Unreadable as reason:
        return f"{path}: not fixed: {reason}"
    return None


def write(top: str, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
    """Writes the changed files below the folder `top`.

    Raises `NotCheckedError` that names each file which could not be written, or holds something
    else than was read; all others are written.
    """
    failed = []
    for path, content in after.items():
        file = os.fsdecode(encode_path(path))
        try:
            writing.write(file, content, root=top, expected=before[path], keep_executable=True)
        except OSError as error:
            failed.append(f"cannot fix {path}: {error.strerror or error}")
    if failed:
        raise NotCheckedError("\n".join(failed))
