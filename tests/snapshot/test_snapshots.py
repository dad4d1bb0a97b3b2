"""Worktree, index, commit and folder hold the same for the same content; git is real."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.fleets import FLEET, git, repository, write

from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.snapshot import Unreadable
from evalpolicy.snapshot import open_snapshot as opening
from evalpolicy.snapshot.git import Objects, locate
from evalpolicy.snapshot.model import decode_path

ODD_NAMES = [
    "a file",
    'quo"te',
    "new\nline",
    "tab\there",
    "back\\slash",
    "ünïcode",
    decode_path(b"latin-\xe9"),
    "-dash",
    "$(touch x)",
]


OPEN = []


@pytest.fixture(autouse=True)
def close_them():
    yield
    while OPEN:
        OPEN.pop().close()


def open_snapshot(*place, **how):
    OPEN.append(opening(*place, **how))
    return OPEN[-1]


def contents(snapshot):
    return dict(snapshot.read_many(snapshot.entries))


def states(root):
    """The three snapshots of a repository whose worktree is clean."""
    return [
        open_snapshot(root),
        open_snapshot(root, staged=True),
        open_snapshot(root, revision="HEAD"),
    ]


def test_all_three_hold_the_same_for_the_same_content(tmp_path):
    files = {f"d/{name}": f"content of {name}".encode("utf-8", "surrogateescape")
             for name in ODD_NAMES}  # fmt: skip
    root = repository(tmp_path, files)
    seen = [(contents(s), {p: s.size(p) for p in s.entries}) for s in states(root)]
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == files


def test_folders_and_below_agree_with_the_entries(tmp_path):
    snapshot = open_snapshot(write(tmp_path, {"a/b/c": "1", "a/d": "2", "a.b": "3"}))
    assert snapshot.folders == {"": ("a", "a.b"), "a": ("b", "d"), "a/b": ("c",)}
    assert snapshot.below("a") == ["a/b/c", "a/d"]
    assert snapshot.below("") == ["a/b/c", "a/d", "a.b"]


def test_a_folder_with_a_leading_dot_is_listed_and_what_version_control_keeps_is_not(tmp_path):
    files = {".ci/a": "1", "x/.ci/.b/c": "2", ".git-hooks/d": "3", ".gitignore": ""}
    kept = {".hg/a": "", "x/.svn/b": "", ".jj/c": ""}
    outside = write(tmp_path / "folder", {**files, **kept})
    assert set(open_snapshot(outside).entries) == set(files)
    for snapshot in states(repository(tmp_path / "git", files)):
        assert set(snapshot.entries) == set(files)
        assert snapshot.folders["x"] == (".ci",)


def test_the_number_of_processes_does_not_grow_with_the_files(tmp_path, monkeypatch):
    import subprocess

    started = []
    popen = subprocess.Popen.__init__

    def counting(self, *args, **kwargs):
        started.append(args[0])
        popen(self, *args, **kwargs)

    monkeypatch.setattr(subprocess.Popen, "__init__", counting)
    counts = []
    for number in (3, 300):
        root = repository(tmp_path / str(number), {f"f{n}": f"{n}" for n in range(number)})
        started.clear()
        for snapshot in states(root):
            with snapshot:
                contents(snapshot)
                [snapshot.size(path) for path in snapshot.entries]
        counts.append(len(started))
    assert counts[0] == counts[1] <= 12


def test_the_index_is_not_the_worktree(tmp_path):
    root = repository(tmp_path)
    path = "containers/benchmarks/arc/Dockerfile"
    write(root, {path: "FROM staged\n"})
    git(root, "add", path)
    write(
        root, {path: "FROM worktree\n", "untracked": "u", "ignored": "i", ".gitignore": "ignored\n"}
    )
    os.remove(root / "containers/agents/codex/Dockerfile")
    worktree, index, commit = states(root)
    assert worktree.read(path) == b"FROM worktree\n"
    assert index.read(path) == b"FROM staged\n"
    assert commit.read(path) == FLEET[path].encode()
    gone = "containers/agents/codex/Dockerfile"
    assert set(worktree.entries) == (set(FLEET) - {gone}) | {"untracked", ".gitignore"}
    assert set(index.entries) == set(commit.entries) == set(FLEET)


def test_a_commit_is_read_from_a_bare_repository(tmp_path):
    repository(tmp_path / "a")
    git(tmp_path, "clone", "-q", "--bare", "a", "b.git")
    assert set(open_snapshot(tmp_path / "b.git", revision="main").entries) == set(FLEET)
    with pytest.raises(NotCheckedError, match="--rev"):
        open_snapshot(tmp_path / "b.git")


def test_links_are_followed_within_the_snapshot_and_never_out_of_it(tmp_path):
    outside = write(tmp_path / "outside", {"secret": "s"})
    root = repository(tmp_path / "r", {"real": "content"})
    for name, target in {
        "good": "real",
        "chain": "good",
        "up": "../outside/secret",
        "absolute": str(outside / "secret"),
        "dangling": "nowhere",
        "circle": "circle",
    }.items():
        os.symlink(target, root / name)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "links")
    for snapshot in states(root):
        assert snapshot.read("good") == snapshot.read("chain") == b"content"
        for name, why in {
            "up": "leads out",
            "absolute": "leads out",
            "dangling": "not in this snapshot",
            "circle": "circle",
        }.items():
            with pytest.raises(Unreadable, match=why):
                snapshot.read(name)
            assert snapshot.size(name) is None


def test_a_submodule_is_listed_and_cannot_be_read(tmp_path):
    repository(tmp_path / "sub")
    root = repository(tmp_path / "r", {"a": "1"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", "../sub", "s")
    git(root, "commit", "-qm", "sub")
    for snapshot in states(root):
        assert "s" in snapshot.entries
        with pytest.raises(Unreadable, match="submodule"):
            snapshot.read("s")


def test_sizes_beside_objects_that_were_promised_and_cannot_be_fetched(tmp_path):
    root = repository(tmp_path / "whole", {name: name * size for size, name in enumerate("abcdef")})
    oids = [git(root, "rev-parse", f"HEAD:{name}").strip() for name in "abcdef"]
    git(root, "config", "uploadpack.allowFilter", "true")
    git(root, "config", "uploadpack.allowAnySHA1InWant", "true")
    words = ("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{root}", "part")
    git(tmp_path, *words)
    for oid in (oids[0], oids[3], oids[5]):
        git(tmp_path / "part", "cat-file", "-e", oid)
    root.rename(tmp_path / "gone")
    part = locate(tmp_path / "part")
    assert part is not None
    assert Objects(part).sizes(oids) == {oids[0]: 0, oids[3]: 3, oids[5]: 5}


def test_a_sparse_checkout_is_read_from_the_index(tmp_path):
    root = repository(tmp_path)
    git(root, "sparse-checkout", "set", "--cone", "containers/agents")
    assert not (root / "containers/benchmarks").exists()
    worktree, index, commit = states(root)
    assert contents(worktree) == contents(index) == contents(commit)


def lose(root, path):
    """Takes the object of a tracked file out of the store, as a partial clone would lack it."""
    oid = git(root, "rev-parse", f"HEAD:{path}").strip()
    file = root / ".git/objects" / oid[:2] / oid[2:]
    file.chmod(0o600)
    file.unlink()


def test_an_absent_object_is_a_fact_about_one_file(tmp_path):
    root = repository(tmp_path, {f"f{n}": f"content {n}" for n in range(5)})
    lose(root, "f2")
    for snapshot in states(root)[1:]:
        found = contents(snapshot)
        assert isinstance(found.pop("f2"), Unreadable)
        assert found == {f"f{n}": b"content %d" % n for n in (0, 1, 3, 4)}
        assert snapshot.size("f2") is None
        with pytest.raises(Unreadable, match="object"):
            b"".join(snapshot.stream("f2"))
    # In a worktree the file is there; once it is not, nobody can know that it was deleted.
    assert open_snapshot(root).read("f2") == b"content 2"
    (root / "f2").unlink()
    (root / "f3").unlink()
    worktree = open_snapshot(root)
    assert set(worktree.entries) == {"f0", "f1", "f2", "f4"}
    with pytest.raises(Unreadable, match="object"):
        worktree.read("f2")


def test_a_partial_clone_is_not_asked_for_the_rest(tmp_path):
    source = repository(tmp_path / "source", {"a": "1", "b": "2"})
    git(source, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none",
        f"file://{source}", "clone")  # fmt: skip
    snapshot = open_snapshot(tmp_path / "clone", revision="HEAD")
    assert [type(content) for content in contents(snapshot).values()] == [Unreadable] * 2
    assert [snapshot.size(path) for path in snapshot.entries] == [None, None]


def test_streams_hold_the_content(tmp_path):
    root = repository(tmp_path, {"big": b"x" * 3_000_000})
    for snapshot in states(root):
        pieces = list(snapshot.stream("big", 1 << 20))
        assert b"".join(pieces) == b"x" * 3_000_000
        assert max(map(len, pieces)) <= 1 << 20


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFOs there")
def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    snapshot = open_snapshot(tmp_path)
    assert set(snapshot.entries) == {"fifo"}
    with pytest.raises(Unreadable, match="FIFO"):
        snapshot.read("fifo")
    os.symlink("/dev/zero", tmp_path / "device")
    with pytest.raises(Unreadable, match="leads out"):
        open_snapshot(tmp_path).read("device")


def test_a_folder_that_a_link_replaced_holds_nothing(tmp_path):
    root = repository(tmp_path / "r", {"a/b/f": "1", "a/g": "2"})
    os.rename(root / "a/b", tmp_path / "outside")
    os.symlink(tmp_path / "outside", root / "a/b")
    seen = set(open_snapshot(root).entries)
    git(root, "add", "--all")
    assert seen == set(open_snapshot(root, staged=True).entries) == {"a/b", "a/g"}


@pytest.mark.skipif(sys.platform != "linux", reason="setpriv is of Linux")
@pytest.mark.parametrize("tracked", [True, False], ids=["worktree", "folder"])
def test_a_folder_that_may_not_be_read_is_no_empty_one(tmp_path, tracked):
    files = {**FLEET, "containers/benchmarks/arc/Dockerfile": "FROM scratch\n"}
    root = (repository if tracked else write)(tmp_path / "r", files)
    folder = root / "containers/benchmarks/arc"
    folder.chmod(0)
    # Root may read everything; without these capabilities it is as anybody else.
    meek = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if not os.getuid() else []
    try:
        done = subprocess.run(
            [*meek, sys.executable, "-m", "evalpolicy", "check", "--no-cache"],
            cwd=root, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        folder.chmod(0o755)
    assert done.returncode == 3
    assert "permission denied" in " ".join((done.stdout + done.stderr).split())
    assert "internal error" not in done.stderr


def test_a_tracked_file_that_became_a_fifo(tmp_path):
    root = repository(tmp_path)
    path = "containers/benchmarks/arc/Dockerfile"
    (root / path).unlink()
    os.mkfifo(root / path)
    with pytest.raises(Unreadable, match="FIFO"):
        open_snapshot(root).read(path)
    assert open_snapshot(root, staged=True).read(path) == FLEET[path].encode()


def test_the_root_is_the_nearest_folder_with_a_configuration(tmp_path):
    files = {"a/evalpolicy.toml": "", "a/b/file": "1", "other": "2"}
    root = repository(tmp_path / "r", files)
    for how in ({}, {"staged": True}, {"revision": "HEAD"}):
        snapshot = open_snapshot(root / "a/b", **how)
        assert (snapshot.prefix, set(snapshot.entries)) == ("a/", {"evalpolicy.toml", "b/file"})
        assert snapshot.read("b/file") == b"1"
        assert set(open_snapshot(root, **how).entries) == set(files)
    outside = write(tmp_path / "plain", files)
    assert set(open_snapshot(outside / "a/b").entries) == {"evalpolicy.toml", "b/file"}


def test_what_is_only_intended_is_not_in_the_commit(tmp_path):
    root = repository(tmp_path, {"a": "1", "empty": ""})
    write(root, {"intended": "text", "staged empty": ""})
    git(root, "add", "--intent-to-add", "intended")
    git(root, "add", "staged empty")
    write(root, {"staged empty": "not empty any more"})
    found = set(open_snapshot(root, staged=True).entries)
    git(root, "commit", "-qm", "what the index holds")
    assert found == set(open_snapshot(root, revision="HEAD").entries)
    assert found == {"a", "empty", "staged empty"}
    assert "intended" in open_snapshot(root).entries


def test_unmerged_files_are_not_judged(tmp_path):
    root = repository(tmp_path, {"f": "base\n"})
    git(root, "checkout", "-qb", "other")
    write(root, {"f": "other\n"})
    git(root, "commit", "-qam", "other")
    git(root, "checkout", "-q", "main")
    write(root, {"f": "main\n"})
    git(root, "commit", "-qam", "main")
    with pytest.raises(Exception, match="merge"):
        git(root, "merge", "-q", "other")
    assert b"<<<<<<<" in open_snapshot(root).read("f")
    with pytest.raises(NotCheckedError, match="unmerged"):
        list(open_snapshot(root, staged=True).entries)


@pytest.mark.parametrize("revision", ["nothing", "--help", "HEAD:f", "", "HEAD^{tree}"])
def test_an_unknown_revision_is_wrong_usage(tmp_path, revision):
    root = repository(tmp_path, {"f": "1"})
    with pytest.raises(UsageError, match="is not a commit"):
        open_snapshot(root, revision=revision)


def test_git_refuses(tmp_path):
    root = repository(tmp_path)
    (root / ".git/config").write_text("[core]\nrepositoryformatversion = 99\n")
    with pytest.raises(NotCheckedError, match="git"):
        open_snapshot(root)


def test_reading_stops_at_a_limit(tmp_path):
    snapshot = open_snapshot(write(tmp_path, {"f": "12345"}))
    assert snapshot.read("f", 5) == b"12345"
    with pytest.raises(Unreadable, match="5 bytes"):
        snapshot.read("f", 4)


def test_ids_name_content(tmp_path):
    root = repository(tmp_path, {"a": "same", "b": "same", "c": "other"})
    for snapshot in states(root):
        ids = [snapshot.blob_id(path) for path in "abc"]
        assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("name", ["a\u2028b", "a\x1cb", "a b"])
def test_a_repository_may_stand_in_any_folder(tmp_path, name):
    root = repository(tmp_path / name)
    with open_snapshot(root) as snapshot:
        assert "containers/benchmarks/arc/Dockerfile" in snapshot.entries
