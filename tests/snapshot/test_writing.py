"""Whatever is written is whole, and lands where it was meant to or nowhere."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest
from tests.fleets import git
from tests.fleets import write as lay_out

from evalpolicy.snapshot import left_behind
from evalpolicy.snapshot.writing import make_folder, open_to_append, write

STALE = ".evalpolicy-0123456789abcdef.tmp"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty repository, with a folder outside of it that nothing may be written to."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q")
    lay_out(tmp_path / "outside", {"file": "precious", "folder/file": "precious"})
    return root


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_behind, "_cleaned", set())


def everything(folder: Path) -> dict[str, bytes | str]:
    """All files and links below a folder, `.git` included."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


class TestWhole:
    def test_content_is_replaced_and_the_mode_kept(self, tmp_path):
        path = tmp_path / "a.jsonl"
        path.write_bytes(b"old")
        path.chmod(0o640)
        write("a.jsonl", b"new", root=tmp_path)
        assert path.read_bytes() == b"new"
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert os.listdir(tmp_path) == ["a.jsonl"]

    @pytest.mark.parametrize(
        ("before", "after", "edited"),
        [
            (0o755, 0o644, 0o755),
            (0o700, 0o600, 0o700),
            (0o4755, 0o644, 0o755),
            (0o600, 0o600, 0o600),
        ],
    )
    def test_only_an_edit_keeps_what_makes_a_file_a_program(self, tmp_path, before, after, edited):
        for keep, wanted in ((False, after), (True, edited)):
            path = tmp_path / "a"
            path.write_bytes(b"old")
            path.chmod(before)
            write("a", b"new", root=tmp_path, keep_executable=keep)
            assert stat.S_IMODE(path.stat().st_mode) == wanted

    def test_a_new_file_gets_what_the_umask_allows(self, tmp_path):
        before = os.umask(0o027)
        try:
            write("new", b"x", root=tmp_path)
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640

    def test_what_is_private_is_never_readable_on_the_way(self, tmp_path, monkeypatch):
        (tmp_path / "a").write_bytes(b"old")
        (tmp_path / "a").chmod(0o600)
        seen = []
        change = os.fchmod
        monkeypatch.setattr(
            os, "fchmod", lambda file, mode: (seen.append(os.fstat(file).st_mode & 0o777),
                                              change(file, mode)),
        )  # fmt: skip
        write("a", b"new", root=tmp_path)
        assert seen == [0o600]

    def test_another_name_of_the_file_keeps_the_old_content(self, tmp_path):
        (tmp_path / "a").write_bytes(b"old")
        os.link(tmp_path / "a", tmp_path / "b")
        write("a", b"new", root=tmp_path)
        assert (tmp_path / "b").read_bytes() == b"old"

    @pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
    def test_when_a_step_fails_the_old_file_is_whole(self, tmp_path, monkeypatch, step):
        path = tmp_path / "a"
        path.write_bytes(b"old")

        def fail(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, step, fail)
        with pytest.raises(OSError, match="No space left"):
            write("a", b"new", root=tmp_path)
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["a"]

    def test_a_full_disk(self, tmp_path):
        """A real limit on the size of a file, which is what a full disk looks like to a writer."""
        import resource
        import signal

        path = tmp_path / "a"
        path.write_bytes(b"old")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
            with pytest.raises(OSError, match="File too large"):
                write("a", b"x" * 100_000, root=tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, before)
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["a"]

    def test_the_content_is_on_the_disk_before_it_is_renamed(self, tmp_path, monkeypatch):
        steps: list[str] = []
        sync, replace = os.fsync, os.replace
        monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("fsync"), sync(handle)))
        monkeypatch.setattr(
            os, "replace", lambda *a, **k: (steps.append("replace"), replace(*a, **k))
        )
        write("a", b"x", root=tmp_path)
        assert steps == ["fsync", "replace", "fsync"]

    def test_what_changed_meanwhile_is_left(self, tmp_path):
        (tmp_path / "a").write_bytes(b"theirs")
        for name in ("a", "gone"):
            with pytest.raises(OSError, match="it changed while"):
                write(name, b"ours", root=tmp_path, expected=b"old")
        assert everything(tmp_path) == {"a": b"theirs"}

    def test_folders_are_made_only_where_that_is_asked_for(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            write("gone/a", b"x", root=tmp_path)
        write("gone/deep/a", b"x", root=tmp_path, make_folders=True)
        assert everything(tmp_path) == {"gone/deep/a": b"x"}


class TestBelowARoot:
    @pytest.mark.parametrize("target", ["../outside/folder", "inner", ".git", ".git/hooks", "/etc"])
    def test_no_folder_on_the_way_is_a_link(self, repository, target):
        (repository / "inner").mkdir()
        (repository / "link").symlink_to(target)
        before = everything(repository.parent)
        for path in ("link/file", "link/deep/file"):
            with pytest.raises(OSError, match="link is a symbolic link"):
                write(path, b"x", root=repository, make_folders=True)
        assert everything(repository.parent) == before

    @pytest.mark.parametrize("target", ["../outside/file", "file", "nowhere", ".git/config"])
    def test_the_file_is_not_a_link(self, repository, target):
        (repository / "file").write_text("old")
        (repository / "link").symlink_to(target)
        before = everything(repository.parent)
        with pytest.raises(OSError, match="link is a symbolic link"):
            write("link", b"x", root=repository)
        assert everything(repository.parent) == before

    def test_a_link_that_takes_the_place_of_a_folder_in_the_middle(self, repository, monkeypatch):
        (repository / "folder").mkdir()
        make = os.mkdir

        def swap(name: str, *rest: int, **more: int) -> None:
            if name == "deep" and not (repository / "folder").is_symlink():
                (repository / "folder").rename(repository / "moved")
                (repository / "folder").symlink_to("../outside/folder")
            make(name, *rest, **more)

        monkeypatch.setattr(os, "mkdir", swap)
        outside = everything(repository.parent / "outside")
        write("folder/deep/file", b"x", root=repository, make_folders=True)
        assert everything(repository.parent / "outside") == outside
        assert (repository / "moved/deep/file").read_bytes() == b"x"

    @pytest.mark.parametrize(
        "path", ["../outside/file", "a/../../outside/file", "/etc/x", "", "a/"]
    )
    def test_no_path_leads_out(self, repository, path):
        (repository / "a").mkdir()
        before = everything(repository.parent)
        with pytest.raises(OSError, match="below the folder"):
            write(path, b"x", root=repository)
        assert everything(repository.parent) == before

    @pytest.mark.parametrize(
        "name",
        [".git", ".GIT", ".Git", "git~1", "GIT~1", ".git ", ".git.", ".git . .", ".g\u200cit",
         ".git::$INDEX_ALLOCATION", "\ufeff.git"],
    )  # fmt: skip
    def test_no_name_of_gits_own_folder(self, repository, name):
        before = everything(repository.parent)
        for path in (f"{name}/hooks/x", f"sub/{name}/config", f"sub/{name}"):
            with pytest.raises(OSError, match="belongs to git"):
                write(path, b"x", root=repository, make_folders=True)
        assert everything(repository.parent) == before

    @pytest.mark.parametrize("name", [".gitignore", ".github/a", "git~10", "a.git/b", ".gitlab/c"])
    def test_names_that_only_begin_alike(self, repository, name):
        write(name, b"x", root=repository, make_folders=True)
        assert (repository / name).read_bytes() == b"x"

    def test_no_git_directory_under_another_name(self, repository, tmp_path):
        git(tmp_path, "init", "-q", "--bare", str(repository / "bare"))
        git(tmp_path, "init", "-q", "--separate-git-dir", str(repository / "store"),
            str(repository / "apart"))  # fmt: skip
        git(
            repository,
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.org",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "first",
        )
        git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
        shown = (tmp_path / "linked/.git").read_text().removeprefix("gitdir: ").strip()
        Path(shown).rename(repository / "admin")
        before = everything(repository)
        for folder in ("bare", "bare/hooks", "store", "store/info/deep", "admin"):
            with pytest.raises(OSError, match="is a git directory"):
                write(f"{folder}/x", b"x", root=repository, make_folders=True)
            if (repository / folder).is_dir():
                with pytest.raises(OSError, match="is a git directory"):
                    write("x", b"x", root=repository / folder)
        assert everything(repository) == before

    def test_the_root_itself_may_be_reached_through_a_link(self, repository, tmp_path):
        (tmp_path / "elsewhere").symlink_to(repository)
        write("a", b"x", root=tmp_path / "elsewhere")
        assert (repository / "a").read_bytes() == b"x"

    @pytest.mark.parametrize("kind", ["folder", "fifo"])
    def test_what_is_not_a_file(self, repository, kind):
        (os.mkdir if kind == "folder" else os.mkfifo)(repository / "a")
        with pytest.raises(OSError, match="not a regular file"):
            write("a", b"x", root=repository)

    def test_bytes_that_are_not_utf8(self, repository):
        write(os.fsdecode(b"\xff"), b"x", root=repository)
        assert b"\xff" in os.listdir(os.fsencode(repository))


class TestNamedByTheUser:
    def test_links_outside_of_a_repository_are_followed(self, tmp_path):
        lay_out(tmp_path / "real", {"old": "old"})
        (tmp_path / "link").symlink_to("real")
        (tmp_path / "file").symlink_to("real/old")
        write(tmp_path / "link" / "a", b"x")
        write(tmp_path / "link" / ".." / "b", b"x")
        write(tmp_path / "file", b"new")
        assert everything(tmp_path) == {
            "link": "real", "file": "real/old", "real/a": b"x", "real/old": b"new", "b": b"x",
        }  # fmt: skip

    @pytest.mark.parametrize("path", ["folder/a", "file", "in/folder/a", "../repository/file"])
    def test_links_in_a_repository_are_not(self, repository, monkeypatch, path):
        (repository / "in").mkdir()
        (repository / "folder").symlink_to("../outside/folder")
        (repository / "in/folder").symlink_to("..")
        (repository / "file").symlink_to("../outside/file")
        before = everything(repository.parent)
        for folder, typed in (
            (repository, path),
            (repository / "in", f"../{path}"),
            (repository.parent, str(repository / path)),
        ):
            monkeypatch.chdir(folder)
            with pytest.raises(OSError, match="is a symbolic link"):
                write(typed, b"x", make_folders=True)
        assert everything(repository.parent) == before

    def test_a_link_to_a_repository_is_followed_and_those_in_it_are_not(self, repository, tmp_path):
        (tmp_path / "way").symlink_to("repository")
        (repository / "out").symlink_to("../outside")
        write(tmp_path / "way" / "a", b"x")
        assert (repository / "a").read_bytes() == b"x"
        with pytest.raises(OSError, match="out is a symbolic link"):
            write(tmp_path / "way" / "out" / "a", b"x")

    @pytest.mark.parametrize("marker", ["evalpolicy.toml", None])
    def test_a_fleet_without_git_counts_as_one(self, tmp_path, monkeypatch, marker):
        root = lay_out(tmp_path / "fleet", {marker or "README.md": ""})
        lay_out(tmp_path / "outside", {"file": "precious"})
        (root / "link").symlink_to("../outside")
        if marker is None:
            monkeypatch.chdir(root)
        with pytest.raises(OSError, match="link is a symbolic link"):
            write(root / "link/file", b"x")
        assert (tmp_path / "outside/file").read_text() == "precious"

    def test_gits_own_folder(self, repository):
        for path in (".git/config", ".git/hooks/pre-commit", ".GIT/x"):
            with pytest.raises(OSError, match="belongs to git"):
                write(repository / path, b"x")

    def test_links_in_a_circle(self, tmp_path):
        (tmp_path / "a").symlink_to("b")
        (tmp_path / "b").symlink_to("a")
        with pytest.raises(OSError, match="cycle"):
            write(tmp_path / "a", b"x")

    def test_a_pipe_outside_of_a_repository_is_written_to(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        read: list[bytes] = []
        reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
        reader.start()
        write(tmp_path / "pipe", b"x")
        reader.join()
        assert read == [b"x"]
        write("/dev/null", b"x")
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)

    def test_an_open_descriptor_is_written_to(self, tmp_path):
        with (tmp_path / "out").open("wb") as out:
            write(f"/dev/fd/{out.fileno()}", b"x")
        assert (tmp_path / "out").read_bytes() == b"x"

    def test_a_folder_that_is_made(self, repository, tmp_path):
        (repository / "link").symlink_to("../outside")
        make_folder(repository / "a/b")
        make_folder(tmp_path / "c/d")
        with pytest.raises(OSError, match="link is a symbolic link"):
            make_folder(repository / "link/deep")
        assert (repository / "a/b").is_dir()
        assert (tmp_path / "c/d").is_dir()
        assert not (tmp_path / "outside/deep").exists()


class TestAppending:
    def test_what_becomes_of_a_file_that_is_there(self, repository):
        file = repository / "log"
        file.write_text("old ")
        with pytest.raises(FileExistsError):
            open_to_append(file, "refuse")
        for existing, content in (("keep", "old new"), ("replace", "new")):
            file.write_text("old ")
            with os.fdopen(open_to_append(file, existing), "ab") as opened:
                opened.write(b"new")
            assert file.read_text() == content

    @pytest.mark.parametrize("existing", ["refuse", "replace", "keep"])
    def test_nothing_outside_of_the_repository_grows(self, repository, existing):
        (repository / "link").symlink_to("../outside/file")
        (repository / "folder").symlink_to("../outside")
        for path in ("link", "folder/new"):
            with pytest.raises(OSError, match="is a symbolic link"):
                open_to_append(repository / path, existing)
        assert not (repository.parent / "outside/new").exists()

    @pytest.mark.parametrize("existing", ["replace", "keep"])
    def test_a_file_with_another_name_is_replaced(self, repository, existing):
        os.link(repository.parent / "outside/file", repository / "log")
        with os.fdopen(open_to_append(repository / "log", existing), "ab") as opened:
            opened.write(b"new")
        assert (repository.parent / "outside/file").read_text() == "precious"


class TestLeftBehind:
    def test_what_a_killed_run_left_goes_with_the_next_write(self, repository):
        lay_out(repository, {STALE: "half", f"deep/{STALE}": "half", ".evalpolicy-1.tmp": "mine"})
        write("a", b"x", root=repository)
        write("deep/a", b"x", root=repository)
        left = {path.name for path in repository.rglob("*") if ".git/" not in str(path)}
        assert left == {".git", "a", "deep", ".evalpolicy-1.tmp"}

    def test_outside_of_git_too(self, tmp_path):
        lay_out(tmp_path, {STALE: "half"})
        write("a", b"x", root=tmp_path)
        assert os.listdir(tmp_path) == ["a"]

    def test_what_is_tracked_stays(self, repository):
        lay_out(repository, {STALE: "somebody's", f"deep/{STALE}": "somebody's"})
        git(repository, "add", "-A")
        write("a", b"x", root=repository)
        write("deep/a", b"x", root=repository)
        assert (repository / STALE).exists()
        assert (repository / "deep" / STALE).exists()

    def test_what_a_run_that_lives_is_writing_stays(self, repository):
        lay_out(repository, {STALE: "half"})
        with (repository / STALE).open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            write("a", b"x", root=repository)
            assert (repository / STALE).exists()

    def test_a_writer_holds_its_file_until_it_has_its_name(self, repository, monkeypatch):
        replace = os.replace
        seen = []

        def watch(beside: str, name: str, **folders: int) -> None:
            with (repository / beside).open() as other, pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            seen.append(beside)
            replace(beside, name, **folders)

        monkeypatch.setattr(os, "replace", watch)
        write("a", b"x", root=repository)
        assert len(seen) == 1

    def test_a_folder_is_looked_through_once(self, repository, monkeypatch):
        listed = []
        listing = os.listdir
        monkeypatch.setattr(os, "listdir", lambda at: (listed.append(at), listing(at))[1])
        for number in range(5):
            write(f"{number}", b"x", root=repository)
        assert len(listed) == 1
