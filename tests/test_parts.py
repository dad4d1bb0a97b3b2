"""Small parts: globs, fixture names, build arguments, safe text, the cache."""

from __future__ import annotations

import sqlite3
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import assert_linear

from evalpolicy.artifacts.build_args import bake_variables, from_bake, from_script
from evalpolicy.fleet.fixture_names import Decoding, decodings, stem_of
from evalpolicy.matching.globs import Globs
from evalpolicy.policy.portable import portable
from evalpolicy.reporters.safe import shown, width
from evalpolicy.snapshot.cache import Cache


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("a/*", "a/b", True),
        ("a/*", "a/b/c", False),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("**/Dockerfile", "Dockerfile", True),
        ("**/Dockerfile", "a/b/Dockerfile", True),
        ("**/Dockerfile", "a/xDockerfile", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a**/b", "ac/b", True),
        ("a**/b", "a/c/b", False),
        ("a/**/b/**/c*d*e", "a/b/x/b/cdxde", True),
        ("a/**/b/**/c*d*e", "a/x/b/cde", True),
        ("a/**/b/**/c*d*e", "a/x/cde", False),
        ("a/**", "a/line\nfeed", True),
        ("[ab]x", "bx", True),
        ("[!ab]x", "bx", False),
        ("[!ab]x", "/x", False),
        ("a.b", "axb", False),
        ("containers\\benchmarks\\*", "containers/benchmarks/arc", True),
        ("./a/*", "a/b", True),
        ("a/", "a", True),
        ("a[", "a[", True),
    ],
)
def test_globs(glob, path, matches):
    assert (path in Globs([glob])) is matches


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*a" * 12 + "*b", lambda n: "a" * n),
        ("**/a/" * 8 + "b", lambda n: "a/" * n + "c"),
        ("**/" * 20 + "b", lambda n: "a/" * n + "c"),
        ("**/*a*a*b/" * 5 + "c", lambda n: ("a" * 60 + "/") * n + "c"),
    ],
)
def test_matching_grows_with_the_path(glob, path):
    globs = Globs([glob])
    assert path(60) not in globs
    assert_linear(globs.__contains__, path, start=8, largest=1 << 13)


@pytest.mark.parametrize("text", ["\n", "args ", "args {", "variable\n"])
def test_a_bake_file_of_nothing_names_nothing(text):
    assert from_bake(text.encode() * 1000) == frozenset()
    assert bake_variables(text.encode() * 1000) == frozenset()


def test_no_globs_match_nothing():
    assert "" not in Globs([])


KNOWN = ({"arc", "arc-agi", "math", "math-500"}, {"codex", "swe-agent", "mini-swe-agent"})


@pytest.mark.parametrize(
    ("stem", "readings"),
    [
        ("arc-0-codex", [("arc", "0", "codex")]),
        ("arc-agi-0-codex", [("arc-agi", "0", "codex"), ("arc", "agi-0", "codex")]),
        ("math-500-0-codex", [("math-500", "0", "codex"), ("math", "500-0", "codex")]),
        (
            "arc-1-mini-swe-agent",
            [("arc", "1", "mini-swe-agent"), ("arc", "1-mini", "swe-agent")],
        ),
        ("arc-git-web-server-codex", [("arc", "git-web-server", "codex")]),
        ("arc-codex", []),
        ("arc--codex", []),
        ("arc-agi-codex", [("arc", "agi", "codex")]),
        ("unknown-0-codex", []),
        ("arc-0-unknown", []),
        ("", []),
    ],
)
def test_fixture_names(stem, readings):
    assert list(decodings(stem, *KNOWN)) == [Decoding(*reading) for reading in readings]


def test_stems():
    assert stem_of("a/b-0-c.traces.jsonl") == "b-0-c"
    assert stem_of("b-0-c.trajectory.jsonl") == "b-0-c"
    assert stem_of("gpt-4.1-0-c.traces.jsonl") == "gpt-4.1-0-c"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("docker build --build-arg REF=1 .", {"REF"}),
        ('docker build --build-arg "REF=${X}" --build-arg=B .', {"REF", "B"}),
        ("docker build --build-arg \\\n  REF=1 .", {"REF"}),
        ("ARGS+=(--build-arg 'REF=1')", {"REF"}),
        ("# docker build --build-arg REF=1", set()),
        ("docker build --build-args REF", set()),
    ],
)
def test_build_scripts(text, names):
    assert from_script(text.encode()) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('target "a" { args = { REF = "1", B = "2" } }', {"REF", "B"}),
        ('target "a" {\n args = {\n  REF = "${v("}")}"\n  "B" = null\n }\n}', {"REF", "B"}),
        ('target "a" {\n # args = { REF = "1" }\n}', set()),
        ('target "a" {\n contexts = { REF = "1" }\n}', set()),
        ('target "a" {\n args = {\n  X = { REF = 1 }\n }\n}', {"X"}),
        ('{"target": {"a": {"args": {"REF": "1"}}}}', {"REF"}),
        ('{"target": [1]}', set()),
        ('{"target": ', set()),
        ("args = {", set()),
        ('args = {\n A = "x', {"A"}),
        ('args = {\n A = "x\\', {"A"}),
        ('args = {\n A = "x${v("', {"A"}),
        ('args = {\n A = "}${v({"}"}}"\n "b c" = 2, D = 3 }', {"A", "D"}),
        ("a args = { A = 1 } b args = { B = 1 } c", {"A", "B"}),
    ],
)
def test_bake_files(text, names):
    assert from_bake(text.encode()) == names


@given(st.binary())
def test_no_bytes_are_too_much_for_build_files(content):
    from_bake(content)
    from_script(content)


@given(st.text())
def test_shown_text_is_one_harmless_line(text):
    safe = shown(text)
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(c) for c in safe}
    assert not {"\x1b", "\n", "\r", "\u202e", "\u2066"} & set(safe)
    portable(text).encode()
    width(safe)


class TestCache:
    def test_rows_survive(self, tmp_path):
        file = str(tmp_path / "c/rows.sqlite")
        cache = Cache(file)
        cache.put("k", {"a": [1, None, "x"]})
        assert cache.get("other", int) is None
        cache.save()
        again = Cache(file)
        assert again.get("k", dict[str, list[Any]]) == {"a": [1, None, "x"]}
        again.save()

    def test_another_version_of_the_tool_starts_anew(self, tmp_path, monkeypatch):
        file = str(tmp_path / "rows.sqlite")
        cache = Cache(file)
        cache.put("k", 1)
        cache.save()
        monkeypatch.setattr("evalpolicy.snapshot.cache._tool_number", lambda: 7)
        other = Cache(file)
        assert other.get("k", int) is None
        other.save()

    @pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 500])
    def test_a_broken_file_counts_as_empty(self, tmp_path, content):
        file = tmp_path / "rows.sqlite"
        file.write_bytes(content)
        cache = Cache(str(file))
        assert cache.get("k", int) is None
        cache.put("k", 1)
        cache.save()
        again = Cache(str(file))
        assert again.get("k", int) == 1
        again.save()

    def test_a_row_that_is_no_json_counts_as_missing(self, tmp_path):
        file = str(tmp_path / "rows.sqlite")
        cache = Cache(file)
        cache.put("k", 1)
        cache.save()
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE rows SET value = '{'")
        connection.close()
        again = Cache(file)
        assert again.get("k", int) is None
        again.save()

    def test_a_forked_process_leaves_the_file_alone(self, tmp_path):
        file = str(tmp_path / "rows.sqlite")
        cache = Cache(file)
        cache.put("k", 1)
        cache.save()
        parent = Cache(file)
        assert parent.get("k", int) == 1
        parent.put("of the parent", 2)
        parent.forked()  # what a helper calls first; here nobody else has the file
        assert parent.get("k", int) is None
        parent.put("of the helper", 3)
        assert parent.taken() == {"of the helper": 3}
        assert parent.taken() == {}
        parent.save()
        again = Cache(file)
        assert (again.get("k", int), again.get("of the helper", int)) == (1, None)
        again.save()

    def test_without_a_file_nothing_is_kept(self):
        cache = Cache(None)
        cache.put("k", 1)
        assert cache.get("k", int) is None
        cache.save()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('variable "TAG" { default = "x" }\n  variable B {}\n# variable "C" {}\n', {"TAG", "B"}),
        ('target "eval" { args = { variable = "x" } }', set()),
        ('{"variable": {"TAG": {"default": "x"}, "B": {}}}', {"TAG", "B"}),
        ('{"variable": ["TAG"]}', set()),
        ("{", set()),
        ("", set()),
    ],
)
def test_variables_of_bake_files(text, names):
    assert bake_variables(text.encode()) == names
