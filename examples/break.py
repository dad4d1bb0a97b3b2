"""Puts five mistakes into a copy of the example fleet: `break.py FOLDER`.

Each is one that real fleets have made; `evalpolicy check` finds all five.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ARITHMETIC = "containers/benchmarks/arithmetic/Dockerfile"
WORD_COUNT = "containers/benchmarks/word-count/Dockerfile"
SHELL = "containers/agents/shell/Dockerfile"

MISTAKES = (
    ("the revision of the data is forgotten", WORD_COUNT,
     ' \\\n      eval.benchmark.data_revision="${TEXTS_REF}"', ""),
    ("a number of tasks that is none", WORD_COUNT, 'tasks="2"', 'tasks="two"'),
    ("the data is pinned to a branch", ARITHMETIC,
     "DATA_REVISION=8f14e45fceea167a5a36dedd4bea2543ec4b1f7a", "DATA_REVISION=main"),
    ("the agent's version is left to whoever builds it", SHELL,
     "ARG AGENT_VERSION=1.0.0", "ARG AGENT_VERSION"),
)  # fmt: skip
FIXTURES = "tests/run/replay/fixtures"
PROVENANCE = f"{FIXTURES}/provenance.json"


def main(folder: Path) -> int:
    for number, (what, path, good, bad) in enumerate(MISTAKES, 1):
        file = folder / path
        text = file.read_text()
        if good not in text:
            raise SystemExit(f"{path} is not as the example has it: {good!r} is not there")
        file.write_text(text.replace(good, bad))
        sys.stdout.write(f"  {number}. {what} ({path})\n")
    entries = json.loads((folder / PROVENANCE).read_text())
    for fixture in (folder / FIXTURES).glob("arithmetic-*.traces.jsonl"):
        fixture.unlink()
        del entries[fixture.name.partition(".")[0]]
    (folder / PROVENANCE).write_text(json.dumps(entries, indent=2) + "\n")
    sys.stdout.write(f"  5. the recorded runs behind a release are deleted ({FIXTURES})\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
