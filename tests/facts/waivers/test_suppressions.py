"""Suppressions: which comment of which kind of file covers which line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fleets import BENCHMARK, found, git, judge, repository, write

from evalpolicy.__main__ import main
from evalpolicy.artifacts.syntax import comments
from evalpolicy.facts.waivers import suppressions

MARK = "evalpolicy: ignore[LBL009] the label is set by build.sh"


def covered(path, text, dockerfile=False):
    items = suppressions.read(path, text.encode("utf-8", "surrogateescape"), dockerfile=dockerfile)
    return [sorted(item.covers) for item in items]


# The text of a file of this kind, and the lines that each comment in it covers.
KINDS = {
    "yaml, above": ("w.yml", f"a: 1\n# {MARK}\nb: 2\n", [[2, 3]]),
    "yaml, behind": ("w.yaml", f"a: 1 # {MARK}\nb: 2\n", [[1]]),
    "yaml, indented": ("w.yml", f"a:\n  # {MARK}\n  b: 2\n", [[2, 3]]),
    "yaml, in a block scalar": ("w.yml", f"run: |\n  # {MARK}\n  true\n", []),
    "yaml, behind a block scalar": ("w.yml", f"run: |\n  true\n# {MARK}\nb: 1\n", [[3, 4]]),
    "yaml, in quotes": ("w.yml", f'a: "x # {MARK}"\n', []),
    "yaml, in quotes over lines": ("w.yml", f'a: "x\n  # {MARK}\n  y"\n', []),
    "yaml that is none": ("w.yml", f"a: [\n# {MARK}\n\tb: }}\n", []),
    "yaml with CR LF": ("w.yml", f"a: 1\r\n# {MARK}\r\nb: 2\r\n", [[2, 3]]),
    "toml, above": ("c.toml", f"# {MARK}\na = 1\n", [[1, 2]]),
    "toml, behind": ("c.toml", f"a = 'x' # {MARK}\n", [[1]]),
    "toml, in a string": ("c.toml", f'a = "# {MARK}"\n', []),
    "toml, in a long string": ("c.toml", f'a = """\n# {MARK}\n"""\n', []),
    "toml, in a long literal": ("c.toml", f"a = '''\n# {MARK}\n'''\n", []),
    "toml, behind a long string": ("c.toml", f'a = """\nx\n"""\n# {MARK}\n', [[4, 5]]),
    "shell, above": ("build.sh", f"# {MARK}\necho\n", [[1, 2]]),
    "shell, behind": ("build.sh", f"echo \"a\" 'b' # {MARK}\n", [[1]]),
    "shell, in quotes": ("build.sh", f"echo 'a\n# {MARK}\n'\n", []),
    "shell, in double quotes": ("build.sh", f'echo "a\n# {MARK}\n"\n', []),
    "shell, an escaped quote": ("build.sh", f"echo \\' # {MARK}\necho \\'\n", [[1]]),
    "shell, in a heredoc": ("build.sh", f"cat <<EOF\n# {MARK}\nEOF\n", []),
    "shell, behind a heredoc": ("build.sh", f"cat <<'EOF'\n'\nEOF\n# {MARK}\nls\n", [[4, 5]]),
    "shell, an open heredoc": ("build.sh", f"cat <<-EOF\n# {MARK}\n", []),
    "shell, a here-string": ("build.sh", f"cat <<<EOF\n# {MARK}\nls\n", [[2, 3]]),
    "shell, no word of its own": ("build.sh", f"echo a#{MARK}\n", []),
    "hcl, above": ("docker-bake.hcl", f"# {MARK}\ntarget x {{}}\n", [[1, 2]]),
    "hcl, slashes": ("docker-bake.hcl", f'a = "x" // {MARK}\n', [[1]]),
    "hcl, in a string": ("docker-bake.hcl", f'a = "// {MARK}"\n', []),
    "hcl, in a block comment": ("docker-bake.hcl", f"/*\n# {MARK}\n*/\n", []),
    "python, above": ("a.py", f"# {MARK}\nx = 1\n", [[1, 2]]),
    "python, behind": ("a.py", f"x = '#'  # {MARK}\n", [[1]]),
    "python, in a string": ("a.py", f'x = """\n# {MARK}\n"""\n', []),
    "python that is none": ("a.py", f"x = '''\n# {MARK}\n", []),
    "slashes, behind": ("a.go", f"x := 1 // {MARK}\n", [[1]]),
    "slashes, in a raw string": ("a.go", f"x := `\n// {MARK}\n`\n", []),
    "dashes": ("a.sql", f"-- {MARK}\nselect 1;\n", [[1, 2]]),
    "dashes, in a string": ("a.lua", f'x = "-- {MARK}"\n', []),
    "markdown, above": ("README.md", f"<!-- {MARK} -->\ntext\n", [[1, 2]]),
    "markdown, behind": ("README.md", f"text <!-- {MARK} -->\n", [[1]]),
    "markdown, in a fence": ("README.md", f"```\n<!-- {MARK} -->\n```\n", []),
    "markdown, behind a fence": ("README.md", f"~~~\n```\n~~~\n<!-- {MARK} -->\nx\n", [[4, 5]]),
    "markdown, in code": ("README.md", f"say `<!-- {MARK} -->`\n", []),
    "makefile": ("Makefile", f"# {MARK}\nall:\n", [[1, 2]]),
    "requirements": ("requirements.txt", f"# {MARK}\nfoo\n", [[1, 2]]),
    "json has no comments": ("a.json", f"// {MARK}\n{{}}\n", []),
    "json lines have none": ("a.traces.jsonl", f"# {MARK}\n", []),
    "an unknown kind": ("a.bin", f"# {MARK}\n", []),
    "comments above one another": (
        "w.yml",
        f"# {MARK}\n# {MARK}\n# more\na: 1\n",
        [[1, 4], [2, 4]],
    ),
    "an empty line between": ("w.yml", f"# {MARK}\n\na: 1\n", [[1, 2]]),
    "not at its start": ("w.yml", f"# see {MARK}\na: 1\n", []),
    "a byte order mark": ("w.yml", f"\ufeff# {MARK}\na: 1\n", [[1, 2]]),
}
DOCKERFILES = {
    "above": (f"# {MARK}\nFROM a\n", [[1, 2]]),
    "within a continuation": (f"LABEL a=1 \\\n  # {MARK}\n  b=2\n", [[2, 3]]),
    "in a heredoc": (f"FROM a\nRUN <<EOF\n# {MARK}\nEOF\nRUN x\n", []),
    "behind a heredoc": (f"FROM a\nRUN <<EOF\nx\nEOF\n# {MARK}\nRUN x\n", [[5, 6]]),
    "behind two heredocs": (
        f"FROM a\nRUN <<A cat <<B\nx\nA\n# {MARK}\nB\n# {MARK}\nRUN x\n", [[7, 8]]
    ),
    "behind an instruction there are none": (f"FROM a\nRUN x # {MARK}\n", []),
    "in a value": (f'FROM a\nLABEL a="# {MARK}"\n', []),
    "with CR LF": (f"# {MARK}\r\nFROM a\r\n", [[1, 2]]),
    "what looks like a heredoc in a comment": (f"# RUN <<EOF\n# {MARK}\nFROM a\n", [[2, 3]]),
}  # fmt: skip


@pytest.mark.parametrize(("path", "text", "lines"), list(KINDS.values()), ids=list(KINDS))
def test_a_comment_covers(path, text, lines):
    assert covered(path, text) == lines


@pytest.mark.parametrize(("text", "lines"), list(DOCKERFILES.values()), ids=list(DOCKERFILES))
def test_a_comment_of_a_dockerfile_covers(text, lines):
    assert covered("Dockerfile", text, dockerfile=True) == lines


@pytest.mark.parametrize(
    ("words", "selectors", "reason"),
    [
        ("evalpolicy: ignore[LBL009] because", ("LBL009",), "because"),
        ("evalpolicy:ignore[LBL009]: because", ("LBL009",), "because"),
        ("evalpolicy: ignore [LBL009] - because", ("LBL009",), "because"),
        ("evalpolicy: ignore[LBL009,label-empty , REL] x", ("LBL009", "label-empty", "REL"), "x"),
        ("evalpolicy: ignore[LBL009, LBL009] x", ("LBL009",), "x"),
        ("evalpolicy: ignore[LBL009]", ("LBL009",), ""),
        ("evalpolicy: ignore[LBL009]  -- ", ("LBL009",), ""),
        ("evalpolicy: ignore[LBL009] <reason>", ("LBL009",), ""),
        ("evalpolicy: ignore[] x", (), "x"),
        ("evalpolicy: ignore everything", (), "everything"),
    ],
)
def test_words_and_reason(words, selectors, reason):
    (item,) = suppressions.read("a.yml", f"# {words}\n".encode())
    assert (item.selectors, item.reason) == (selectors, reason)


@given(
    st.sampled_from(["a.yml", "a.toml", "a.sh", "a.hcl", "a.py", "a.md", "a.go", "a.sql", "D"]),
    st.text(alphabet="#/-<!>`'\"\\\n\r\t {}[]|EOFa:=$(*~\u2028\x00é", max_size=60),
    st.booleans(),
)
def test_no_text_raises_and_comments_stand_where_they_say(path, text, marked):
    text = text + (f"\n# {MARK}\n" if marked else "")
    for comment in comments.read(path, text, dockerfile=path == "D"):
        line = text.split("\n")[comment.line - 1]
        assert comment.words in line[comment.words_at - 1 : comment.end - 1]
    suppressions.read(path, text.encode(), dockerfile=path == "D")


@given(st.binary(max_size=80))
def test_no_bytes_raise(content):
    for path in ("a.yml", "a.py", "a.sh", "a.md"):
        suppressions.read(path, b"# evalpolicy: ignore[X] y\n" + content)
    suppressions.read("Dockerfile", b"# evalpolicy: ignore[X] y\n" + content, dockerfile=True)


@pytest.mark.parametrize(
    "unit", ['"\\"', "'", "<<A ", "<<EOF\n", "`", "/*", '"""', "<!-- ", "#", "\\", "- |\n #"]
)
def test_no_text_takes_long(unit):
    content = (unit * (suppressions.LIMIT // len(unit) // 16) + f"\n# {MARK}\n").encode()
    for path in ("a.sh", "a.toml", "a.hcl", "a.md", "a.go", "a.py"):
        suppressions.read(path, content)


DOCKERFILE = "containers/benchmarks/arc/Dockerfile"
REPEATED = """\
FROM python:3.12-slim
LABEL eval.benchmark.tasks="1"
LABEL eval.benchmark.tasks="2"
"""
HIDDEN = REPEATED.replace("LABEL", "# evalpolicy: ignore[LBL006] two readers\nLABEL", 1)


def own(report):
    return [(rule, line) for rule, _, line in found(report) if rule[:3] == "EVP"]


class TestInAFleet:
    def test_a_finding_is_hidden_and_counted(self, tmp_path):
        report = judge(repository(tmp_path, {DOCKERFILE: HIDDEN}), "LBL006", "EVP")
        assert found(report) == []
        (waived,) = report.waived
        assert (waived.by, waived.reason) == ("comment", "two readers")
        assert (report.suppressed, report.baselined) == (1, 0)
        assert report.exit_code("note") == 0

    @pytest.mark.parametrize("word", ["LBL006", "lbl006", "label-repeated", "LBL", "labels"])
    def test_an_id_a_name_and_a_family_hide(self, tmp_path, word):
        text = HIDDEN.replace("[LBL006]", f"[{word}]")
        assert found(judge(repository(tmp_path, {DOCKERFILE: text}), "LBL006", "EVP")) == []

    def test_another_rule_is_not_hidden(self, tmp_path):
        text = HIDDEN.replace("[LBL006]", "[LBL005]")
        report = judge(repository(tmp_path, {DOCKERFILE: text}), "LBL", "EVP")
        assert ("LBL006", DOCKERFILE, 3) in found(report)
        assert own(report) == [("EVP001", 2)]

    def test_without_a_reason_nothing_is_hidden(self, tmp_path):
        text = HIDDEN.replace(" two readers", "")
        report = judge(repository(tmp_path, {DOCKERFILE: text}), "LBL006", "EVP")
        assert found(report) == [("EVP002", DOCKERFILE, 2), ("LBL006", DOCKERFILE, 3)]

    @pytest.mark.parametrize("word", ["LBL999", "ALL", "lable-repeated", ""])
    def test_what_is_no_rule_is_said(self, tmp_path, word):
        text = HIDDEN.replace("[LBL006]", f"[{word}]")
        report = judge(repository(tmp_path, {DOCKERFILE: text}), "LBL006", "EVP")
        assert found(report) == [("EVP003", DOCKERFILE, 2), ("LBL006", DOCKERFILE, 3)]

    def test_only_what_ran_can_be_unused(self, tmp_path):
        text = HIDDEN.replace("[LBL006]", "[REL001]")
        root = repository(tmp_path, {DOCKERFILE: text})
        assert own(judge(root, "LBL006", "EVP")) == []
        assert own(judge(root, "LBL006", "REL", "EVP")) == [("EVP001", 2)]
        assert own(judge(root)) == [("EVP001", 2)]

    def test_a_family_is_unused_only_if_all_of_it_ran(self, tmp_path):
        text = HIDDEN.replace("[LBL006]", "[REL]")
        root = repository(tmp_path, {DOCKERFILE: text})
        assert own(judge(root, "REL001", "EVP")) == []
        assert own(judge(root, "REL", "EVP")) == [("EVP001", 2)]

    def test_a_rule_that_is_off_says_nothing_about_its_comment(self, tmp_path):
        files = {DOCKERFILE: HIDDEN, "evalpolicy.toml": '[rules]\nLBL006 = "off"\n'}
        assert own(judge(repository(tmp_path, files))) == []

    @pytest.mark.parametrize("word", ["EVP001", "EVP", "EVP002", "PIN007"])
    def test_findings_about_exceptions_cannot_be_hidden(self, tmp_path, word):
        text = f"# evalpolicy: ignore[{word}] hush\n" + HIDDEN.replace("[LBL006]", "[LBL005]")
        report = judge(repository(tmp_path, {DOCKERFILE: text}), "LBL", "EVP")
        assert own(report) == [("EVP001", 1), ("EVP001", 3)]
        assert "cannot be suppressed" in report.findings[0].message

    def test_problems_are_not_hidden(self, tmp_path):
        text = "# evalpolicy: ignore[LBL] all is well\nFROM\n"
        report = judge(repository(tmp_path, {DOCKERFILE: text}))
        assert report.problems
        assert report.exit_code("never") == 3

    def test_nothing_is_unused_in_a_file_that_could_not_be_read(self, tmp_path):
        text = HIDDEN.replace("[LBL006]", "[LBL005]") + "RUN <<EOF\n"
        report = judge(repository(tmp_path, {DOCKERFILE: text}))
        assert report.problems
        assert "EVP001" not in {finding.rule for finding in report.findings}

    def test_a_comment_counts_for_all_that_is_asked_about(self, tmp_path):
        """Index, commit and worktree say the same, with a cache and without."""
        root = repository(tmp_path, {DOCKERFILE: HIDDEN})
        for how in ({}, {"staged": True}, {"revision": "HEAD"}):
            assert [w.finding.rule for w in judge(root, "LBL006", **how).waived] == ["LBL006"]
        write(root, {DOCKERFILE: REPEATED})
        assert found(judge(root, "LBL006", staged=True)) == []
        git(root, "add", "-A")
        assert found(judge(root, "LBL006", staged=True)) == [("LBL006", DOCKERFILE, 2)]

    def test_without_suppressions_none_is_read(self, tmp_path, monkeypatch, capfd):
        text = HIDDEN + "# evalpolicy: ignore[REL001]\n"
        monkeypatch.chdir(repository(tmp_path, {DOCKERFILE: text}))
        options = ["--select", "LBL006,EVP", "-q", "--fail-on", "warning", "--no-cache"]
        assert main(["check", *options]) == 1
        assert "EVP002" in capfd.readouterr().out
        assert main(["check", *options, "--no-suppressions"]) == 1
        (line,) = capfd.readouterr().out.splitlines()
        assert "LBL006" in line

    @pytest.mark.parametrize(
        ("words", "help"),
        [
            ("ignore[LBL006]", "ignore[LBL006] <the reason>"),
            ("ignore[LBL006, REL]", "ignore[LBL006, REL] <the reason>"),
            ("ignore", "ignore[ID] <the reason>"),
        ],
    )
    def test_without_a_reason_the_help_repeats_what_it_names(self, tmp_path, words, help):
        root = repository(tmp_path, {DOCKERFILE: f"# evalpolicy: {words}\nFROM a:1\n"})
        [finding] = judge(root, "EVP002").findings
        assert finding.help == f"evalpolicy: {help}"

    def test_paths_narrow_what_is_said_of_comments(self, tmp_path, monkeypatch, capfd):
        other = "containers/benchmarks/other/Dockerfile"
        files = dict.fromkeys((DOCKERFILE, other), "# evalpolicy: ignore[LBL006] so\nFROM a\n")
        monkeypatch.chdir(repository(tmp_path, files))
        main(["check", "-q", "--select", "EVP", "--no-cache", "containers/benchmarks/other"])
        (line,) = capfd.readouterr().out.splitlines()
        assert line.startswith(f"{other}:1:1: ")

    def test_a_good_file_stays_good(self, tmp_path):
        report = judge(repository(tmp_path, {DOCKERFILE: BENCHMARK}))
        assert own(report) == []
        assert report.waived == []


@pytest.mark.parametrize("path", ["a.py", "a.yaml"])
def test_comments_of_ordinary_files_are_read_as_before(path: str) -> None:
    text = "a: [\"#\", '#']  # one\n# two\n"
    assert [comment.words.strip() for comment in comments.read(path, text)] == ["one", "two"]
