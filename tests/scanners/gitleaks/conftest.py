"""Makes the oracle's matrix and tree (tests/engines/gitleaks) importable by name."""

from __future__ import annotations

import sys
from pathlib import Path

ENGINES = Path(__file__).parents[2] / "engines"
sys.path[:0] = [str(ENGINES / "gitleaks"), str(ENGINES)]
