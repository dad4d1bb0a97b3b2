"""FIX014 and FIX030: globs that match nothing, and files that no glob takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fleets import AGENT, BENCHMARK, FIXTURES, FLEET, found, git, judge, repository, write
from tests.samples.trajectories import lines, litellm_row

GOOD = lines(litellm_row())
RECORDING = f"{FIXTURES}/arc-0-codex.traces.jsonl"

BESIDE = [
    "foo.jsonl",
    "arc-0-codex.traces.json",
    "arc-0-codex.traces.JSONL",
    "arc-0-codex.Traces.jsonl",
    "arc-1-codex.traces.jsonl.gz",
    "arc-1-codex.traces.jsonl.bak",
    "arc-1-codex.traces.jsonl~",
    ".arc-1-codex.traces.jsonl.swp",
    "arc-1-codex",
    "provenance.json.old",
    "notes.txt",
    "deeper/arc-1-codex.traces.jsonl",
    "deeper/still/key",
    "line\nend.traces.json",
]
NOT_BESIDE = [
    "provenance.json",
    "broken.json",
    "README",
    "README.txt",
    "README.md",
    "deeper/notes.MD",
    ".gitattributes",
    ".gitignore",
    "deeper/.gitkeep",
    "Dockerfile",
    "compose.yaml",
    "arc-1-codex.traces.jsonl",
    "arc-1-codex.trajectory.jsonl",
    "../other.jsonl",
]


@pytest.mark.parametrize("with_recordings", [True, False])
@pytest.mark.parametrize("name", BESIDE)
def test_a_file_among_recordings_that_no_glob_takes(
    tmp_path: Path, name: str, with_recordings: bool
) -> None:
    files = {**FLEET, f"{FIXTURES}/{name}": "x", **({RECORDING: GOOD} if with_recordings else {})}
    assert found(judge(write(tmp_path, files), "FIX030")) == [("FIX030", f"{FIXTURES}/{name}", 1)]


@pytest.mark.parametrize("name", NOT_BESIDE)
def test_what_may_stand_there(tmp_path: Path, name: str) -> None:
    files = {**FLEET, RECORDING: GOOD, f"{FIXTURES}/{name}": "{}"}
    assert found(judge(write(tmp_path, files), "FIX030")) == []


def test_a_link_among_recordings_is_a_file_there_too(tmp_path: Path) -> None:
    root = write(tmp_path, {**FLEET, RECORDING: GOOD})
    (root / FIXTURES / "all.json").symlink_to("arc-0-codex.traces.jsonl")
    assert found(judge(root, "FIX030")) == [("FIX030", f"{FIXTURES}/all.json", 1)]


UNIT = "containers/benchmarks/arc"
LAYOUTS = [
    ('["**/*.traces.jsonl"]', "runs/x.traces.jsonl", "runs/y.traces.json", True),
    ('["**/*.traces.jsonl"]', "runs/x.traces.jsonl", "runs/y.jsonl", True),
    ('["**/*.traces.jsonl"]', "runs/x.traces.jsonl", "runs/plot.py", False),
    ('["**/*.traces.jsonl"]', "runs/x.traces.jsonl", "elsewhere/y.jsonl", False),
    ('["*.jsonl"]', "x.jsonl", "y.JSONL", True),
    ('["*.jsonl"]', "x.jsonl", "setup.py", False),
    ('["*.jsonl"]', "x.jsonl", "src/y.JSONL", False),
    ('["containers/benchmarks/*/*.eval"]', f"{UNIT}/x.eval", f"{UNIT}/x.eval.gz", True),
    ('["containers/benchmarks/*/*.eval"]', f"{UNIT}/x.eval", f"{UNIT}/build.sh", False),
    ('["containers/benchmarks/*/runs/*.eval"]', f"{UNIT}/runs/x.eval", f"{UNIT}/runs/y", True),
    ('["containers/benchmarks/*/runs/*.eval"]', f"{UNIT}/runs/x.eval", f"{UNIT}/y.eval", False),
    ('["runs/**/*.eval"]', "runs/2026/x.eval", "runs/2027/x.json", True),
    ('["runs\\\\*.eval"]', "runs/x.eval", "runs/x.json", True),
]


@pytest.mark.parametrize(("globs", "recording", "other", "is_finding"), LAYOUTS)
def test_where_recordings_stand_is_in_the_layout(
    tmp_path: Path, globs: str, recording: str, other: str, is_finding: bool
) -> None:
    layout = f"[layout]\nfixtures = {globs}\n"
    root = write(tmp_path, {**FLEET, "evalpolicy.toml": layout, recording: "{}", other: "x"})
    assert found(judge(root, "FIX030")) == ([("FIX030", other, 1)] if is_finding else [])


GLOBS = [
    ("benchmarks", "containers/benchmark/*"),
    ("benchmarks", "containers/benchmarks/arc/Dockerfile"),
    ("agents", "containers/agents/*/*"),
    ("models", "containers/models/*"),
    ("gateways", "nowhere"),
    ("core", "containers/core"),
    ("dockerfiles", "**/Dockerfile.gpu"),
    ("dockerfiles", "containers/benchmarks/arc"),
    ("fixtures", "runs/*.jsonl"),
    ("fixtures", f"{FIXTURES}/*.traces.JSONL"),
    ("bake", "**/bake.hcl"),
    ("compose", "docker/*.yaml"),
    ("shared_services", "**/common.yaml"),
    ("documents", "**/*.rst"),
]
FITTING = {
    "benchmarks": "containers/benchmarks/*",
    "agents": "./containers/agents/*/",
    "dockerfiles": "**/Dockerfile",
    "fixtures": f"{FIXTURES}/*.traces.jsonl",
    "compose": "**/compose.yaml",
    "documents": "**/*.md",
}


@pytest.mark.parametrize("name", ["evalpolicy.toml", "pyproject.toml"])
@pytest.mark.parametrize(("key", "glob"), GLOBS)
def test_a_glob_that_matches_nothing(tmp_path: Path, name: str, key: str, glob: str) -> None:
    header = "[layout]" if name == "evalpolicy.toml" else "[tool.evalpolicy.layout]"
    fits = json.dumps(FITTING[key]) + "," if key in FITTING else ""
    text = f"# ours\n{header}\n{key} = [\n  {fits}\n  {json.dumps(glob)},\n]\n"
    root = write(tmp_path, {**FLEET, RECORDING: GOOD, name: text})
    report = judge(root, "FIX014")
    assert found(report) == [("FIX014", name, 5)]
    assert report.findings[0].span.column == 3
    assert glob in report.findings[0].message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[layout]\n",
        "[layout]\ngateways = []\n",
        "[layout]\n" + "".join(f"{key} = [{json.dumps(g)}]\n" for key, g in FITTING.items()),
        '[layout]\nprovenance = "later.json"\nbroken = "later-too.json"\n',
        '[layout]\nregistries = ["example.org/x"]\nsupplied_args = ["X"]\n',
        "layout.documents = ['**/*.md']\n",
        "layout = { documents = ['**/*.md'] }\n",
    ],
)
def test_what_matches_or_is_left_to_the_defaults(tmp_path: Path, text: str) -> None:
    root = write(tmp_path, {**FLEET, RECORDING: GOOD, "evalpolicy.toml": text})
    assert found(judge(root, "FIX014")) == []


def test_in_every_form_that_toml_has(tmp_path: Path) -> None:
    for text in ("layout.models = ['m/*']\n", "layout = { models = ['m/*'] }\n"):
        root = write(tmp_path, {**FLEET, "evalpolicy.toml": text})
        assert found(judge(root, "FIX014")) == [("FIX014", "evalpolicy.toml", 1)]


def test_the_files_of_the_same_state_count(tmp_path: Path) -> None:
    layout = '[layout]\nagents = ["agents/*"]\n'
    files = {"evalpolicy.toml": layout, f"{UNIT}/Dockerfile": BENCHMARK}
    root = repository(tmp_path, {**files, "agents/codex/Dockerfile": AGENT})
    assert found(judge(root, "FIX014")) == []
    git(root, "rm", "-q", "-r", "agents")
    assert found(judge(root, "FIX014")) == [("FIX014", "evalpolicy.toml", 2)]
    assert found(judge(root, "FIX014", revision="HEAD")) == []
    write(root, {"evalpolicy.toml": ""})
    assert found(judge(root, "FIX014")) == []
