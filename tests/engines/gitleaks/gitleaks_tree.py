"""One tiny tree of made-up secrets; every string is put together at run time."""

from __future__ import annotations

import re
from pathlib import Path

from evalpolicy.scanners.gitleaks.scan import GitleaksHit, Secret

OWN = "ACME-" + "Tok3n"
"""What the configurations' own rules look for."""

GITHUB = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
"""The shape of a default rule's secret; never a real one."""

DEFAULT_RULE = "github-" + "pat"

LINES = {
    "src/app.py": f"token = {OWN}_Alpha9Zq7 # live",
    "src/example.txt": f"sample {OWN}_ExampleDummy42 here",
    "tests/fixtures/run.jsonl": f"recorded {OWN}_Beta8Wx6 in a fixture",
    "docs/Guide.md": f"read {OWN}_gamma5vt3 twice",
    "src/github.txt": f"key {GITHUB} end",
    "tests/fixtures/github.jsonl": f"key {GITHUB} end",
}


def write(root: Path) -> None:
    """Writes the tree; a file is one line without an end."""
    for name, line in LINES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line)


def secrets() -> tuple[Secret, ...]:
    """What is in the tree, as `predict` wants it."""
    hits = {
        name: tuple(
            (DEFAULT_RULE, GitleaksHit(m.group(), m.group())) for m in re.finditer(GITHUB, line)
        )
        for name, line in LINES.items()
    }
    return tuple(Secret(name, line, hits[name]) for name, line in LINES.items())
