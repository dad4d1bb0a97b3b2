"""`evalpolicy report`, and `check --format html`, which tells the same page."""

from __future__ import annotations

import json
import os

import pytest
from tests.fleets import BENCHMARK, FIXTURES, FLEET, git, repository, write

from evalpolicy.__main__ import main

ARC = "containers/benchmarks/arc/Dockerfile"
BAD = BENCHMARK.replace('"400"', '"many"')


@pytest.fixture
def root(tmp_path):
    return repository(tmp_path / "r")


@pytest.fixture
def run(root, monkeypatch, capfdbinary):
    def call(*arguments):
        monkeypatch.chdir(root)
        code = main(list(arguments))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def test_the_page_and_its_data_are_written(run, root, tmp_path):
    write(root, {ARC: BAD})
    code, out, err = run("report", "--output", str(tmp_path / "a/b"))
    assert (code, out) == (0, "")
    assert err == f"evalpolicy: wrote {tmp_path}/a/b/index.html\n"
    page = (tmp_path / "a/b/index.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "1 error to fix" in page
    data = json.loads((tmp_path / "a/b/report.json").read_text())
    assert [finding["rule"] for finding in data["findings"]] == ["LBL003"]


@pytest.mark.parametrize(("fail_on", "code"), [("never", 0), ("error", 1)])
def test_findings_fail_it_where_that_was_asked_for(run, root, tmp_path, fail_on, code):
    write(root, {ARC: BAD})
    assert run("report", "--output", str(tmp_path / "o"), "--fail-on", fail_on)[0] == code


def test_check_writes_the_same_page(run, root, tmp_path):
    write(root, {ARC: BAD})
    run("report", "--output", str(tmp_path / "o"))
    assert run("check", "--format", f"html={tmp_path}/page.html")[0] == 1
    assert (tmp_path / "page.html").read_bytes() == (tmp_path / "o/index.html").read_bytes()


def test_the_same_content_gives_the_same_bytes(run, root, tmp_path):
    write(root, {ARC: BAD, f"{FIXTURES}/arc-0-codex.traces.jsonl": b"{}\n"})
    git(root, "add", "-A")
    pages = set()
    for how in ((), ("--no-cache",), ("--jobs", "1")):
        run("report", "--output", str(tmp_path / "o"), *how)
        pages.add((tmp_path / "o/index.html").read_bytes())
    assert len(pages) == 1


def test_the_index_and_a_commit_are_told_apart(run, root, tmp_path):
    write(root, {ARC: BAD})
    run("report", "--output", str(tmp_path / "o"), "--staged")
    page = (tmp_path / "o/index.html").read_text()
    assert "The index." in page
    assert "Clean" in page
    run("report", "--output", str(tmp_path / "o"), "--rev", "HEAD")
    assert (
        f"Commit {git(root, 'rev-parse', 'HEAD')[:12]}." in (tmp_path / "o/index.html").read_text()
    )


def test_what_could_not_be_checked_is_on_the_page_and_in_the_exit_code(run, root, tmp_path):
    write(root, {f"{FIXTURES}/provenance.json": "["})
    assert run("report", "--output", str(tmp_path / "o"))[0] == 3
    page = (tmp_path / "o/index.html").read_text()
    assert "Not everything was checked" in page
    assert "provenance.json" in page


def test_a_narrow_check_still_says_what_could_not_be_read(run, root, tmp_path):
    write(root, {f"{FIXTURES}/provenance.json": "["})
    assert run("check", "--select", "LBL", "--format", f"html={tmp_path}/p.html")[0] == 0
    assert "Not everything was checked" in (tmp_path / "p.html").read_text()


def test_since_an_earlier_report(run, root, tmp_path):
    write(root, {ARC: BAD})
    run("report", "--output", str(tmp_path / "a"))
    write(root, {ARC: BENCHMARK.replace("shared-env", "nowhere")})
    run("report", "--output", str(tmp_path / "b"), "--since", str(tmp_path / "a/report.json"))
    page = (tmp_path / "b/index.html").read_text()
    assert "1 gone, 1 new, 0 unchanged" in page


def test_a_repository_without_benchmarks_has_no_matrix(run, tmp_path, monkeypatch, capfdbinary):
    root = repository(tmp_path / "agents", {p: t for p, t in FLEET.items() if "agents/" in p})
    monkeypatch.chdir(root)
    assert main(["report", "--output", str(tmp_path / "o")]) == 0
    page = (tmp_path / "o/index.html").read_text()
    assert 'id="coverage"' not in page
    assert 'href="#coverage"' not in page
    capfdbinary.readouterr()


class TestWrongUsage:
    def test_no_output(self, run):
        code, _, err = run("report")
        assert code == 2
        assert "--output" in err

    @pytest.mark.parametrize("option", ["--since", "--replays"])
    def test_a_file_that_is_not_there(self, run, tmp_path, option):
        code, _, err = run("report", "--output", str(tmp_path / "o"), option, "nowhere.json")
        assert code == 2
        assert "cannot read nowhere.json: No such file or directory" in err
        assert not (tmp_path / "o").exists()

    @pytest.mark.parametrize(
        ("option", "words"),
        [("--since", "evalpolicy check --format json"), ("--replays", "evalpolicy replay run")],
    )
    def test_a_file_that_is_something_else(self, run, root, tmp_path, option, words):
        code, _, err = run("report", "--output", str(tmp_path / "o"), option, str(root / ARC))
        assert code == 2
        assert words in err

    def test_an_output_that_cannot_be_written(self, run, root):
        code, _, err = run("report", "--output", ARC)
        assert code == 3
        assert f"cannot write {ARC}/" in err


def test_a_link_in_the_output_stays_a_link(run, tmp_path):
    (tmp_path / "o").mkdir()
    (tmp_path / "kept.html").write_text("old")
    os.symlink(tmp_path / "kept.html", tmp_path / "o/index.html")
    run("report", "--output", str(tmp_path / "o"))
    assert (tmp_path / "o/index.html").is_symlink()
    assert (tmp_path / "kept.html").read_text().startswith("<!doctype html>")
