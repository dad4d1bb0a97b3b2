"""SUB012, where files that configure gates move: which went where, and what that loosens."""

from __future__ import annotations

from pathlib import Path

from tests.fleets import found
from tests.submissions import judge, submission

GITLEAKS = ".gitleaks.toml"
OPEN = "[allowlist]\npaths = ['l$']\n"
# Long enough that git takes none of them for a rename of another.
NARROW = "[allowlist]\npaths = ['b']\n"
PADDED = "# moved\n" * 9
RULE = "[[rules]]\nid = 'own'\n"


def judged(root: Path, before: dict[str, str], after: dict[str, str]) -> list[tuple[str, int]]:
    """The path and line of each finding on a submission that also brings `a.jsonl`."""
    submission(root, {"x": "x\n", **before}, {"x": "x\n", **after, "a.jsonl": "x\n"})
    return [(path, line) for _, path, line in found(judge(root, "SUB012"))]


def test_several_gates_of_different_names_that_moved_are_each_compared(tmp_path):
    before = {GITLEAKS: RULE + OPEN, ".trivyignore": "CVE-1\n"}
    moved = {
        f"ci/{GITLEAKS}": PADDED + RULE + OPEN,
        "ci/.trivyignore": "# moved\n" * 9 + "CVE-1\n",
    }
    assert judged(tmp_path / "same", before, moved) == []
    looser = {
        f"ci/{GITLEAKS}": PADDED + OPEN,
        "ci/.trivyignore": "# moved\n" * 9 + "CVE-1\nCVE-2\n",
    }
    assert judged(tmp_path / "looser", before, looser) == [
        ("ci/.gitleaks.toml", 1),
        ("ci/.trivyignore", 11),
    ]


def test_several_gates_of_one_name_that_moved_are_not_paired_by_guessing(tmp_path):
    before = {f"a/{GITLEAKS}": RULE + OPEN, f"b/{GITLEAKS}": RULE + NARROW}
    after = {f"c/{GITLEAKS}": PADDED + NARROW, f"d/{GITLEAKS}": PADDED + OPEN}
    assert judged(tmp_path, before, after) == [
        (f"a/{GITLEAKS}", 1),
        (f"b/{GITLEAKS}", 1),
        (f"d/{GITLEAKS}", 11),
    ]


def test_one_gate_that_went_where_two_came_is_gone(tmp_path):
    before = {f"a/{GITLEAKS}": RULE}
    after = {f"{name}/{GITLEAKS}": PADDED + RULE for name in "cd"}
    assert judged(tmp_path, before, after) == [(f"a/{GITLEAKS}", 1)]


def test_a_gate_that_only_changed_beside_one_that_moved_is_judged_as_itself(tmp_path):
    before = {f"a/{GITLEAKS}": RULE, f"b/{GITLEAKS}": NARROW}
    after = {f"b/{GITLEAKS}": OPEN, f"c/{GITLEAKS}": PADDED + RULE}
    assert judged(tmp_path, before, after) == [(f"b/{GITLEAKS}", 2)]
