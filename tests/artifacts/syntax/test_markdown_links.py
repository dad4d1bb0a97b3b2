"""Where Markdown leads: every form of link, and what is none."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.syntax.markdown_links import links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [a](b.md) and ![i](c.png)", ["b.md", "c.png"]),
        ("[a](<b c.md>) [d](e.md 'title')", ["b c.md", "e.md"]),
        ("[a](b(1).md) [c](d\\).md)", ["b(1).md", "d).md"]),
        ("[![i](b.png)](c.md)", ["b.png", "c.md"]),
        ("[a]: b.md\n\n[x]: <c d.md>", ["b.md", "c d.md"]),
        ('<img src="a.png"> <a class="x" href="b.md">', ["a.png", "b.md"]),
        ("- x\n    [a](b.md)", ["b.md"]),
        ("```\n[a](b.md)\n```\n[c](d.md)", ["d.md"]),
        ("- x\n  ~~~sh\n  [a](b.md)\n  ~~~\n[c](d.md)", ["d.md"]),
        ("````\n```\n[a](b.md)\n````", []),
        ("x\n\n    [a](b.md)\n", []),
        ("`[a](b.md)`", []),
        ("<!-- [a](b.md) --> [c](d.md)", ["d.md"]),
        ("<!--\n[a](b.md)\n-->", []),
        ("[^1]: note", []),
        ("[a] (b.md)", []),
    ],
)
def test_links(text, expected):
    assert [link.target for link in links(text.encode()) if not link.code] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`tests/a.rs` and `docs/`", ["tests/a.rs", "docs/"]),
        ("`a/RULES.md:8a` `a/b.rs::check` `a/c.md#x`", ["a/RULES.md", "a/b.rs", "a/c.md"]),
        ("`a/<b>/c` `a/*.md` `a/{b,c}` `cargo test a/b` `a`", []),
    ],
)
def test_paths_in_code(text, expected):
    assert [link.target for link in links(text.encode()) if link.code] == expected


def test_spans():
    (link,) = links(b"one\n\nsee [a](b.md#x)")
    assert tuple(link.span) == (3, 9, 3, 15)


def test_code_only_where_it_is_asked_for():
    text = b"`a/b.md` [c](d.md)\n\n`e/f.md`\n"
    assert [link.target for link in links(text)] == ["a/b.md", "d.md", "e/f.md"]
    assert [link.target for link in links(text, code=False)] == ["d.md"]
