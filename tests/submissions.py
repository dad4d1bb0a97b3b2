"""Small submissions as real git repositories, and what evalpolicy says of them."""

from __future__ import annotations

from pathlib import Path

from evalpolicy.config import reading as configuration
from evalpolicy.engine.check import check
from evalpolicy.policy.report import Report
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.submission.asked import SubmissionOptions
from evalpolicy.testing.repositories import MESSAGE as MESSAGE
from evalpolicy.testing.repositories import SIGNED as SIGNED
from evalpolicy.testing.repositories import commit as commit
from evalpolicy.testing.repositories import start as start
from evalpolicy.testing.repositories import submission as submission

FIXTURES = "tests/run/replay/fixtures"


def judge(
    root: Path, *select: str, asked: SubmissionOptions | None = None, **how: object
) -> Report:
    """The report on a submission, from main's side unless `asked` says otherwise."""
    asked = asked or SubmissionOptions(base="main")
    with (
        open_snapshot(root, **how) as snapshot,  # type: ignore[arg-type]  # any of open_snapshot's options
        asked.change(root, snapshot) as change,
    ):
        return check(snapshot, configuration.load(snapshot), chosen=select, change=change)
