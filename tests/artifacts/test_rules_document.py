"""Sections, requirements and changelog rows of a rules document, with their places."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evalpolicy.artifacts.rules_document import first_difference, parse

TEXT = b"""\
# Tests
**Status:** Active

## Scope

1. **Must run offline.** Sanity tests MUST NOT make calls
   over the network.
   1. not a requirement of its own

2a) A rule without bold words. It goes on.

```
3. not this
```
<!--
4. nor this
-->

## More

1. **Again.** X.

## Changelog

| Date | Change |
|------|--------|
| 2026-04-13 | Initial version |
- 2026-04-14: a list item

### 2026-05-01

## After

| 2026-05-02 | no row |
"""


def test_all_of_it():
    document = parse(TEXT)
    assert document.status == "active"
    assert [(r.number, r.series, r.title, r.section) for r in document.requirements] == [
        ("1", 0, "Must run offline", "Scope"),
        ("2a", 0, "A rule without bold words", "Scope"),
        ("1", 1, "Again", "More"),
    ]
    assert document.requirements[0].span.line == 6
    assert document.requirements[0].text.endswith(
        "over the network. 1. not a requirement of its own"
    )
    assert document.changelog is not None
    assert document.changelog.span.line == 23
    assert [(row.date, row.span.line) for row in document.rows] == [
        ("2026-04-13", 27),
        ("2026-04-14", 28),
        ("2026-05-01", 30),
    ]


def test_bytes_that_are_no_utf8_are_a_problem_with_a_line():
    document = parse(b"1. **A.** x\n\xff\n2. **B.** y\n")
    assert [p.span.line for p in document.problems] == [2]
    assert [r.title for r in document.requirements] == ["A", "B"]


def test_line_ends_and_a_byte_order_mark():
    document = parse(b"\xef\xbb\xbf1. **A.** x\r\n\r\n## Changelog\r\n| 2026-01-01 | y |\r\n")
    assert [r.title for r in document.requirements] == ["A"]
    assert [(row.date, row.text) for row in document.rows] == [("2026-01-01", "y")]


def test_the_first_difference():
    old, new = parse(b"a\nb\nc\n"), parse(b"a\nB\nc\n")
    assert first_difference(old, new).line == 2
    assert first_difference(None, new).line == 1


@given(st.binary(max_size=200) | st.text("1a.)*#|- \n`~<!->2026", max_size=200).map(str.encode))
def test_nothing_raises(content):
    document = parse(content)
    assert all(r.span.line <= len(document.lines) for r in document.requirements)
