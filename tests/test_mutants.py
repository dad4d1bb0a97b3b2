"""The faults that `make mutants` makes: what is broken, what is left alone."""

from __future__ import annotations

import pytest
from bench.mutants.operators import chosen, mutants

SOURCE = '''\
"""Words."""
from typing import TYPE_CHECKING, Literal
if TYPE_CHECKING:
    import os
Kind = Literal["a", "b"]
LIMIT: Literal["x"] | int = 3
def f(é: int, *rest: "str") -> "bool | None":
    """Words."""
    assert é > 0
    for one in rest[1:é]:
        if not one or é < 2:
            continue
        print("two words", f"{one} x", end="")
    return é == 1 and g(key=é)
'''
FAULTS = {
    ("constant", "3", "4"), ("constant", "3", "(2)"), ("slice", "1:é", ":é"),
    ("slice", "1:é", "1:"), ("constant", "1", "2"), ("constant", "1", "(0)"),
    ("constant", "2", "3"), ("constant", "2", "(1)"), ("not", "not one", "(one)"),
    ("and/or", "not one or é < 2", "(not one and é < 2)"), ("comparison", "é < 2", "(é <= 2)"),
    ("condition", "not one or é < 2", "(not (not one or é < 2))"),
    ("if", "if not one or é < 2:\n            continue", "pass"), ("loop", "continue", "break"),
    ("statement", 'print("two words", f"{one} x", end="")', "pass"),
    ("keyword", 'print("two words", f"{one} x", end="")', "print('two words', f'{one} x')"),
    ("return", "return é == 1 and g(key=é)", "return None"), ("keyword", "g(key=é)", "g()"),
    ("and/or", "é == 1 and g(key=é)", "(é == 1 or g(key=é))"),
    ("comparison", "é == 1", "(é != 1)"),
}  # fmt: skip


def test_what_decides_is_broken_and_types_and_words_are_left_alone(tmp_path):
    (tmp_path / "m.py").write_text(SOURCE, "utf-8")
    content = SOURCE.encode()
    found = {
        (m.operator, content[m.start : m.end].decode(), m.text) for m in mutants(tmp_path, "m.py")
    }
    assert found == FAULTS


def test_each_fault_is_python_and_stands_on_its_lines(tmp_path):
    (tmp_path / "m.py").write_text(SOURCE, "utf-8")
    for mutant in mutants(tmp_path, "m.py"):
        applied = mutant.applied(SOURCE.encode())
        compile(applied, "m.py", "exec")
        above = mutant.first - 1
        assert applied.splitlines()[:above] == SOURCE.encode().splitlines()[:above]
        assert mutant.imported == (mutant.first == 6)


@pytest.mark.parametrize("number", [1, 5, 1000])
def test_a_seed_draws_the_same_and_another_draws_others(tmp_path, number):
    (tmp_path / "p").mkdir()
    for name in ("a", "b"):
        (tmp_path / "p" / f"{name}.py").write_text(SOURCE, "utf-8")
    drawn = [chosen(tmp_path, ["p"], number, seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == len(set(drawn[0])) == min(number, 34)
    assert drawn[0] != drawn[2]


def test_what_is_drawn_stays_when_another_line_comes_or_the_module_moves(tmp_path):
    (tmp_path / "m.py").write_text(SOURCE, "utf-8")
    (tmp_path / "p").mkdir()
    (tmp_path / "p/m.py").write_text(SOURCE.replace("LIMIT", "import re\nLIMIT"), "utf-8")
    before, after = (chosen(tmp_path, [path], 9, 3) for path in ("m.py", "p/m.py"))
    assert [(m.operator, m.text, m.first + (m.first > 5)) for m in before] == [
        (m.operator, m.text, m.first) for m in after
    ]
