"""Fixes: what they change, what they leave, and how they reach the disk."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fleets import git, repository, write
from tests.reporters.sample import finding

from evalpolicy.__main__ import main
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.engine.fixing import apply
from evalpolicy.engine.fixing.diff import unified
from evalpolicy.errors import NotCheckedError
from evalpolicy.policy.edits import edited, overlap
from evalpolicy.policy.fix import Edit, Fix
from evalpolicy.policy.rule import Hit

DOCKERFILE = "containers/benchmarks/arc/Dockerfile"
HEAD = 'FROM python:3.12-slim\nLABEL eval.type="benchmark"\n'


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    def make(text, path=DOCKERFILE):
        root = repository(tmp_path / "fleet", {path: text, DOCKERFILE: text})
        monkeypatch.chdir(root)
        monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "cache"))
        return root / path

    return make


def text_of(content):
    return content if isinstance(content, bytes) else content.encode()


# What a Dockerfile says, what is left after `--fix`, and after `--fix --unsafe-fixes`.
CASES = {
    "LBL004, in double quotes": (
        'LABEL eval.benchmark.name="x" a=b\n', 'LABEL eval.benchmark.name="arc" a=b\n', None),
    "LBL004, in single quotes": (
        "LABEL eval.benchmark.name='x'\n", "LABEL eval.benchmark.name='arc'\n", None),
    "LBL004, without": ("LABEL eval.benchmark.name=x\n", "LABEL eval.benchmark.name=arc\n", None),
    "LBL004, an old form": (
        "LABEL eval.benchmark.name x\n", "LABEL eval.benchmark.name arc\n", None),
    "LBL004, in a continuation": (
        'LABEL a=b \\\n  # why\n  eval.benchmark.name="x" \\\n  c=d\n',
        'LABEL a=b \\\n  # why\n  eval.benchmark.name="arc" \\\n  c=d\n', None),
    "LBL004, a variable": (
        'ARG N=x\nLABEL eval.benchmark.name="$N"\n', 'ARG N=x\nLABEL eval.benchmark.name="$N"\n',
        None),
    "LBL004, half in quotes": (
        'LABEL eval.benchmark.name=a"b"\n', "LABEL eval.benchmark.name=arc\n", None),
    "LBL006, a whole line": (
        "# before\nLABEL eval.benchmark.tasks=1\n# between\nLABEL eval.benchmark.tasks=2\n",
        "# before\n# between\nLABEL eval.benchmark.tasks=2\n", None),
    "LBL006, three times": (
        "LABEL a.b=1\nLABEL a.b=1\nLABEL a.b=1\n", "LABEL a.b=1\n", None),
    "LBL006, one of two in a line": (
        "LABEL a.b=1 c=2\nLABEL a.b=3\n", "LABEL a.b=1 c=2\nLABEL a.b=3\n", None),
    "LBL006, over two lines": (
        "LABEL a.b=1 \\\n\nLABEL a.b=3\n", "LABEL a.b=1 \\\n\nLABEL a.b=3\n", None),
    "LBL005 is a guess": (
        'LABEL eval.benchmark.task="1"\n', 'LABEL eval.benchmark.task="1"\n',
        'LABEL eval.benchmark.tasks="1"\n'),
    "LBL005, the right one is there": (
        "LABEL eval.benchmark.task=1 eval.benchmark.tasks=2\n",
        "LABEL eval.benchmark.task=1 eval.benchmark.tasks=2\n", None),
    "EVP001, a line": (
        "# evalpolicy: ignore[LBL006] why\nRUN x\n", "RUN x\n", None),
    "EVP001, one of two": (
        "# evalpolicy: ignore[LBL006, LBL005] why\nLABEL eval.benchmark.qqqqqqqqq=1\n",
        "# evalpolicy: ignore[LBL005] why\nLABEL eval.benchmark.qqqqqqqqq=1\n", None),
    "EVP001, at the end of the file": (
        "RUN x\n# evalpolicy: ignore[LBL006] why", "RUN x\n", None),
    "all at once": (
        'LABEL eval.benchmark.name="y"\nLABEL eval.benchmark.name="x"\n'
        "# evalpolicy: ignore[REL001] why\nRUN x\n",
        'LABEL eval.benchmark.name="arc"\nRUN x\n', None),
}  # fmt: skip


@pytest.mark.parametrize(("before", "safe", "unsafe"), list(CASES.values()), ids=list(CASES))
@pytest.mark.parametrize(("end", "mark"), [("\n", ""), ("\r\n", "\ufeff")], ids=["LF", "CR LF"])
class TestRules:
    def test_a_fix(self, fleet, before, safe, unsafe, end, mark):
        self.run(fleet, before, safe, ["--fix"], end, mark)

    def test_an_unsafe_fix(self, fleet, before, safe, unsafe, end, mark):
        self.run(fleet, before, unsafe or safe, ["--fix", "--unsafe-fixes"], end, mark)

    def run(self, fleet, before, after, options, end, mark):
        file = fleet((mark + HEAD + before).replace("\n", end))
        main(["check", "-q", *options])
        assert file.read_bytes() == (mark + HEAD + after).replace("\n", end).encode()
        stamp = file.stat().st_mtime_ns
        main(["check", "-q", *options])
        assert file.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "mark"])
@pytest.mark.parametrize(
    "line", ["# syntax=docker/dockerfile:1", "#escape=`", " # check = skip=all"]
)
@pytest.mark.parametrize("options", [["--fix"], ["--fix", "--unsafe-fixes"]], ids=" ".join)
def test_no_fix_turns_a_comment_into_a_directive(fleet, line, options, mark):
    text = f"{mark}# evalpolicy: ignore[LBL006] why\n{line}\n{HEAD}"
    file = fleet(text)
    main(["check", "-q", *options])
    assert file.read_bytes() == text.encode()


MENDABLE = HEAD + 'LABEL eval.benchmark.name="x"\n'


class TestCommand:
    def test_the_report_is_of_what_is_left(self, fleet, capfd):
        fleet(MENDABLE)
        main(["check", "-q", "--select", "LBL004"])
        assert main(["check", "-q", "--select", "LBL004", "--fix"]) == 0
        assert "fixed 1 finding in 1 file" in capfd.readouterr().err

    def test_a_diff_changes_nothing_and_git_applies_it(self, fleet, capfdbinary):
        file = fleet(MENDABLE + "# é\x1b end")
        before = file.read_bytes()
        assert main(["check", "--diff", "--select", "LBL004,EVP"]) == 1
        diff = capfdbinary.readouterr().out
        assert file.read_bytes() == before
        subprocess.run(["git", "apply", "-"], input=diff, check=True, cwd=file.parents[3])
        assert file.read_bytes() == before.replace(b'"x"', b'"arc"')

    def test_a_diff_of_nothing_is_empty(self, fleet, capfdbinary):
        fleet(HEAD)
        main(["check", "--diff"])
        assert capfdbinary.readouterr().out == b""

    def test_a_diff_and_a_report_in_a_file(self, fleet, capfdbinary):
        file = fleet(MENDABLE)
        assert main(["check", "--diff", "--select", "LBL004", "--format", "text=r.txt"]) == 1
        assert b"LBL004" in (file.parents[3] / "r.txt").read_bytes()
        assert capfdbinary.readouterr().out.startswith(b"diff --git a/containers/")

    def test_only_what_is_reported_is_mended(self, fleet):
        file = fleet(MENDABLE, "containers/benchmarks/brc/Dockerfile")
        main(["check", "--fix", "containers/benchmarks/arc"])
        assert file.read_text() == MENDABLE
        main(["check", "--fix", "--ignore", "LBL004"])
        assert file.read_text() == MENDABLE

    def test_what_is_suppressed_is_not_mended(self, fleet):
        text = MENDABLE.replace("LABEL eval.b", "# evalpolicy: ignore[LBL004] so\nLABEL eval.b")
        file = fleet(text)
        main(["check", "--fix", "--select", "LBL004,EVP"])
        assert file.read_text() == text

    @pytest.mark.parametrize("mode", [0o755, 0o600, 0o664])
    def test_the_mode_stays(self, fleet, mode):
        file = fleet(MENDABLE)
        file.chmod(mode)
        main(["check", "--fix"])
        assert '"arc"' in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == mode
        assert [path.name for path in file.parent.iterdir()] == ["Dockerfile"]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--fix", "--staged"], "--fix only works on the worktree"),
            (["--diff", "--rev", "HEAD"], "--diff only works on the worktree"),
            (["--fix", "--diff"], "cannot be used together"),
            (["--unsafe-fixes"], "needs --fix or --diff"),
        ],
    )
    def test_wrong_usage(self, fleet, capfd, options, said):
        file = fleet(MENDABLE)
        assert main(["check", *options]) == 2
        assert said in capfd.readouterr().err
        assert file.read_text() == MENDABLE

    def test_a_link_is_not_followed(self, fleet, capfd, tmp_path):
        file = fleet(MENDABLE)
        real = file.with_name("real")
        file.rename(real)
        file.symlink_to("real")
        assert main(["check", "--fix"]) == 3
        assert "a symbolic link" in capfd.readouterr().out
        assert real.read_text() == MENDABLE
        assert file.is_symlink()

    def test_outside_git(self, tmp_path, monkeypatch):
        write(tmp_path, {DOCKERFILE: MENDABLE})
        monkeypatch.chdir(tmp_path)
        main(["check", "--fix"])
        assert '"arc"' in (tmp_path / DOCKERFILE).read_text()

    def test_a_unit_from_the_cache_is_mended_as_well(self, fleet):
        file = fleet(MENDABLE)
        main(["check", "-q"])
        main(["check", "-q", "--fix"])
        assert '"arc"' in file.read_text()


class TestWriting:
    def test_a_file_that_changed_meanwhile_is_left(self, tmp_path):
        write(tmp_path, {"a": "new", "b": "old"})
        with pytest.raises(NotCheckedError, match="cannot fix a: it changed while"):
            apply.write(str(tmp_path), {"a": b"old", "b": b"old"}, {"a": b"x", "b": b"x"})
        assert (tmp_path / "a").read_text() == "new"
        assert (tmp_path / "b").read_text() == "x"

    def test_a_folder_that_leads_out_of_the_tree(self, tmp_path):
        inside = write(tmp_path / "in", {"x": ""})
        write(tmp_path / "out", {"a": "old"})
        (inside / "link").symlink_to(tmp_path / "out")
        with pytest.raises(NotCheckedError, match="cannot fix link/a: link is a symbolic link"):
            apply.write(str(inside), {"link/a": b"old"}, {"link/a": b"x"})
        assert (tmp_path / "out" / "a").read_text() == "old"

    def test_a_write_protected_file_is_left(self, tmp_path, monkeypatch):
        write(tmp_path, {"a": "old"})
        (tmp_path / "a").chmod(0o444)
        monkeypatch.setattr(os, "access", lambda *_, **__: False)
        with pytest.raises(NotCheckedError, match="cannot fix a: write-protected"):
            apply.write(str(tmp_path), {"a": b"old"}, {"a": b"x"})
        assert (tmp_path / "a").read_text() == "old"

    def test_a_link_is_refused_even_if_it_leads_nowhere_else(self, tmp_path):
        write(tmp_path, {"a": "old"})
        (tmp_path / "l").symlink_to("a")
        with pytest.raises(NotCheckedError, match="cannot fix l: l is a symbolic link"):
            apply.write(str(tmp_path), {"l": b"old"}, {"l": b"x"})

    def test_of_fixes_that_overlap_the_first_is_made_and_equal_ones_once(self):
        def proposed(*edits, safe=True):
            fix = Fix(tuple(edits), safe)
            return finding(fix=fix)

        first = proposed(Edit(Span.at(1, 1, 4), "x"))
        second = proposed(Edit(Span.at(1, 3, 4), "y"), Edit(Span.at(9), "z"))
        third = proposed(Edit(Span.at(9), "w"))
        elsewhere = proposed(Edit(Span.at(1, 1, 4), "x", "other"))
        chosen = apply.compatible([first, second, first, third, elsewhere], unsafe=False)
        assert [pair[0] for pair in chosen] == [first, third, elsewhere]


class TestEdits:
    @pytest.mark.parametrize(
        ("text", "edits", "after"),
        [
            ("abc\n", [(Span.at(1, 2), "X")], "aXc\n"),
            ("abc\n", [(Span.at(1, 2, 0), "X")], "aXbc\n"),
            ("a\nb\nc", [(Span(2, 1, 3, 1), "")], "a\nc"),
            ("a\nb", [(Span(2, 1, 3, 1), "")], "a\n"),
            ("a\r\nb\r\n", [(Span(1, 2, 1, 2), "\nx")], "a\r\nx\r\nb\r\n"),
            ("\ufeffabc", [(Span.at(1, 1), "X")], "\ufeffXbc"),
            ("a\u2028b\x0cc", [(Span.at(1, 5), "X")], "a\u2028b\x0cX"),
            ("abc", [(Span.at(1, 3), "Z"), (Span.at(1, 1), "X")], "XbZ"),
            ("", [(Span(1, 1, 1, 1), "x")], "x"),
        ],
    )
    def test_text(self, text, edits, after):
        made = [Edit(span, replacement) for span, replacement in edits]
        assert edited(text.encode(), made) == after.encode()

    @pytest.mark.parametrize(
        "span", [Span.at(0), Span.at(3), Span.at(1, 9), Span(2, 1, 1, 1), Span(1, 0, 1, 1)]
    )
    def test_outside_of_the_text(self, span):
        with pytest.raises(ValueError, match=r"does not exist|before it starts"):
            edited(b"ab\ncd", [Edit(span, "")])

    def test_overlapping(self):
        with pytest.raises(ValueError, match="overlap"):
            edited(b"abcd", [Edit(Span.at(1, 1, 2), ""), Edit(Span.at(1, 2, 2), "")])

    @given(st.binary(max_size=40), st.integers(1, 4), st.integers(1, 6), st.integers(0, 3))
    def test_bytes_outside_of_the_span_stay(self, content, line, column, length):
        span = Span.at(line, column, length)
        try:
            gone = edited(content, [Edit(span, "")])
            put = edited(content, [Edit(span, "X")])
        except ValueError:
            return
        assert put.replace(b"X", b"", 1) == gone or b"X" in content

    def test_overlap(self):
        assert overlap(Span.at(1, 1, 3), Span.at(1, 3, 1))
        assert overlap(Span.at(1, 3, 1), Span(1, 1, 2, 1))
        assert overlap(Span(1, 1, 1, 1), Span(1, 1, 1, 1))
        assert not overlap(Span.at(1, 1, 2), Span.at(1, 3, 1))
        assert not overlap(Span(1, 1, 2, 1), Span.at(2, 1))


def test_a_fix_survives_the_cache():
    fix = Fix((Edit(Span(1, 2, 3, 4), "x", "other"), Edit(Span.at(9), "")), safe=False)
    hit = Hit("a", "m", Span.at(3), fix=fix, cause="c")
    assert Hit.from_row("a", hit.row) == hit
    assert Hit.from_row("a", Hit("a", "m").row).fix is None


def test_git_applies_a_diff_of_strange_names_and_ends(tmp_path):
    before = {'a "b"\t\\é.txt': b"1\n2\n3", "plain": b"x", "s p": b"a\r\nb\r\n", "n": b"1\n"}
    after = {'a "b"\t\\é.txt': b"1\n2\n", "plain": b"x\n", "s p": b"a\r\nc\r\n", "n": b""}
    root = repository(tmp_path, before)
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        input=unified(before, after), check=True, cwd=root,
    )  # fmt: skip
    assert {path: Path(root, path).read_bytes() for path in after} == after
    assert git(root, "status", "--short").count("\n") == 4
