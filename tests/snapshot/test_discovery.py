"""Which repository a folder belongs to: git is real, and agrees or is refused."""

from __future__ import annotations

import os
import shutil

import pytest
from tests.fleets import FLEET, git, repository, write

from evalpolicy.errors import NotCheckedError
from evalpolicy.frontends.action.checkout import refuse_other
from evalpolicy.snapshot import git as repositories
from evalpolicy.snapshot import open_snapshot


def top(folder):
    found = repositories.locate(folder)
    return found and found.top


@pytest.fixture
def root(tmp_path):
    return repository(tmp_path / "r")


@pytest.fixture
def checked_out(root):
    """A submodule's checkout in `root`."""
    repository(root.parent / "sub", {"f": "1"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", "../sub", "s")
    git(root, "commit", "-qm", "sub")
    return root / "s"


def bare(place):
    """What makes a bare repository, and nothing that a commit could not hold."""
    return write(
        place,
        {"HEAD": "ref: refs/heads/main\n", "objects/k": "", "refs/k": "", "config": "[core]\n"},
    )


class TestLegitimate:
    def test_a_folder_of_a_clone(self, root):
        assert top(root) == top(root / "containers/benchmarks") == root

    def test_a_submodule(self, root, checked_out):
        assert top(checked_out) == checked_out
        assert set(open_snapshot(checked_out).entries) == {"f"}

    def test_a_linked_worktree_below_the_main_one(self, root):
        git(root, "worktree", "add", "-q", "--detach", "trees/one")
        assert top(root / "trees/one/containers") == root / "trees/one"

    def test_a_clone_in_an_ignored_folder(self, root):
        write(root, {".gitignore": "scratch\n"})
        inner = repository(root / "scratch/clone", {"f": "1"})
        assert top(inner) == inner
        assert not [path for path in open_snapshot(root).entries if path.startswith("scratch")]

    @pytest.mark.parametrize("below", ["", "refs/heads"])
    def test_a_bare_clone_of_its_own(self, root, tmp_path, below):
        git(tmp_path, "clone", "-q", "--bare", "r", "b.git")
        seen = open_snapshot(tmp_path / "b.git" / below, revision="main")
        assert set(seen.entries) == set(FLEET)

    def test_a_bare_clone_in_a_worktree_that_was_named(self, root, monkeypatch):
        git(root, "clone", "-q", "--bare", ".", "b.git")
        monkeypatch.setenv("GIT_DIR", str(root / "b.git"))
        assert set(open_snapshot(root / "b.git", revision="main").entries) == set(FLEET)

    def test_git_dir_and_work_tree_that_were_named(self, root, tmp_path, monkeypatch):
        os.rename(root / ".git", tmp_path / "store")
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "store"))
        monkeypatch.setenv("GIT_WORK_TREE", str(root))
        assert top(root / "containers") == root
        assert set(open_snapshot(root / "containers", staged=True).entries) == set(FLEET)

    def test_a_ceiling(self, root, monkeypatch):
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root))
        assert top(root) == root
        assert top(root / "containers") is None

    def test_a_link_to_a_folder_of_a_clone(self, root, tmp_path):
        os.symlink(root / "containers", tmp_path / "link")
        assert top(tmp_path / "link") == root

    def test_a_folder_outside_of_git(self, tmp_path):
        assert top(write(tmp_path / "plain", {"HEAD": "x", "objects": "", "refs/x": ""})) is None


class TestRefused:
    @pytest.mark.parametrize("start", ["evals", "evals/below/deep"])
    @pytest.mark.parametrize("tracked", [True, False])
    def test_a_bare_repository_among_the_files(self, root, start, tracked):
        bare(root / "evals")
        (root / start).mkdir(parents=True, exist_ok=True)
        if tracked:
            git(root, "add", "-A")
        with pytest.raises(NotCheckedError, match="bare repository inside"):
            repositories.locate(root / start)
        assert top(root) == root

    def test_a_bare_repository_in_a_submodule_or_behind_a_link(self, root, checked_out, tmp_path):
        bare(checked_out / "evals")
        os.symlink(checked_out / "evals", tmp_path / "link")
        with pytest.raises(NotCheckedError, match="a bare repository inside"):
            repositories.locate(tmp_path / "link")

    def test_within_a_git_folder(self, root, checked_out):
        for place in (".git", ".git/hooks", ".git/modules/s"):
            with pytest.raises(NotCheckedError, match="inside a git directory"):
                repositories.locate(root / place)

    @pytest.mark.parametrize("content", [b"", b"gitdir: nowhere\n", b"\xff\0", b"gitdir: ..\n"])
    def test_a_git_file_that_leads_to_no_repository(self, root, content):
        write(root, {"evals/f": "", "evals/.git": content})
        with pytest.raises(NotCheckedError, match="does not point"):
            repositories.locate(root / "evals")

    def test_a_git_folder_that_is_none(self, root):
        (root / "evals/.git").mkdir(parents=True)
        with pytest.raises(NotCheckedError, match="does not point"):
            repositories.locate(root / "evals")

    def test_a_head_that_git_does_not_take(self, root):
        (root / ".git/HEAD").write_text("no reference")
        with pytest.raises(NotCheckedError, match="git cannot open"):
            repositories.locate(root)

    @pytest.mark.parametrize("place", ["/etc", "..", "containers"])
    def test_a_worktree_that_lies_elsewhere(self, root, place):
        git(root, "config", "core.worktree", str(root / place))
        with pytest.raises(NotCheckedError, match=r"core\.worktree"):
            repositories.locate(root)

    def test_a_variable_that_names_another_worktree(self, root, tmp_path, monkeypatch):
        monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
        with pytest.raises(NotCheckedError, match="GIT_WORK_TREE"):
            repositories.locate(root)


class TestAction:
    def test_the_workspace_or_a_checkout_below_it(self, root, tmp_path):
        for workspace, folder in (
            (root, root),
            (root, root / "containers"),
            (tmp_path, root / "containers"),
            (root, repository(root / "second", {"f": "1"})),
        ):
            refuse_other(workspace, folder)

    def test_no_repository_at_all(self, tmp_path):
        refuse_other(tmp_path, write(tmp_path / "plain", {"f": "1"}))

    def test_not_a_submodule(self, root, checked_out):
        with pytest.raises(NotCheckedError, match="submodule"):
            refuse_other(root, checked_out)

    def test_not_what_is_around_the_workspace(self, root):
        with pytest.raises(NotCheckedError, match="checked out"):
            refuse_other(root / "containers", root / "containers/agents")

    def test_not_a_bare_one(self, root, tmp_path):
        git(tmp_path, "clone", "-q", "--bare", "r", "b.git")
        with pytest.raises(NotCheckedError, match="checked out"):
            refuse_other(tmp_path, tmp_path / "b.git")

    def test_a_linked_worktree_as_workspace(self, root, tmp_path):
        git(root, "worktree", "add", "-q", "--detach", tmp_path / "tree")
        refuse_other(tmp_path / "tree", tmp_path / "tree/containers")
        shutil.rmtree(root / ".git/worktrees")
        with pytest.raises(NotCheckedError, match="does not point"):
            refuse_other(tmp_path / "tree", tmp_path / "tree")
