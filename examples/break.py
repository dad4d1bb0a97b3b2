"""Puts five mistakes into a copy of the example fleet: `break.py FOLDER`.

Real fleets have made each of them; `evalpolicy check` finds all five.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ARITHMETIC = "containers/benchmarks/arithmetic/Dockerfile"
WORD_COUNT = "containers/benchmarks/word-count/Dockerfile"
SHELL = "containers/agents/shell/Dockerfile"

MISTAKES = (
    ("a data revision is missing", WORD_COUNT,
     ' \\\n      eval.benchmark.data_revision="${TEXTS_REF}"', ""),
    ("a task count is not a number", WORD_COUNT, 'tasks="2"', 'tasks="two"'),
    ("a data set is pinned to a branch", ARITHMETIC,
     "DATA_REVISION=8f14e45fceea167a5a36dedd4bea2543ec4b1f7a", "DATA_REVISION=main"),
    ("an agent's version has no default", SHELL,
     "ARG AGENT_VERSION=1.0.0", "ARG AGENT_VERSION"),
)  # fmt: skip
FIXTURES = "tests/run/replay/fixtures"
PROVENANCE = f"{FIXTURES}/provenance.json"


def main(folder: Path) -> int:
    for number, (what, path, good, bad) in enumerate(MISTAKES, 1):
        file = folder / path
        text = file.read_text()
        if good not in text:
            raise SystemExit(f"{path} differs from the example: cannot find {good!r}")
        file.write_text(text.replace(good, bad))
        sys.stdout.write(f"  {number}. {what} ({path})\n")
    entries = json.loads((folder / PROVENANCE).read_text())
    for fixture in (folder / FIXTURES).glob("arithmetic-*.traces.jsonl"):
        fixture.unlink()
        del entries[fixture.name.partition(".")[0]]
    (folder / PROVENANCE).write_text(json.dumps(entries, indent=2) + "\n")
    sys.stdout.write(f"  5. the recorded runs of a released benchmark are deleted ({FIXTURES})\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
