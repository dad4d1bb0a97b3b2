"""Other people's Go programs, built once a machine, whoever else builds them at the same time."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


def install(
    go: str, module: str, program: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`go install MODULE@VERSION` to `program`, which is there whole or not at all."""
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent, prefix="unfinished-") as folder:
        done = subprocess.run(
            [go, "install", module],
            capture_output=True, text=True, check=False,
            env={**os.environ, **(environment or {}), "GOBIN": folder},
        )  # fmt: skip
        if done.returncode == 0:
            [built] = Path(folder).iterdir()
            built.replace(program)
    return done
