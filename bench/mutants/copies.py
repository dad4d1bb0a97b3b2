"""Copies of the checkout in which a module can be changed, and everything runs the change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Copy:
    """A copy of the checkout below `folder`, with an environment of its own.

    The environment's Python sees the copy's modules first and then everything that the running
    one sees: what a test starts with `sys.executable` runs the copy as well.
    """

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.python = folder / "venv/bin/python"
        tracked = subprocess.run(
            ["git", "ls-files", "-z", "-c", "-o", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=True,
        ).stdout.split(b"\0")[:-1]  # fmt: skip
        for path in map(os.fsdecode, tracked):
            if (ROOT / path).is_file():
                (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / path, self.tree / path)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        libraries = next((folder / "venv").glob("lib/python*/site-packages"))
        others = sysconfig.get_path("purelib")
        (libraries / "copy.pth").write_text(
            f"{self.tree / 'src'}\nimport site; site.addsitedir({others!r})\n"
        )
        for script in (Path(sys.executable).parent).glob("evalpolicy*"):
            text = script.read_text().replace(sys.executable, str(self.python))
            target = self.python.with_name(script.name)
            target.write_text(text)
            target.chmod(0o755)
