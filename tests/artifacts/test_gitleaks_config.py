"""A configuration as it is written: positions, forms, and any bytes at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpolicy.artifacts.gitleaks_config import entry_of, parse
from evalpolicy.scanners.gitleaks.evaluate import evaluate
from evalpolicy.scanners.gitleaks.migrate import migrate
from evalpolicy.scanners.gitleaks.versions import Version

PIECES = st.sampled_from(
    ["[", "]", "[[", "]]", "rules", "allowlist", "allowlists", "extend", ".", "=", "'", '"', "'''",
     '"""', "\\", "#", "\n", "\r", " ", ",", "{", "}", "paths", "useDefault", "true", "1", "-",
     "1e9",
     "2026-01-01", "\ufeff", "\x00", "é", "(?i)a", "*", "id", "regex", "condition", "AND"]
)  # fmt: skip


def check(content: bytes) -> None:
    config = parse(content)
    for version in ("8.0.0", "8.18.4", "8.24.3", "8.30.1"):
        found = evaluate(config, Version.of(version), None, ("a", "tests/b"))
        found.as_json()
        assert found.loads or (found.error is not None and found.error.span.line >= 1)
    migrate(content.decode("utf-8", "surrogateescape"), Version(8, 30, 1))


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(content):
    check(content)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_anything_like_a_configuration_is_judged(text):
    check(text.encode())


def test_positions():
    config = parse(b"# x\n[extend]\nuseDefault = true\n[[ allowlists ]]\npaths = ['a',\n 'b']\n")
    (written,) = config.allowlists()
    assert written.form == "[[allowlists]]"
    assert config.span(written.table).line == 4
    entry = entry_of(written.table, "PATHS")
    assert entry is not None
    assert (config.span(entry).line, config.span(entry).column) == (5, 1)
    last = entry.value.items[-1]
    assert (config.span(last).line, config.span(last).column, config.span(last).end_column) == (
        6,
        2,
        5,
    )


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = 1\nb = \n", 2, 5),
        ("[a\n", 1, 1),
        ("a = [1,\n 2", 1, 5),
        ("a = 'x", 1, 5),
        ("a\n", 1, 1),
    ],
)
def test_what_is_no_toml_says_where(text, line, column):
    problem = parse(text.encode()).problem
    assert problem is not None
    assert (problem.span.line, problem.span.column) == (line, column)


def test_deep_nesting_is_refused_and_not_followed():
    assert parse(b"a = " + b"[" * 100_000).problem is not None
    assert parse(b"a" + b".a" * 100_000 + b" = 1").problem is not None
