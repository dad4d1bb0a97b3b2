"""The hooks under real pre-commit and real prek, with real git: what the index holds counts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fleets import BENCHMARK, FLEET, git, repository, write

ROOT = Path(__file__).parents[2]
ARC = "containers/benchmarks/arc/Dockerfile"
GOOD = BENCHMARK
BAD = BENCHMARK.replace('"400"', '"many"')

pytestmark = pytest.mark.xdist_group("hooks")


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """This checkout as a repository of its own: what is in the worktree now is what is judged."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    root = tmp_path_factory.mktemp("published")
    for path in filter(None, listed.split("\0")):
        if (ROOT / path).is_file():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, root / path)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A", "-f")
    git(root, *AUTHOR, "commit", "-q", "-m", "as it is")
    return root


AUTHOR = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")


@pytest.fixture(scope="session")
def homes(tmp_path_factory):
    """Where the managers keep the environments: built once a session."""
    return {
        "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit")),
        "PREK_HOME": str(tmp_path_factory.mktemp("prek")),
    }


@pytest.fixture(
    params=[
        pytest.param("pre-commit", marks=pytest.mark.engine("pre-commit")),
        pytest.param("prek", marks=pytest.mark.engine("prek")),
    ]
)
def managed(request, tmp_path, published, homes, need_engine, monkeypatch):
    """`managed(files, *ids)` gives a repository with the hooks installed by their manager."""
    manager = shutil.which(request.param, path=os.pathsep.join(_places()))
    if manager is None:
        need_engine(f"{request.param} is not on PATH")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in homes.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", os.pathsep.join(_places()))

    def make(files, *ids, first=True):
        root = tmp_path / "fleet"
        rows = "".join(f"      - id: {id}\n" for id in ids or ("evalpolicy-labels",))
        revision = git(published, "rev-parse", "HEAD").strip()
        config = f"repos:\n  - repo: {published}\n    rev: {revision}\n    hooks:\n{rows}"
        files = {**files, ".pre-commit-config.yaml": config}
        if first:
            repository(root, files)
        else:
            root.mkdir()
            git(root, "init", "-q", "-b", "main")
            git(root, "config", "user.name", "Test")
            git(root, "config", "user.email", "test@example.org")
            write(root, files)
        types = ("-t", "pre-commit", "-t", "pre-merge-commit", "-t", "commit-msg")
        subprocess.run([str(manager), "install", *types], cwd=root, check=True, capture_output=True)
        return root

    return make


def _places():
    return [str(Path(sys.executable).parent), *os.environ["PATH"].split(os.pathsep)]


def commit(root, *arguments):
    """`git commit`: whether it was made, and all that was printed."""
    done = subprocess.run(
        ["git", "commit", "-m", "try", *arguments],
        cwd=root, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return done.returncode == 0, done.stdout + done.stderr


def test_a_bad_commit_is_stopped_with_its_finding_and_the_mended_one_passes(managed):
    root = managed(FLEET)
    write(root, {ARC: BAD})
    git(root, "add", "-A")
    made, said = commit(root)
    assert not made
    assert ARC in said
    assert "LBL003" in said
    write(root, {ARC: GOOD + "# mended\n"})
    git(root, "add", "-A")
    assert commit(root)[0]


def test_an_unstaged_mistake_does_not_stop_a_good_index(managed):
    root = managed(FLEET)
    write(root, {"README.md": "staged\n"})
    git(root, "add", "README.md")
    write(root, {ARC: BAD, "containers/benchmarks/new/Dockerfile": "FROM scratch\n"})
    made, said = commit(root)
    assert made, said
    assert (root / ARC).read_text() == BAD


def test_a_staged_mistake_does_not_hide_behind_a_good_worktree(managed):
    root = managed(FLEET)
    write(root, {ARC: BAD})
    git(root, "add", "-A")
    write(root, {ARC: GOOD})
    made, said = commit(root)
    assert not made
    assert "LBL003" in said
    assert (root / ARC).read_text() == GOOD


def test_commits_with_an_index_of_their_own(managed):
    """`commit -a` and `commit PATH` have git write the commit from another index file."""
    root = managed(FLEET)
    write(root, {ARC: BAD})
    assert "LBL003" in commit(root, "-a")[1]
    made, said = commit(root, ARC)
    assert not made
    assert "LBL003" in said
    write(root, {"containers/agents/codex/README.md": "new\n"})
    git(root, "add", "containers/agents")
    made, said = commit(root, "containers/agents/codex/README.md")
    assert made, said


def test_the_first_commit(managed):
    root = managed({**FLEET, ARC: BAD}, first=False)
    git(root, "add", "-A")
    made, said = commit(root)
    assert not made
    assert "LBL003" in said
    write(root, {ARC: GOOD})
    git(root, "add", "-A")
    made, said = commit(root)
    assert made, said


def test_a_linked_worktree(managed, tmp_path):
    root = managed(FLEET)
    linked = tmp_path / "linked"
    git(root, "worktree", "add", "-q", "-b", "topic", str(linked))
    write(linked, {ARC: BAD})
    git(linked, "add", "-A")
    made, said = commit(linked)
    assert not made
    assert "LBL003" in said
    write(root, {ARC: BAD})
    write(linked, {ARC: GOOD + "# mended\n"})
    git(linked, "add", "-A")
    made, said = commit(linked)
    assert made, said


def test_a_merge_is_judged_by_what_it_makes(managed):
    root = managed(FLEET)
    git(root, "checkout", "-q", "-b", "topic")
    write(root, {ARC: BAD})
    git(root, "add", "-A")
    git(root, "commit", "-q", "--no-verify", "-m", "bad")
    git(root, "checkout", "-q", "main")
    write(root, {"README.md": "main\n"})
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "main")
    done = subprocess.run(
        ["git", "merge", "--no-edit", "topic"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "LBL003" in done.stdout + done.stderr
    write(root, {ARC: GOOD + "# merged\n"})
    git(root, "add", "-A")
    made, said = commit(root)
    assert made, said
    assert len(git(root, "rev-list", "--parents", "-1", "HEAD").split()) == 3


def test_all_families_on_the_index(managed):
    root = managed(FLEET, "evalpolicy")
    write(root, {ARC: BAD})
    git(root, "add", "-A")
    made, said = commit(root)
    assert not made
    assert "LBL003" in said


def test_a_message_is_judged(managed):
    root = managed(FLEET, "evalpolicy-submission")
    write(root, {"README.md": "x\n"})
    git(root, "add", "-A")
    made, said = commit(root)
    assert not made
    assert "SUB001" in said
    made, said = commit(root, "-s", "-m", "Fixes #12")
    assert made, said


@pytest.mark.engine("pre-commit")
def test_try_repo(tmp_path, published, homes, need_tool, monkeypatch):
    monkeypatch.setenv("PATH", os.pathsep.join(_places()))
    monkeypatch.setenv("PRE_COMMIT_HOME", homes["PRE_COMMIT_HOME"])
    manager = need_tool("pre-commit")
    root = repository(tmp_path / "fleet", {**FLEET, ARC: BAD})
    done = subprocess.run(
        [manager, "try-repo", str(published), "evalpolicy", "--all-files"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "LBL003" in done.stdout
