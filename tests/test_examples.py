"""The example fleet passes, and a copy of it with five mistakes shows all five."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.fleets import judge

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_the_example_fleet_is_clean():
    report = judge(EXAMPLES / "fleet")
    assert [f.message for f in report.findings] == []
    assert report.problems == []
    assert report.checked.benchmarks == 2
    assert report.checked.fixtures == 5


def test_five_mistakes_are_five_errors(tmp_path):
    copy = shutil.copytree(EXAMPLES / "fleet", tmp_path / "fleet")
    done = subprocess.run(
        [sys.executable, EXAMPLES / "break.py", copy], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 5
    errors = [f for f in judge(copy).findings if f.severity == "error"]
    assert sorted(f.rule for f in errors) == ["LBL001", "LBL002", "LBL003", "LBL008", "REL001"]


def test_the_replay_demo_says_what_it_needs(tmp_path):
    for name in ("sh", "dirname", "basename", "mktemp", "rm"):
        program = shutil.which(name)
        assert program is not None
        (tmp_path / name).symlink_to(program)
    done = subprocess.run(
        ["sh", EXAMPLES / "demo-replay.sh", Path(sys.executable).parent / "evalpolicy"],
        capture_output=True, text=True, check=False, env={"PATH": str(tmp_path)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "demo-replay: neither docker nor podman responds: install and start one of them\n"
    )
