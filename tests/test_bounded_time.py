"""Texts that once took minutes; what is ordinary takes a thousandth of the bound."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from evalpolicy.artifacts import dockerfile
from evalpolicy.artifacts.syntax import comments
from evalpolicy.artifacts.syntax.markdown_links import links

MARK = "# evalpolicy: ignore\n"
CASES: dict[str, Callable[[], object]] = {
    "tags that nothing closes": lambda: links(b"<<A " * 50_000),
    "links that nothing closes": lambda: links(b"[a](" * 50_000),
    "code that nothing closes": lambda: links(b"`a``" * 50_000),
    "blanks without a value": lambda: dockerfile.parse(b"FROM x\nRUN " + b" " * 60_000 + b"\n"),
    "brackets in YAML": lambda: comments.read("a.yaml", MARK + "[" * 30_000),
    "quotes in Python": lambda: comments.read("a.py", MARK + '\\"' * 30_000),
}


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_text_takes_no_longer_than_an_honest_one_may(case: str) -> None:
    start = time.process_time()
    CASES[case]()
    assert time.process_time() - start < 3


@pytest.mark.parametrize("path", ["a.py", "a.yaml"])
def test_comments_of_ordinary_files_are_read_as_before(path: str) -> None:
    text = "a: [\"#\", '#']  # one\n# two\n"
    assert [comment.words.strip() for comment in comments.read(path, text)] == ["one", "two"]
