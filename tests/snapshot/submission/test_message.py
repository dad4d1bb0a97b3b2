"""A commit message as git will keep it, judged against git itself."""

from __future__ import annotations

import pytest
from tests.fleets import git
from tests.submissions import start

from evalpolicy.snapshot.submission.message import parse

TEMPLATE = "# Please enter the commit message.\n#\n# On branch fix/#12\n"


@pytest.mark.parametrize(
    ("content", "subject", "body", "line"),
    [
        ("Fix it\n", "Fix it", "", 1),
        ("\n\nFix it\n\nBody\n", "Fix it", "Body", 3),
        ("#12: fix it\n\nBody\n", "#12: fix it", "Body", 1),
        (f"Fix it\n\n{TEMPLATE}", "Fix it", "", 1),
        (f"#12 gone\nkept\n{TEMPLATE}", "kept", "", 2),
        ("Fix\n# ------------------------ >8 ------------------------\ndiff #12\n", "Fix", "", 1),
        ("Fix it\r\n\r\nBody\r\n", "Fix it", "Body", 1),
        ("", "", "", 1),
        (TEMPLATE, "", "", 1),
    ],
)
def test_what_counts(content, subject, body, line):
    found = parse(content.encode())
    assert (found.subject, found.body, found.span.line) == (subject, body, line)


def test_another_comment_character():
    found = parse(b"# 12\n; gone\n", ";")
    assert (found.subject, found.body) == ("# 12", "")


@pytest.mark.parametrize("content", ["#12: x\n\nbody #3\n", f"x #3\n\nmore\n{TEMPLATE}"])
def test_git_keeps_the_same(tmp_path, content):
    root = start(tmp_path)
    cleanup = "strip" if TEMPLATE in content else "whitespace"
    git(root, "commit", "-q", "--allow-empty", f"--cleanup={cleanup}", "-m", content)
    found = parse(content.encode())
    kept = f"{found.subject}\n\n{found.body}".strip()
    assert git(root, "log", "-1", "--format=%B").strip() == kept
