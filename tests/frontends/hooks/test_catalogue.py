"""The hooks that are published are those that this version can run, and each runs its families."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit
import yaml
from docsite.hook_files import HOOKS_FILE, files, row, write
from packaging.requirements import Requirement
from tests.fleets import BENCHMARK, FIXTURES, FLEET, git, repository

from evalpolicy.frontends.hooks import catalogue
from evalpolicy.frontends.hooks.catalogue import ALL, CatalogueHook, hooks
from evalpolicy.rules import FAMILIES

ROOT = Path(__file__).parents[3]
COMMAND = f"`{Path(sys.executable).name} -m docsite.hook_files` writes it"


def test_the_files_are_current():
    for path, text in files().items():
        assert (ROOT / path).read_text() == text, f"{path} is not current: {COMMAND}"


def test_every_script_is_a_hooks_and_can_be_executed():
    scripts = sorted(path.name for path in (ROOT / "hooks").iterdir())
    assert scripts == sorted(h.id for h in hooks() if h.has_script), COMMAND
    assert all((ROOT / "hooks" / name).stat().st_mode & stat.S_IXUSR for name in scripts)


def test_the_published_ids_are_those_of_the_interface():
    assert [hook.id for hook in ALL] == [
        "evalpolicy",
        "evalpolicy-labels",
        "evalpolicy-fixtures",
        "evalpolicy-sizes",
        "evalpolicy-gitleaks",
        "evalpolicy-submission",
        "evalpolicy-replay",
    ]


def test_pre_commit_reads_the_file():
    validate = pytest.importorskip("pre_commit.clientlib").load_manifest
    read = {one["id"]: one for one in validate(ROOT / HOOKS_FILE)}
    assert list(read) == [hook.id for hook in hooks()]
    assert all(one["always_run"] and one["language"] == "python" for one in read.values())


def test_the_replay_hook_brings_what_the_extra_would():
    project = tomlkit.loads((ROOT / "pyproject.toml").read_text())["project"]
    rows = {one["id"]: one for one in yaml.safe_load((ROOT / HOOKS_FILE).read_text())}
    extra = project["optional-dependencies"]["replay"]
    brought = rows["evalpolicy-replay"]["additional_dependencies"]
    assert list(map(Requirement, brought)) == list(map(Requirement, sorted(extra)))
    assert [name for name, one in rows.items() if "additional_dependencies" in one] == [
        "evalpolicy-replay"
    ]


def test_a_family_that_comes_brings_its_hook(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "FAMILIES", {**FAMILIES, "SIZ": ("sizes", "sizes")})
    write(tmp_path)
    rows = {one["id"]: one for one in yaml.safe_load((tmp_path / HOOKS_FILE).read_text())}
    assert rows["evalpolicy-sizes"]["entry"] == "evalpolicy-sizes"
    assert (tmp_path / "hooks/evalpolicy-sizes").stat().st_mode & stat.S_IXUSR


def test_a_family_that_goes_takes_its_hook_along(monkeypatch, tmp_path):
    write(tmp_path)
    monkeypatch.setattr(catalogue, "FAMILIES", {})
    assert "hooks/evalpolicy-labels" in write(tmp_path)
    assert not (tmp_path / "hooks/evalpolicy-labels").exists()
    assert write(tmp_path) == []


def test_a_message_goes_to_its_option_behind_the_arguments_of_the_configuration():
    hook = CatalogueHook("x", "X.", ("LBL",), "message")
    assert hook.arguments(["--fail-on", "warning", "MSG"]) == [
        "check", "--staged", "--select", "LBL", "--fail-on", "warning", "--message", "MSG",
    ]  # fmt: skip
    assert hook.arguments([])[-1] == "--message"
    assert yaml.safe_load(row(hook))[0]["pass_filenames"] is True


def test_a_script_judges_the_index_by_its_families_only(tmp_path):
    path = "containers/benchmarks/arc/Dockerfile"
    bad = {**FLEET, path: BENCHMARK.replace('"400"', '"many"')}
    bad[f"{FIXTURES}/arc-0-codex.traces.jsonl"] = "no json\n"
    root = repository(tmp_path / "r", bad)
    (root / path).write_text(BENCHMARK)
    script = (
        'from evalpolicy.frontends.hooks.catalogue import run; run("evalpolicy-labels", ["-q"])'
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert {line.split()[2][:3] for line in done.stdout.splitlines()} <= {"LBL", "REL"}
    assert "LBL003" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="a shebang is for POSIX")
def test_the_installed_script_runs(tmp_path):
    script = Path(sys.executable).parent / "evalpolicy-labels"
    if not script.is_file():
        pytest.skip("evalpolicy is not installed into this interpreter's environment")
    root = repository(tmp_path / "r")
    done = subprocess.run([script, "-q"], cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("how", [[], ["-a"]])
def test_a_hook_for_a_fleet_below_the_top(tmp_path, linked, how):
    """git gives a hook in a linked worktree GIT_DIR, which moves the top to where `-C` leads."""
    files = {f"my fleet/{path}": text for path, text in FLEET.items()}
    root = repository(tmp_path / "r", {**files, "my fleet/evalpolicy.toml": ""})
    hook = root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nexec {sys.executable} -m evalpolicy -C 'my fleet' check --staged -q\n"
    )
    hook.chmod(0o755)
    if linked:
        git(root, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "linked"))
        root = tmp_path / "linked"
    path = "containers/benchmarks/arc/Dockerfile"
    (root / "my fleet" / path).write_text(BENCHMARK.replace('"400"', '"many"'))
    git(root, "add", "-A")
    done = subprocess.run(
        ["git", "commit", "-m", "x", *how], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert said.startswith(f"{path}:5:7: error: LBL003")
    assert len(said.splitlines()) == 1
    (root / "my fleet" / path).write_text(BENCHMARK + "# mended\n")
    git(root, "add", "-A")
    git(root, "commit", "-m", "x", *how)
