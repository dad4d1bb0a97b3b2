"""Where the real clients are: in this interpreter, or in an environment in the cache folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGES = {"chat": "openai", "responses": "openai", "messages": "anthropic", "gemini": "google"}
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalpolicy-clients"
JUDGE = Path(__file__).parent / "judge.py"


def interpreter(package: str) -> str | None:
    """A Python that has the package: this one, or the one of `python -m venv CACHE/venv`."""
    if find_spec(package) is not None and (package != "google" or find_spec("google.genai")):
        return sys.executable
    python = CACHE / "venv/bin/python"
    probe = "google.genai" if package == "google" else package
    if python.exists():
        done = subprocess.run([python, "-c", f"import {probe}"], capture_output=True, check=False)
        return str(python) if done.returncode == 0 else None
    return None


def ask(python: str, wire: str, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the client of a wire format received in each job."""
    outside = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    done = subprocess.run(
        [python, str(JUDGE), wire],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
        env=outside,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]
