"""Shell scripts, as far as exit codes are concerned."""

from __future__ import annotations

import pytest
from tests.growth import assert_linear

from evalpolicy.artifacts.syntax.shell_script import parse


def shape(text):
    return [[(tuple(c.text for c in p.commands), p.then) for p in joined]
            for joined in parse(text).lists]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b | c || d", [[((("a", "b"), ("c",)), "||"), ((("d",),), "")]]),
        ("a |\n b", [[((("a",), ("b",)), "")]]),
        ("a \\\n b", [[((("a", "b"),), "")]]),
        ("a # | b", [[((("a",),), "")]]),
        ("a 2>&1 | b", [[((("a",), ("b",)), "")]]),
        ("a > b; c &> d", [[((("a",),), ";")], [((("c",),), "")]]),
        ("a 'x | y' \"z || w\"", [[((("a", "x | y", "z || w"),), "")]]),
        ("cat <<'E'\na | b\nE\nc", [[((("cat",),), "\n")], [((("c",),), "")]]),
        ("x=$(a | b) c", [[((("x=$(a | b)", "c"),), "")]]),
        ("a\\ b\\|c\\\\ | d\\", [[((("a b|c\\",), ("d",)), "")]]),
        ("a'b'c;'d' e", [[((("abc",),), ";")], [((("d", "e"),), "")]]),
        ("a ${b:-c d}e | f ${g", [[((("a", "${b:-c d}e"), ("f", "${g")), "")]]),
        (
            "a $((1 | 2))b;c $d;e `f|g`h",
            [[((("a", "$((1 | 2))b"),), ";")], [((("c", "$d"),), ";")], [((("e", "`f|g`h"),), "")]],
        ),
        ('a "b\\" | $c `d` $(e "f")g" | h', [[((("a", 'b" | $c `d` $(e "f")g'), ("h",)), "")]]),
        ("cat <<-E <<F\n\ta | b\n\tE\nF|\nF\nc", [[((("cat",),), "\n")], [((("c",),), "")]]),
        ("${a:-|}|b ${c};d", [[((("${a:-|}",), ("b", "${c}")), ";")], [((("d",),), "")]]),
        ("a b#c #d | e", [[((("a", "b#c"),), "")]]),
        ("a <(b | c) >(d) e", [[((("a", "e"),), "")]]),
        ("a ${{ b || c }}", [[((("a", "${{ b || c }}"),), "")]]),
    ],
)
def test_shapes(text, expected):
    assert shape(text) == expected


@pytest.mark.parametrize(
    "piece", ["$(", "`", "${{", "${", "$((", "'", '"', "<<a\n", "(", "a|", "\\"]
)
def test_no_script_takes_long(piece):
    assert_linear(parse, lambda size: piece * size)
