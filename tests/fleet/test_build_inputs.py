"""The id of a benchmark's build inputs is git's own tree id of exactly these files."""

from __future__ import annotations

import os

import pytest
from tests.fleets import DOCKERFILES, git, repository, write

from evalpolicy.fleet.build_inputs import build_inputs, build_inputs_id
from evalpolicy.snapshot import open_snapshot

ARC = "containers/benchmarks/arc"
INPUTS = {
    f"{ARC}/grade.sh": "exit 0\n",
    f"{ARC}/data/a.json": "{}",
    f"{ARC}/data.json": "{}",
    f"{ARC}/data/deep/ünï code": "x",
}
OTHERS = {
    f"{ARC}/README.md": "words",
    f"{ARC}/docs/AUDIT.md": "words",
    f"{ARC}/compose.yaml": "services: {}",
    f"{ARC}/compose.gpu.yml": "services: {}",
    f"{ARC}/.gitignore": "out/\n",
}


def id_of(root, folder=ARC, **how):
    with open_snapshot(root, **how) as snapshot:
        return build_inputs_id(snapshot, folder)


def in_git(root):
    repository(root, DOCKERFILES | INPUTS)
    (root / ARC / "run.sh").write_text("exit 0\n")
    os.chmod(root / ARC / "run.sh", 0o755)
    (root / ARC / "link").symlink_to("data/a.json")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "inputs")
    return root


@pytest.mark.parametrize("how", [{}, {"staged": True}, {"revision": "HEAD"}])
def test_it_is_what_git_says_wherever_it_is_read(tmp_path, how):
    root = in_git(tmp_path)
    assert id_of(root, **how) == git(root, "rev-parse", f"HEAD:{ARC}").strip()


def test_in_a_repository_with_sha256(tmp_path):
    git(tmp_path, "init", "-q", "--object-format=sha256", "-b", "main")
    root = in_git(tmp_path)
    assert id_of(root) == git(root, "rev-parse", f"HEAD:{ARC}").strip()
    assert len(id_of(root)) == 64


def test_outside_of_git_it_is_the_same(tmp_path):
    root = in_git(tmp_path / "in")
    files = DOCKERFILES | INPUTS
    out = write(tmp_path / "out", files)
    write(out, {f"{ARC}/run.sh": "exit 0\n"})
    os.chmod(out / ARC / "run.sh", 0o755)
    (out / ARC / "link").symlink_to("data/a.json")
    assert id_of(out) == id_of(root)


def test_what_changes_no_image_changes_nothing(tmp_path):
    root = in_git(tmp_path)
    before = id_of(root)
    write(root, OTHERS)
    assert id_of(root) == before
    with open_snapshot(root) as snapshot:
        assert not set(build_inputs(snapshot, ARC)) & set(OTHERS)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root, {f"{ARC}/grade.sh": "exit 1\n"}),
        lambda root: write(root, {f"{ARC}/new": ""}),
        lambda root: os.unlink(root / ARC / "data.json"),
        lambda root: os.chmod(root / ARC / "grade.sh", 0o755),
        lambda root: (os.unlink(root / ARC / "link"), (root / ARC / "link").symlink_to("x")),
        lambda root: os.rename(root / ARC / "data.json", root / ARC / "date.json"),
    ],
)
def test_every_change_of_an_input_is_seen(tmp_path, change):
    root = in_git(tmp_path)
    before = id_of(root)
    change(root)
    after = id_of(root)
    assert after != before
    git(root, "add", "-A")
    assert id_of(root, staged=True) == after


def test_a_folder_that_moves_keeps_it(tmp_path):
    root = in_git(tmp_path)
    before = id_of(root)
    (root / "benchmarks").mkdir()
    git(root, "mv", ARC, "benchmarks/arc")
    assert id_of(root, "benchmarks/arc") == before
