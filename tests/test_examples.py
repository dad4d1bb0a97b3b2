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
