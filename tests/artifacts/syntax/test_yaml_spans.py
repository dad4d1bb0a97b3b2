"""YAML that nests: what libyaml would follow until the process ends, and what is only text."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.syntax.yaml_spans import MAX_DEPTH, YamlMap, parse_yaml

DEEP = 100_000


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: 1\nb: " + b"[" * DEEP, 2),
        (b"[" * DEEP + b"]" * DEEP, 1),
        (b"{a: " * DEEP + b"}" * DEEP, 1),
        (b"# " + b"]" * DEEP + b"\n" + b"[" * DEEP, 2),
        (b'a: "' + b"]" * DEEP + b'"\nb: ' + b"[" * DEEP + b"]" * DEEP, 2),
        (b"a:\n" + b"- " * 200 + b"b\n", 2),
    ],
    ids=["open", "closed", "mappings", "behind a comment", "behind a string", "dashes"],
)
def test_what_nests_too_deep_is_a_problem_and_no_crash(content, line):
    problem = parse_yaml(content).problem
    assert problem is not None
    assert problem.message == "nested deeper than 60 levels"
    assert problem.span.line == line


def test_brackets_that_are_text_do_not_nest():
    document = parse_yaml(b"a: '" + b"[{" * 500 + b"'\n# " + b"[" * 500 + b"\nb: [1]\n")
    assert document.problem is None
    assert document.root is not None


def test_brackets_side_by_side_do_not_nest():
    assert parse_yaml(b"a: [" + b"[1], " * 500 + b"]\n").problem is None


# https://yaml.org/type/merge.html
@pytest.mark.parametrize(
    ("anchors", "expected"),
    [
        ("[*a, *b]", {"first": "1", "second": "2", "both": "1", "own": "3"}),
        ("[*b, *a]", {"first": "1", "second": "2", "both": "2", "own": "3"}),
        ("[*a, *b, *a]", {"first": "1", "second": "2", "both": "1", "own": "3"}),
        ("*b", {"second": "2", "both": "2", "own": "3"}),
        ("[]", {"own": "3"}),
    ],
)
@pytest.mark.parametrize("before", [True, False], ids=["own key first", "own key last"])
def test_of_merged_mappings_the_first_outranks_the_others_and_the_own_keys_outrank_all(
    anchors, expected, before
):
    merge, own = f"  <<: {anchors}\n", "  own: 3\n"
    text = (
        "a: &a {first: 1, both: 1, own: 1}\nb: &b {second: 2, both: 2, own: 2}\n"
        f"c:\n{own + merge if before else merge + own}"
    )
    root = parse_yaml(text.encode()).root
    assert isinstance(root, YamlMap)
    merged = root.map("c")
    assert merged is not None
    read = {entry.key: merged.text(entry.key) for entry in merged.entries}
    assert {key: value.text for key, value in read.items() if value is not None} == expected


@pytest.mark.parametrize(
    ("shape", "levels"),
    [("[*a{}]", 1), ("{{k: *a{}}}", 1), ("{{<<: *a{}}}", 1), ("{{<<: [*a{}]}}", 2)],
)
@pytest.mark.parametrize(("depth", "deep"), [(MAX_DEPTH - 5, False), (MAX_DEPTH + 5, True)])
def test_what_aliases_nest_is_as_deep_as_what_is_written(shape, levels, depth, deep):
    chain = "".join(f"- &a{n + 1} {shape.format(n)}\n" for n in range(depth // levels))
    problem = parse_yaml(f"- &a0 {{k: v}}\n{chain}".encode()).problem
    assert (problem is not None) == deep
