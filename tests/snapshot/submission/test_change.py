"""What lies between two states, with real git: names, renames, merges, clones that lack history."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from tests.fleets import git, write
from tests.submissions import MESSAGE, commit, start, submission

from evalpolicy.errors import NotCheckedError, UsageError
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.submission import event as events
from evalpolicy.snapshot.submission.asked import SubmissionOptions, read_event
from evalpolicy.snapshot.submission.change import Comparison, PathChange

LONG = "".join(f"line {number}\n" for number in range(40))


def compared(root: Path, base: str = "main", **how: object) -> Comparison:
    with (
        open_snapshot(root, **how) as snapshot,  # type: ignore[arg-type]  # any of open_snapshot's options
        SubmissionOptions(base=base).change(root, snapshot) as change,
    ):
        assert change.comparison is not None
        assert change.comparison.conflicts is not None
        assert change.comparison.upstream is not None
        return change.comparison


def told(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(c.status, c.old_path, c.path) for c in comparison.changes]


class TestPaths:
    BEFORE = {"kept": "k\n", "was": LONG, "gone": "g\n", "edited": "1\n", "exact": "e" * 99}  # noqa: RUF012  # read only
    AFTER = {"kept": "k\n", "is": LONG + "x\n", "edited": "2\n", "moved": "e" * 99, "new": "n\n"}  # noqa: RUF012  # read only
    CHANGES = [  # noqa: RUF012  # read only
        ("modified", "edited", "edited"),
        ("deleted", "gone", "gone"),
        ("renamed", "was", "is"),
        ("renamed", "exact", "moved"),
        ("added", "new", "new"),
    ]

    def test_of_a_commit(self, tmp_path):
        submission(tmp_path, self.BEFORE, self.AFTER)
        found = compared(tmp_path, revision="work")
        assert told(found) == self.CHANGES
        assert [c.path for c in found.changes if c.same_content] == ["moved"]

    def test_of_the_index(self, tmp_path):
        submission(tmp_path, self.BEFORE, self.BEFORE)
        for path in ("was", "gone", "exact"):
            (tmp_path / path).unlink()
        write(tmp_path, self.AFTER)
        git(tmp_path, "add", "-A")
        (tmp_path / "new").write_text("not staged\n")
        (tmp_path / "late").write_text("not staged\n")
        assert told(compared(tmp_path, staged=True)) == self.CHANGES

    def test_of_the_worktree_with_files_that_are_not_tracked(self, tmp_path):
        ignoring = {**self.BEFORE, ".gitignore": "junk\n"}
        submission(tmp_path, ignoring, ignoring)
        (tmp_path / "gone").unlink()
        write(tmp_path, {"edited": "2\n", "new": "n\n", "junk": "j\n"})
        assert told(compared(tmp_path)) == [
            ("modified", "edited", "edited"),
            ("deleted", "gone", "gone"),
            ("added", "new", "new"),
        ]

    def test_a_file_that_git_forgot_but_the_disk_holds_was_modified(self, tmp_path):
        submission(tmp_path, self.BEFORE, self.BEFORE)
        git(tmp_path, "rm", "-q", "--cached", "edited", "kept")
        write(tmp_path, {"edited": "2\n"})
        assert told(compared(tmp_path)) == [("modified", "edited", "edited")]

    def test_a_time_alone_is_no_change(self, tmp_path):
        submission(tmp_path, self.BEFORE, self.BEFORE)
        os.utime(tmp_path / "kept", (1, 1))
        assert told(compared(tmp_path)) == []

    def test_what_git_lfs_wrote_in_place_of_a_pointer_is_no_change(self, tmp_path):
        """No filter runs: whether the content is what the pointer names is worked out."""
        content = b"x" * 5000
        digest = sha256(content).hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 5000\n"
        before = {".gitattributes": "*.bin filter=lfs\n", "a.bin": pointer, "b.bin": pointer}
        submission(tmp_path, before, before)
        write(tmp_path, {"a.bin": content, "b.bin": content + b"y"})
        assert told(compared(tmp_path)) == [("modified", "b.bin", "b.bin")]

    @pytest.mark.parametrize("line_ends", ["configuration", "attributes"])
    def test_line_ends_that_git_changes_are_no_change(self, tmp_path, line_ends):
        before = {"a": "1\n2\n", "b": "1\n2\n"}
        if line_ends == "attributes":
            before[".gitattributes"] = "* text eol=crlf\n"
        submission(tmp_path, before, before)
        if line_ends == "configuration":
            git(tmp_path, "config", "core.autocrlf", "true")
        write(tmp_path, {"a": b"1\r\n2\r\n", "b": b"1\r\n3\r\n"})
        assert told(compared(tmp_path)) == [("modified", "b", "b")]

    @pytest.mark.parametrize("kind", ["sha256", "split index", "sparse index"])
    def test_other_forms_of_a_repository(self, tmp_path, kind):
        if kind == "sha256":
            git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256")
        before = {**self.BEFORE, "empty": "", "d/e/f": "1\n"}
        submission(tmp_path, before, before, upstream={**before, "kept": "theirs\n"})
        if kind == "split index":
            git(tmp_path, "update-index", "--split-index")
        if kind == "sparse index":
            git(tmp_path, "sparse-checkout", "set", "--cone", "--sparse-index", "other")
        write(tmp_path, {"edited": "2\n", "kept": "ours\n", "meant": "m\n"})
        git(tmp_path, "add", "-N", "meant")
        expected = [("modified", name, name) for name in ("edited", "kept")]
        assert told(compared(tmp_path)) == [*expected, ("added", "meant", "meant")]
        git(tmp_path, "add", "edited", "kept")
        assert told(compared(tmp_path, staged=True)) == expected
        git(tmp_path, "commit", "-qm", "ours", "edited", "kept")
        found = compared(tmp_path, revision="HEAD")
        assert told(found) == expected
        assert [c.path for c in found.conflicts] == ["kept"]

    @pytest.mark.parametrize("name", ["a b", "a\nb", "ü\t%", "\udcff.txt", ":(top)x", "-n"])
    def test_names(self, tmp_path, name):
        submission(tmp_path, {"x": "1\n"}, {"x": "1\n"})
        with open(os.fsencode(tmp_path / name), "wb") as file:
            file.write(b"n\n")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", "names")
        for how in ({"revision": "work"}, {"staged": True}, {}):
            assert told(compared(tmp_path, **how)) == [("added", name, name)]

    def test_what_the_user_configured_changes_nothing(self, tmp_path):
        submission(tmp_path, self.BEFORE, self.AFTER)
        for key, value in (
            ("diff.renames", "false"),
            ("diff.renameLimit", "1"),
            ("diff.noprefix", "true"),
            ("log.showSignature", "true"),
            ("diff.external", "false"),
            ("diff.relative", "true"),
            ("color.ui", "always"),
        ):
            git(tmp_path, "config", key, value)
        assert told(compared(tmp_path, revision="work")) == self.CHANGES
        assert told(compared(tmp_path, staged=True)) == self.CHANGES

    def test_only_what_lies_in_the_fleets_folder(self, tmp_path):
        config = {"sub/evalpolicy.toml": ""}
        submission(
            tmp_path,
            {**config, "top": "1\n", "sub/a": LONG, "sub/b": "b" * 99},
            {**config, "top": "2\n", "sub/a": LONG + "x\n", "out": "b" * 99},
        )
        folder = tmp_path / "sub"
        for how in ({"revision": "work"}, {"staged": True}, {}):
            assert told(compared(folder, **how)) == [("modified", "a", "a"), ("deleted", "b", "b")]


class TestHistory:
    def test_three_dots_leave_out_what_the_base_did(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "1\n", "b": "2\n"}, upstream={"a": "3\n"})
        found = compared(tmp_path, revision="work")
        assert told(found) == [("added", "b", "b")]
        assert [c.path for c in found.upstream] == ["a"]
        assert found.conflicts == ()

    def test_commits_are_those_of_the_submission_oldest_first(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"}, upstream={"a": "1\n", "m": "m\n"})
        commit(tmp_path, {"a": "3\n"}, "second\n\nbody ü\n")
        git(tmp_path, "merge", "-q", "--no-edit", "main")
        with (
            open_snapshot(tmp_path) as snapshot,
            SubmissionOptions(base="main").change(tmp_path, snapshot) as change,
        ):
            assert [c.subject for c in change.commits] == [
                MESSAGE.partition("\n")[0],
                "second",
                "Merge branch 'main' into work",
            ]
            assert [c.is_merge for c in change.commits] == [False, False, True]
            assert change.commits[1].message == "second\n\nbody ü\n"
            assert change.commits[1].author_email == "test@example.org"

    def test_a_detached_head(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        git(tmp_path, "checkout", "-q", "--detach")
        assert told(compared(tmp_path)) == [("modified", "a", "a")]

    def test_a_linked_worktree(self, tmp_path):
        root = submission(tmp_path / "one", {"a": "1\n"}, {"a": "2\n"}, upstream={"a": "3\n"})
        git(root, "worktree", "add", "-q", "--detach", str(tmp_path / "two words"), "work")
        found = compared(tmp_path / "two words")
        assert [c.path for c in found.conflicts] == ["a"]

    def test_a_repository_without_a_commit(self, tmp_path):
        start(tmp_path)
        write(tmp_path, {"a": "1\n"})
        with pytest.raises(NotCheckedError, match="HEAD"):
            compared(tmp_path, base="HEAD")

    def test_an_unknown_base(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        with pytest.raises(NotCheckedError, match="fetch-depth: 0"):
            compared(tmp_path, base="origin/main")

    def test_a_base_that_is_an_option(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        with pytest.raises(NotCheckedError):
            compared(tmp_path, base="--all")

    def test_histories_without_a_common_commit(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        git(tmp_path, "checkout", "-q", "--orphan", "other")
        commit(tmp_path, {"a": "9\n"})
        with pytest.raises(NotCheckedError, match="no common ancestor"):
            compared(tmp_path)

    def test_outside_git(self, tmp_path):
        write(tmp_path, {"a": "1\n"})
        with open_snapshot(tmp_path) as snapshot, pytest.raises(NotCheckedError, match="not in"):
            SubmissionOptions(base="main").change(tmp_path, snapshot)


class TestShallow:
    @pytest.fixture
    def origin(self, tmp_path):
        root = submission(tmp_path / "origin", {"a": "1\n"}, {"a": "1\n", "b": "1\n"})
        for number in range(2, 5):
            commit(root, {"a": "1\n", "b": f"{number}\n"}, f"work {number}\n")
        git(root, "checkout", "-q", "main")
        commit(root, {"a": "2\n"}, "main 2\n")
        return root

    def clone(self, origin: Path, *options: str) -> Path:
        target = origin.parent / "clone"
        git(origin.parent, "clone", "-q", *options, f"file://{origin}", str(target))
        return target

    def test_without_the_merge_base(self, origin):
        target = self.clone(origin, "--depth=2", "--no-single-branch", "--branch=work")
        with pytest.raises(NotCheckedError, match=r"shallow.*fetch-depth: 0"):
            compared(target, base="origin/main")

    def test_without_the_base(self, origin):
        target = self.clone(origin, "--depth=2", "--branch=work")
        with pytest.raises(NotCheckedError, match=r"shallow.*fetch-depth: 0"):
            compared(target, base="origin/main")

    def test_cut_between_the_base_and_the_submission(self, origin):
        """The base is the merge base and there, but commits of a second line are cut off."""
        git(origin, "checkout", "-q", "work")
        git(origin, "merge", "-q", "--no-edit", "main")
        target = self.clone(origin, "--depth=3", "--no-single-branch", "--branch=work")
        with pytest.raises(NotCheckedError, match="history ends at"):
            compared(target, base="origin/main")

    def test_deep_enough_is_judged(self, origin):
        target = self.clone(origin, "--depth=5", "--no-single-branch", "--branch=work")
        git(origin, "checkout", "-q", "work")
        commit(origin, {"a": "1\n", "b": "5\n"}, "work 5\n")
        (target.parent / "deep").mkdir()
        git(target.parent, "clone", "-q", "--depth=6", "--no-single-branch", "--branch=work",
            f"file://{origin}", "deep/clone")  # fmt: skip
        assert told(compared(target.parent / "deep/clone", base="origin/main")) == [
            ("added", "b", "b")
        ]

    def test_an_event_whose_commits_are_not_there(self, origin, tmp_path):
        target = self.clone(origin, "--depth=1", "--branch=work")
        asked = SubmissionOptions(event=events.Event("pull_request", "c" * 40, "d" * 40, commits=4))
        with pytest.raises(NotCheckedError, match=r"of 4 commits.*shallow.*fetch-depth: 0"):
            asked.head(target)
        with open_snapshot(target) as snapshot, pytest.raises(NotCheckedError, match="the base"):
            asked.change(target, snapshot)


class TestMerging:
    def test_a_conflict_points_at_the_submissions_side(self, tmp_path):
        lines = LONG.splitlines(keepends=True)
        mine = "".join([*lines[:20], "mine\n", *lines[21:]])
        theirs = "".join(["above\n", *lines[:20], "theirs\n", *lines[21:]])
        submission(tmp_path, {"a b": LONG}, {"a b": mine}, upstream={"a b": theirs})
        [conflict] = compared(tmp_path, revision="work").conflicts
        assert (conflict.path, conflict.span.line) == ("a b", 21)
        assert "CONFLICT" in conflict.kind

    def test_of_two_conflicts_in_a_file_it_points_at_the_first(self, tmp_path):
        def text(first, second):
            between = "".join(f"{n}\n" for n in range(20))
            return f"{between}{first}{between}{second}{between}"

        before, upstream = {"a": text("x\n", "x\n")}, {"a": text("y\n", "y\n")}
        submission(tmp_path, before, {"a": text("mine\n", "mine too\n")}, upstream=upstream)
        [conflict] = compared(tmp_path, revision="work").conflicts
        assert conflict.span.line == 21

    def test_deleted_on_one_side(self, tmp_path):
        submission(tmp_path, {"a": "1\n", "b": "1\n"}, {"a": "2\n", "b": "1\n"}, upstream={"b": "1\n"})  # fmt: skip # noqa: E501 - one row a case
        [conflict] = compared(tmp_path, revision="work").conflicts
        assert conflict.path == "a"
        assert "modify/delete" in conflict.kind

    def test_each_file_has_its_own_kind_of_conflict(self, tmp_path):
        """git writes numbers between the names; a file may be called like one."""
        before = {"0": "1\n", "1": "1\n", "2": "1\n", "b": "1\n"}
        upstream = {"0": "3\n", "2": "3\n", "b": "1\n"}
        submission(tmp_path, before, {**before, "0": "2\n", "1": "2\n", "2": "2\n"}, upstream=upstream)  # fmt: skip # noqa: E501 - one row a case
        conflicts = compared(tmp_path, revision="work").conflicts
        assert [(c.path, c.kind) for c in conflicts] == [
            ("0", "CONFLICT (contents)"),
            ("1", "CONFLICT (modify/delete)"),
            ("2", "CONFLICT (contents)"),
        ]

    def test_names_with_newlines(self, tmp_path):
        submission(tmp_path, {"a\nb": "1\n"}, {"a\nb": "2\n"}, upstream={"a\nb": "3\n"})
        assert [c.path for c in compared(tmp_path).conflicts] == ["a\nb"]

    @pytest.mark.parametrize("name", ["a:b", 'a "b"', "a\\b", "a b"])
    def test_a_repository_in_a_folder_with_a_hard_name(self, tmp_path, name):
        root = submission(tmp_path / name, {"a": "1\n"}, {"a": "2\n"}, upstream={"a": "3\n"})
        found = compared(root)
        assert ([c.path for c in found.conflicts], found.problems) == (["a"], [])

    def test_nothing_is_written_into_the_repository(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"}, upstream={"a": "3\n"})
        before = sorted(str(p) for p in (tmp_path / ".git").rglob("*"))
        compared(tmp_path)
        assert sorted(str(p) for p in (tmp_path / ".git").rglob("*")) == before

    def test_an_absent_object_is_a_problem_with_its_reason(self, tmp_path):
        submission(tmp_path, {"a": LONG}, {"a": f"x\n{LONG}"}, upstream={"a": f"y\n{LONG}"})
        blob = git(tmp_path, "rev-parse", "work:a").strip()
        (tmp_path / ".git/objects" / blob[:2] / blob[2:]).unlink()
        found = compared(tmp_path, revision="work")
        [(path, problem)] = found.problems
        assert path == "a"
        assert f"a (object {blob[:12]}) is not in this clone" in problem.message
        assert found.conflicts == ()

    def test_renames_that_need_an_absent_object_are_a_problem(self, tmp_path):
        submission(tmp_path, {"a": LONG, "m": "m" * 99}, {"b": LONG + "x\n", "n": "m" * 99})
        blob = git(tmp_path, "rev-parse", "main:a").strip()
        (tmp_path / ".git/objects" / blob[:2] / blob[2:]).unlink()
        found = compared(tmp_path, revision="work")
        assert told(found) == [("deleted", "a", "a"), ("added", "b", "b"), ("renamed", "m", "n")]
        assert "renames" in found.problems[0][1].message

    def test_a_git_that_is_too_old_is_a_problem(self, tmp_path, monkeypatch):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"}, upstream={"a": "3\n"})
        real = subprocess.run

        def old(arguments, **how):
            if "merge-tree" in arguments:
                said = b"usage: git merge-tree <base-tree> <branch1> <branch2>\n"
                return subprocess.CompletedProcess(arguments, 129, b"", said)
            return real(arguments, **how)

        monkeypatch.setattr(subprocess, "run", old)
        assert "2.38" in compared(tmp_path).problems[0][1].message


def test_the_number_of_processes_does_not_grow(tmp_path, monkeypatch):
    def counted(root: Path, commits: int) -> int:
        submission(root, {"a": "1\n"}, {"a": "2\n"}, upstream={"a": "3\n"})
        for number in range(commits):
            commit(root, {f"f{n}": f"{number}\n" for n in range(commits * 5)})
        started = []
        real = subprocess.Popen.__init__

        def note(self, *arguments, **how):
            started.append(arguments)
            real(self, *arguments, **how)

        with monkeypatch.context() as patch:
            patch.setattr(subprocess.Popen, "__init__", note)
            compared(root)
        return len(started)

    assert counted(tmp_path / "small", 1) == counted(tmp_path / "large", 6)


class TestAsked:
    def test_a_message_and_an_event_exclude_each_other(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        asked = SubmissionOptions(message="m", event=events.Event("push", "a" * 40, "b" * 40))
        with open_snapshot(tmp_path) as snapshot, pytest.raises(UsageError, match="exclude"):
            asked.change(tmp_path, snapshot)

    def test_a_new_branch_is_compared_with_the_default_branch(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        head = git(tmp_path, "rev-parse", "work").strip()
        asked = SubmissionOptions(event=events.Event("push", head, None, default_branch="main"))
        with (
            open_snapshot(tmp_path, revision=head) as snapshot,
            asked.change(tmp_path, snapshot) as change,
        ):
            assert change.comparison is not None
            assert change.comparison.changes == (PathChange("modified", "a", "a"),)

    def test_a_new_branch_without_the_default_branch(self, tmp_path):
        submission(tmp_path, {"a": "1\n"}, {"a": "2\n"})
        asked = SubmissionOptions(
            event=events.Event("push", "a" * 40, None, default_branch="trunk")
        )
        with open_snapshot(tmp_path) as snapshot, pytest.raises(NotCheckedError, match="--base"):
            asked.change(tmp_path, snapshot)

    def test_an_event_that_is_none(self, tmp_path):
        (tmp_path / "event.json").write_text("{}")
        with pytest.raises(NotCheckedError, match=r"event\.json: not an event"):
            read_event(str(tmp_path / "event.json"))

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(NotCheckedError, match="cannot be read"):
            read_event(str(tmp_path / "event.json"))
