"""Rules that helpers run beside the walk: the same report, whoever ran them.

Each run is a program of its own: the tests' own process has threads, and is not forked.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.fleets import FIXTURES, FLEET, repository
from tests.samples.trajectories import lines, litellm_row

from evalpolicy.snapshot.tracing import _STAMPS

RUN = """
import os, sys
from pathlib import Path
from evalpolicy.engine import parallel as ahead
from evalpolicy.__main__ import main
if "--few" not in sys.argv:
    ahead._WORTH_IT = 0
run = ahead.Remembering.verdict
parent = os.getpid()
def noted(self, rule, *others):
    if others:
        return run(self, rule, *others)
    where = "a helper" if os.getpid() != parent else "the process"
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(f"{where}: {rule.id}\\n")
    if os.environ.get("DIES") and os.getpid() != parent:
        os._exit(9)
    return run(self, rule)
ahead.Remembering.verdict = noted
if os.environ.get("RAISES"):
    from evalpolicy.facts import compose_files, documents, sizing as sizes
    from evalpolicy.facts.recordings import reading
    def raising(*_, **__):
        raise ValueError("a made-up fault")
    documents.links = compose_files.parse = raising
    sizes.Sizing._has_lfs = property(raising)
    parse = reading.parse_stream
    reading.parse_stream = lambda pieces: raising() if b"3 xxx" in pieces[0] else parse(pieces)
sys.exit(main([word for word in sys.argv[1:] if word != "--few"]))
"""
FILES = {
    **FLEET,
    **{
        f"{FIXTURES}/arc-{n}-codex.trajectory.jsonl": lines(litellm_row(f"{n} {'x' * 700_000}"))
        for n in range(8)
    },
    ".gitleaks.toml": b"[[allowlists]]\npaths = ['nowhere/.*']\n",
    ".pre-commit-config.yaml": b"repos: [\n",
    "README.md": b"[dead](nowhere.md)\n",
    "compose.yaml": b"services:\n  a:\n    image: [\n",
}


def _run(
    root: Path, notes: Path, *words: str, cache: Path | None = None, **environment: str
) -> tuple[str, list[str]]:
    """The report as JSON, and who ran which rules for helpers."""
    notes.write_text("")
    kept = ["--no-cache"] if cache is None else []
    done = subprocess.run(
        [sys.executable, "-c", RUN, "check", "--format", "json", *kept, *words],
        cwd=root,
        env={
            "PATH": "/usr/bin:/bin",
            "NOTES": str(notes),
            "EVALPOLICY_CACHE_DIR": str(cache),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    return done.stdout, notes.read_text().splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="helpers are forked on Linux alone")
def test_who_runs_a_rule_changes_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "fleet", FILES)
    notes = tmp_path / "notes"
    alone, ran = _run(root, notes, "--jobs", "1")
    assert ran == []
    assert {"STR005", "GLK005"} <= {f["rule"] for f in json.loads(alone)["findings"]}
    assert any(p["path"] == ".pre-commit-config.yaml" for p in json.loads(alone)["problems"])
    helped, ran = _run(root, notes, "--jobs", "3")
    assert helped == alone
    assert {line for line in ran if line.startswith("a helper")}
    assert len(ran) == len(set(ran)), "each rule is run once"
    assert _run(root, notes, "--jobs", "2", DIES="1")[0] == alone
    assert _run(root, notes, "--jobs", "3", "--few") == (alone, [])


@pytest.mark.skipif(sys.platform != "linux", reason="helpers are forked on Linux alone")
def test_what_fails_in_a_helper_is_the_same_problem(tmp_path: Path) -> None:
    root = repository(tmp_path / "fleet", FILES)
    notes, cache = tmp_path / "notes", tmp_path / "cache"
    alone, _ = _run(root, notes, "--jobs", "1", RAISES="1")
    faults = [p for p in json.loads(alone)["problems"] if "a made-up fault" in p["message"]]
    paths = [fault["path"] for fault in faults]
    assert f"{FIXTURES}/arc-3-codex.trajectory.jsonl" in paths
    assert {"README.md", "compose.yaml", "."} <= set(paths)
    assert len(paths) == len(set(paths))
    helped, ran = _run(root, notes, "--jobs", "3", RAISES="1")
    assert helped == alone
    assert {line for line in ran if line.startswith("a helper")}
    assert _run(root, notes, "--jobs", "3", RAISES="1", cache=cache)[0] == alone
    assert _run(root, notes, "--jobs", "3", cache=cache)[0] == _run(root, notes)[0]


@pytest.mark.skipif(sys.platform != "linux", reason="helpers are forked on Linux alone")
def test_what_helpers_found_is_kept(tmp_path: Path) -> None:
    root = repository(tmp_path / "fleet", FILES)
    notes, cache, other = tmp_path / "notes", tmp_path / "cache", tmp_path / "other"
    alone, _ = _run(root, notes, "--jobs", "1", cache=other)
    helped, ran = _run(root, notes, "--jobs", "3", cache=cache)
    assert helped == alone
    assert ran
    assert _keys(cache) == _keys(other)
    again, ran = _run(root, notes, "--jobs", "3", cache=cache)
    assert (again, ran) == (alone, [])
    (root / "README.md").write_bytes(b"[no longer dead](README.md)\n")
    mended, _ = _run(root, notes, "--jobs", "3", cache=cache)
    assert mended == _run(root, notes, "--jobs", "1")[0]
    assert "STR005" not in {f["rule"] for f in json.loads(mended)["findings"]}


def _keys(cache: Path) -> set[str]:
    """What is kept, but for the stamps: whether a file has one depends on its age."""
    (file,) = cache.rglob("*.sqlite*")
    with closing(sqlite3.connect(file)) as rows:
        return {key for (key,) in rows.execute("SELECT key FROM rows")} - {_STAMPS}
