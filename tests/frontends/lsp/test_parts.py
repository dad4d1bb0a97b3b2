"""The parts of the language server that need no editor."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from tests.fleets import BENCHMARK, repository, write
from tests.waiting import wait_until

from evalpolicy.artifacts.syntax.source import START, Span
from evalpolicy.engine.check import check
from evalpolicy.frontends.lsp import judging
from evalpolicy.frontends.lsp.actions import suppression
from evalpolicy.frontends.lsp.addresses import below, joined, path_of, uri_of
from evalpolicy.frontends.lsp.diagnostics import Board
from evalpolicy.frontends.lsp.documents import OpenDocument, OpenDocuments
from evalpolicy.frontends.lsp.judging import NotChecked, fleet_of, judge
from evalpolicy.frontends.lsp.positions import EncodedLines, touch
from evalpolicy.frontends.lsp.root import Root
from evalpolicy.frontends.lsp.rows import Rows
from evalpolicy.frontends.lsp.unsaved import Superseded, Unsaved
from evalpolicy.policy.edits import edited
from evalpolicy.policy.rule import Finding
from evalpolicy.snapshot import open_snapshot

ARC = "containers/benchmarks/arc/Dockerfile"
ENCODINGS = ("utf-8", "utf-16", "utf-32")


@pytest.mark.parametrize(
    ("text", "place", "utf16"),
    [
        ("ab\ncd", (2, 2), (1, 1)),
        ("ab\r\ncd", (2, 2), (1, 1)),
        ("a🦜b", (1, 3), (0, 3)),
        ("a\rb\nc", (1, 3), (1, 0)),
        ("a\rb\nc", (2, 1), (2, 0)),
        ("a\r\rb\r\nc", (2, 1), (3, 0)),
        ("a\u2028b\nc\x0cd", (2, 2), (1, 1)),
        ("\ufeffab", (1, 2), (0, 2)),
        ("\ufeffab\nc", (2, 1), (1, 0)),
        ("ab\n", (2, 1), (1, 0)),
        ("ab", (2, 1), (0, 2)),
        ("ab", (1, 99), (0, 2)),
    ],
)
def test_positions(text, place, utf16):
    assert EncodedLines(text, "utf-16").position(*place) == types.Position(*utf16)


@given(st.text(st.sampled_from("ab é🦜\n\r\u2028\udcff"), max_size=30), st.data())
def test_a_position_counts_what_stands_before_it(text, data):
    lines = text.split("\n")
    number = data.draw(st.integers(1, len(lines)))
    column = data.draw(st.integers(1, len(lines[number - 1].removesuffix("\r")) + 1))
    before = "\n".join([*lines[: number - 1], lines[number - 1][: column - 1]])
    ends = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for encoding, codec, size in zip(
        ENCODINGS, ("utf-8", "utf-16-le", "utf-32-le"), (1, 2, 4), strict=True
    ):
        units = len(ends[-1].encode(codec, "surrogatepass")) // size
        assert EncodedLines(text, encoding).position(number, column) == types.Position(
            len(ends) - 1, units
        )


def test_ranges_that_touch():
    def on(start: int, end: int) -> types.Range:
        return types.Range(types.Position(1, start), types.Position(1, end))

    assert touch(on(1, 3), on(3, 3))
    assert touch(on(2, 2), on(1, 3))
    assert not touch(on(1, 3), on(4, 9))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b", "/a/b"),
        ("file://localhost/a%20b/%C3%A9", "/a b/é"),
        ("file:///a%3A/%40", "/a:/@"),
        ("file:///a/%FF", "/a/\udcff"),
        ("file://server/a", None),
        ("untitled:1", None),
        ("file:///a%00b", None),
        ("file://[", None),
        ("file:a", None),
    ],
)
def test_addresses(uri, path):
    assert path_of(uri) == path
    if path is not None:
        assert path_of(uri_of(path)) == path


def test_a_folder_keeps_the_name_that_the_client_gave_it():
    assert joined("file:///c%3A/x/", "a b") == "file:///c%3A/x/a%20b"
    assert below("/a/b", "/a/bc") is None
    assert below("/a/b", "/a/b/c") == "c"
    assert below("/", "/a") == "a"


class TestSuppressions:
    @pytest.mark.parametrize(
        ("path", "text", "line", "above"),
        [
            ("Dockerfile", "FROM a\nRUN x \\\n  y\n", 3, "  # "),
            (".pre-commit-config.yaml", "repos:\n  - repo: x\n", 2, "  # "),
            (".gitleaks.toml", "[allowlist]\npaths = []\n", 2, "# "),
            ("README.md", "# A\n\n  text\n", 3, "  <!-- "),
            ("tests/a.rs", "fn a() {\n    b();\n", 2, "    // "),
            ("a.sh", "#!/bin/sh\nx\n", 2, "# "),
        ],
    )
    def test_the_comment_of_each_language(self, path, text, line, above):
        fix = self.offered(path, text, line)
        after = edited(text.encode(), fix.edits).decode().split("\n")[line - 1]
        assert after.startswith(f"{above}evalpolicy: ignore[LBL004] <reason>")

    @pytest.mark.parametrize(
        ("path", "text", "line"),
        [
            ("provenance.json", "{}\n", 1),
            ("a-0-b.traces.jsonl", "{}\n", 1),
            ("Dockerfile", "# syntax=docker/dockerfile:1\nFROM a\n", 1),
            ("Dockerfile", "# syntax=docker/dockerfile:1\n# escape=`\nFROM a\n", 2),
            ("Dockerfile", "FROM a\nRUN <<EOF\nx\nEOF\n", 3),
            ("a.sh", "#!/bin/sh\n", 1),
            ("a.sh", "a \\\n  b\n", 2),
            ("a.sh", "cat <<EOF\nx\nEOF\n", 2),
            ("a.yaml", "run: |\n  a\n  b\n", 3),
            ("a.yaml", "a: b\n  c\n", 2),
            ("a.toml", 'a = """\nb\n"""\n', 2),
            ("a.md", "```\nx\n```\n", 2),
            ("Dockerfile", "FROM a\n", 9),
        ],
    )
    def test_where_there_can_be_none(self, path, text, line):
        assert self.offered(path, text, line) is None

    def test_exceptions_are_not_suppressed(self):
        assert self.offered("Dockerfile", "FROM a\n", 1, "EVP001") is None

    @staticmethod
    def offered(path, text, line, rule="LBL004"):
        finding = Finding(rule, "name", "error", path, Span.at(line), "message")
        return suppression(path, text, finding, dockerfile=path == "Dockerfile")


@pytest.fixture
def fleet(tmp_path):
    return repository(tmp_path / "fleet")


def document(fleet: Path, path: str, text: str) -> OpenDocument:
    return OpenDocument((fleet / path).as_uri(), str(fleet / path), 1, text)


def never() -> bool:
    return False


def read(fleet: Path, *documents: OpenDocument) -> dict[str, bytes]:
    """What the checked snapshot says of each document's file."""
    found = judge(
        str(fleet),
        documents,
        Rows(str(fleet)),
        never,
        lambda judged: {
            path: judged.snapshot.read(path)
            for each in documents
            if (path := below(str(fleet), each.path)) in judged.snapshot.entries
        },
    )
    assert isinstance(found, dict)
    return found


class TestUnsavedText:
    def test_lies_over_the_worktree(self, fleet):
        assert read(fleet, document(fleet, ARC, "FROM a\n")) == {ARC: b"FROM a\n"}

    def test_keeps_the_byte_order_mark_that_the_editor_hides(self, fleet):
        (fleet / ARC).write_bytes(b"\xef\xbb\xbf" + BENCHMARK.encode())
        assert read(fleet, document(fleet, ARC, "FROM a\n")) == {ARC: b"\xef\xbb\xbfFROM a\n"}

    def test_of_a_new_file(self, fleet):
        assert read(fleet, document(fleet, "new/Dockerfile", "FROM a\n")) == {
            "new/Dockerfile": b"FROM a\n"
        }

    def test_of_what_is_no_part_of_it(self, fleet):
        write(fleet, {".gitignore": "*.log\n", "a.log": "x\n"})
        (fleet / "link").symlink_to(ARC)
        outside = OpenDocument("file:///x", "/elsewhere/Dockerfile", 1, "x")
        paths = ("a.log", "b.log", ".git/COMMIT_EDITMSG", ".git/new")
        assert read(fleet, outside, *(document(fleet, path, "y") for path in paths)) == {}

    def test_of_a_file_that_was_deleted(self, fleet):
        (fleet / ARC).unlink()
        assert read(fleet, document(fleet, ARC, "FROM a\n")) == {ARC: b"FROM a\n"}


def test_a_bug_is_an_answer(fleet, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(judging, "check", broken)
    found = judge(str(fleet), [], Rows(str(fleet)), never, lambda judged: judged)
    assert isinstance(found, NotChecked)
    assert found.bug
    assert found.message.splitlines()[-1] == "ZeroDivisionError: boom"


def test_a_check_is_given_up(fleet):
    asked = iter([False, False, False, True])
    with pytest.raises(Superseded):
        judge(str(fleet), [], Rows(str(fleet)), lambda: next(asked), lambda judged: judged)


def test_a_check_that_something_newer_makes_useless_ends_and_shows_nothing(fleet, monkeypatch):
    """The first check waits until it is superseded; only the second one's board is shown."""
    asked: list[int] = []

    def judge(top, documents, rows, superseded, then):
        asked.append(len(asked))
        if len(asked) == 1 and wait_until(superseded):
            raise Superseded
        return Board({}, {"check": len(asked)})

    monkeypatch.setattr("evalpolicy.frontends.lsp.root.judge", judge)
    shown = []

    async def run() -> None:
        root = Root(str(fleet), "utf-16", OpenDocuments(), shown.append)
        root.touch(0)
        while not asked:
            await asyncio.sleep(0.001)
        root.touch(0)
        await root.all_checked()
        root.close()

    asyncio.run(run())
    assert [board.versions for board in shown] == [{"check": 2}]


def test_one_memory_for_many_checks_changes_no_finding(fleet):
    texts = [BENCHMARK, BENCHMARK.replace("arc", "ark"), "FROM python\n", BENCHMARK + "# TODO\n"]
    rows = Rows(str(fleet))
    for text in (*texts, *texts):
        (fleet / ARC).write_text(text)
        found = judge(str(fleet), [], rows, never, lambda judged: judged.report.findings)
        with open_snapshot(fleet) as snapshot:
            assert found == check(snapshot, judging.configuration.load(snapshot)).findings


def test_a_file_that_looks_as_it_did_is_not_read_again_unless_it_is_unsaved(fleet):
    long_ago = time.time() - 60
    os.utime(fleet / ARC, (long_ago, long_ago))
    with open_snapshot(fleet) as below:
        assert Unsaved(below, {}, never).stamp(ARC) == below.stamp(ARC)
        assert Unsaved(below, {ARC: b"x"}, never).stamp(ARC) is None
        assert Unsaved(below, {}, never).stamp("gone") is None


def test_a_linked_folder_is_its_repository(fleet, tmp_path):
    (tmp_path / "link").symlink_to(fleet)
    assert fleet_of(str(tmp_path / "link" / "containers")) == str(fleet)


def test_the_start_of_a_file_is_nowhere_in_particular():
    assert EncodedLines("🦜", "utf-8").range(START) == types.Range(
        types.Position(0, 0), types.Position(0, 0)
    )
