"""Where Markdown leads: every form of link, and what is none."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evalpolicy.artifacts import rules_document
from evalpolicy.artifacts.syntax.markdown import (
    MarkdownError,
    comments,
    links,
    possible_targets,
    without,
)


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
        ("x <!-- [a](b.md) --> [c](d.md)", ["d.md"]),
        ("<!-- all of this line is HTML --> [c](d.md)", []),
        ("x <!-- [a](b.md)\n[a](b.md) --> [c](d.md)", ["d.md"]),
        ("x <!-- nothing closes it [c](d.md)", ["d.md"]),
        ("<!--\n\n[a](b.md)\n", []),
        (r"\[x](y.md) [a\](b.md) [a](b\_c.md)", ["b_c.md"]),
        ("`one\n[a](b.md)` [c](d.md)", ["d.md"]),
        ("> ```\n> [a](b.md)\n\n[c](d.md)", ["d.md"]),
        ("> [a]:\n> b.md\n\n- [c]: <d e.md>\n  'title'", ["b.md", "d e.md"]),
        ("[a] [a][] [b][a]\n\n[a]: b.md\n[a]: c.md", ["b.md", "c.md"]),
        ("[a](\n  b.md\n  'title') # not `[a](b.md)`", ["b.md"]),
        ("![ [a](b.md) ](c.png)", ["c.png"]),
        ("[![i](b.png)][x]\n", ["b.png"]),
        ("[a](b c)\n\n[a]: d.md", ["d.md"]),
        ("x <!--> [a](b.md) --> <!---> [c](d.md) -->", ["b.md", "d.md"]),
        ("<!-->\n<a href=b.md>", ["b.md"]),
        ("# [a](b.md) #\n[c](d.md)\n===\n", ["b.md", "d.md"]),
        ("| `a | [b](c.md) |\n|---|---|\n| [d](e.md) | ` |\n", ["c.md", "e.md"]),
        ("[a](b.md?x=1&amp;y=2) <a href='c.md?x&amp;y'>", ["b.md?x=1&y=2", "c.md?x&y"]),
        ("<p>\n<img alt='href=no.md' src=a.png>\n</p>", ["a.png"]),
        ("<div\n href='a.md'><!-- <a href='b.md'> --></div>", ["a.md"]),
        ("`<a href='a.md'>` <a data-href='b.md'>", []),
        ("<!--\n[a](b.md)\n-->", []),
        ("[^1]: note", []),
        ("[^1]: [a](b.md)", ["b.md"]),
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
        ("`` `a/b.md ` `` ``a/c.md`` `\na/d.md`", ["a/c.md", "a/d.md"]),
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


def test_comments_and_what_is_left_without_them():
    text = "<!-- a -->\n`<!-- b -->` x <!-- c\nd --> e\n\n~~~\n<!-- f -->\n~~~\n"
    assert [text[start:end] for start, end in comments(text)] == ["<!-- a -->", "<!-- c\nd -->"]
    shown = without(text, code=False)
    assert len(shown) == len(text)
    assert shown.replace("\0", "") == "\n`<!-- b -->` x \n e\n\n\n\n\n"
    assert without(text, code=True).replace("\0", "") == "\n`` x \n e\n\n\n\n\n"


@pytest.mark.parametrize("text", ["> " * 60 + "[a](b)", "- " * 60 + "[a](b)", "[" * 60 + "](b)"])
def test_what_nests_too_deep_is_an_error(text):
    """Else markdown-it would pass over it, and a dead link would be a pass."""
    with pytest.raises(MarkdownError):
        links(text.encode())
    assert rules_document.parse((text + "\n<!-- a -->").encode()).problems or text[0] == "["


def test_brackets_that_no_link_follows_may_be_many():
    assert [link.target for link in links(("[a](b) " + "[" * 999).encode())] == ["b"]


_TOKENS = st.sampled_from([
    "[^", "[", "]", "(", ")", "](", "]: ", "[a](", "b/c.md", "<", ">", "`", "``", "\\", "&amp;",
    " ", "  ", "    ", "\t", "\n", "\n\n", "\r\n", "> ", "- ", "1. ", "# ", "|", "|-|\n", "!", "&",
    "<a href=", "<img src='", "'", '"', "~~~\n", "```\n", "<!--", "-->", "\0", "\u2028", "\xa0",
])  # fmt: skip


@given(st.lists(_TOKENS, max_size=40).map("".join))
@example("> [a]( b\\_c.md\n> 'x')\r\n> <a\n> href='d.md'>")
@example("|a|b|\n|-|-|\n| `a/b` | [x](y\\|z) |")
def test_the_text_at_the_span_is_the_target_as_written(text):
    lines = text.removeprefix("\ufeff").split("\n")
    for target, span, code in links(text.encode()):
        assert span.line == span.end_line or not code
        if span.line == span.end_line:
            written = lines[span.line - 1][span.column - 1 : span.end_column - 1]
        else:
            written = "\n".join(lines[span.line - 1 : span.end_line])[span.column - 1 :]
            written = written[: len(written) - len(lines[span.end_line - 1]) + span.end_column - 1]
        unescaped = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(written))
        assert target in (written, html.unescape(written), unescaped)
        assert code or target


@given(st.lists(_TOKENS, max_size=40).map("".join))
@example("> [a]:\n> b.md")
@example("[a](b&amp;c.md)")
@example("<a href='b&amp;c.md'> [d]()")
@example('<a href="b&amp;c.md">')
@example("[a](b\xa0c.md) `\na/b.md` [c](d.md")
def test_no_link_is_missed_by_those_that_are_possible(text):
    content = text.encode()
    possible = possible_targets(content)
    if ("\0", False) not in possible:
        assert {(link.target, link.code) for link in links(content)} <= set(possible)
