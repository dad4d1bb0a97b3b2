"""The one door to YAML: its limits come before those of any PyYAML, and its words are its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from evalpolicy.artifacts.syntax import comments, yaml_stream
from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.artifacts.syntax.yaml_spans import parse_yaml

SRC = Path(yaml_stream.__file__).parents[2]
# Writes YAML, and reads none.
WRITERS = {"replay/plan/kubernetes.py"}


@pytest.fixture(params=["with libyaml", "without libyaml"])
def any_loader(request, monkeypatch):
    if request.param == "without libyaml":
        monkeypatch.setattr(yaml_stream, "_Loader", yaml.SafeLoader)
    elif yaml_stream._Loader is yaml.SafeLoader:
        pytest.skip("PyYAML has no libyaml here")


def test_nothing_but_the_door_reads_yaml():
    importing = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if (isinstance(node, ast.Import) and any(name.name == "yaml" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "yaml")
    }
    assert importing - WRITERS == {
        "artifacts/syntax/yaml_stream.py",
        "artifacts/syntax/yaml_spans.py",
    }


@pytest.mark.usefixtures("any_loader")
@pytest.mark.parametrize(
    ("content", "message", "span"),
    [
        (b"a:\n  " + b"[" * 61, "nested deeper than 60 levels", Span.at(2, 62)),
        (b"a:\n  " + b"[" * 2000, "nested deeper than 60 levels", Span.at(2, 62)),
        (b"- " * 2000 + b"a", "nested deeper than 60 levels", Span.at(1, 121)),
        (b"a: [b\n", "not valid YAML", Span.at(2, 1)),
        (b"a: \x07\n", "a character that YAML does not allow", Span.at(1, 4)),
        (b"a: 1\nb: \xff\n", "a byte that is not UTF-8", Span.at(2)),
        (b"a: *b\n", "the anchor b is not defined", Span(1, 4, 1, 6)),
        (b"a: &b [*b]\n", "the anchor b contains itself", Span(1, 8, 1, 10)),
        (b"- &b 1\n- &b 2\n", "the anchor b is defined twice", Span(2, 3, 2, 7)),
        (b"%TAG !a! x\n" * 21 + b"--- a\n", "more than 20 lines that begin with `%`", Span.at(21)),
    ],
)
def test_a_refusal_has_our_words_and_its_place(content, message, span):
    problem = parse_yaml(content).problem
    assert problem is not None
    assert (problem.message, problem.span) == (message, span)


@pytest.mark.usefixtures("any_loader")
def test_what_is_just_within_the_limits_is_read():
    document = parse_yaml(b"[" * 60 + b"]" * 60)
    assert document.problem is None
    laughs = b"".join(
        b"- &%d [%s]\n" % (n, b", ".join([b"*%d" % (n - 1)] * 9) if n else b"lol") for n in range(5)
    )
    assert parse_yaml(laughs).problem is None


def test_aliases_count_as_what_they_stand_for():
    laughs = b"".join(
        b"- &%d [%s]\n" % (n, b", ".join([b"*%d" % (n - 1)] * 9) if n else b"lol") for n in range(9)
    )
    problem = parse_yaml(laughs).problem
    assert problem is not None
    assert problem.message == "more than 200,000 nodes"
    assert problem.span.line == 7
    deep = b"".join(b"- &%d [%s]\n" % (n, b"*%d" % (n - 1) if n else b"a") for n in range(70))
    problem = parse_yaml(deep).problem
    assert problem is not None
    assert (problem.message, problem.span.line) == ("nested deeper than 60 levels", 60)


def test_size_is_limited_before_anything_is_read(monkeypatch):
    monkeypatch.setattr(yaml_stream, "MAX_SIZE", 10)
    assert parse_yaml(b"a: 3456789").problem is None
    problem = parse_yaml(b"a: 34567890").problem
    assert problem is not None
    assert problem.message == "more than 10 characters of YAML"
    monkeypatch.setattr(yaml_stream, "_Loader", yaml.SafeLoader)
    monkeypatch.setattr(yaml_stream, "MAX_SIZE_WITHOUT_LIBYAML", 9)
    assert parse_yaml(b"a: 345678").problem is None
    assert parse_yaml(b"a: 3456789").problem is not None


@pytest.mark.usefixtures("any_loader")
@pytest.mark.parametrize(
    "rest", ["[" * 20_000, "- " * 2000 + "a", "a: [b", "a: \x07", "a: &b [}", "a: b: c"]
)
def test_a_file_that_is_refused_has_no_comments(rest):
    text = "# evalpolicy: ignore[PIN001] it is pinned\n"
    assert len(comments.read("a.yaml", text)) == 1
    assert comments.read("a.yaml", text + rest) == []


@pytest.mark.usefixtures("any_loader")
def test_a_comment_between_a_tag_and_its_scalar_is_one():
    text = "a: !t # one\n  b # two\nc: |\n  # text\nd: 'x # y' # é three\n"
    words = [comment.words.strip() for comment in comments.read("a.yaml", text)]
    assert words == ["one", "two", "é three"]
