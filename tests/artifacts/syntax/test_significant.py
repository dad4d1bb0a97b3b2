"""What a file says without comments and blank lines: as much as its language lets be left out."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.syntax.significant import significant

SAME = [
    ("a.sh", "x\ny\n", "# c\nx # c\n\n  \ny  \n"),
    ("a.sh", "x\r\ny\r\n", "x\ny\n"),
    ("a.sh", "cat <<E\n# a\n\nE\ny\n", "cat <<E\n# a\n\nE\n\n# c\ny\n"),
    ("a.py", "x = f(\n  1,\n)\n", "x = f(  # c\n\n  # c\n  1,\n)\n\n"),
    ("a.py", "def f():\n    '''a\n\n    b'''\n", "# c\ndef f():\n\n    '''a\n\n    b'''  # c\n"),
    ("a.hcl", 'a = "x"\n', '/* b\n*/\n\na = "x" // c\n'),
    ("a.yaml", "a: |\n  x\n\n  # y\nb: 1\n", "# c\na: |\n  x\n\n  # y\n\nb: 1 # c\n"),
    ("a.toml", "a = '''\n# x\n'''\n", "# c\n\na = '''\n# x\n''' # c\n"),
    ("Makefile", "a:\n\tb\n", "# c\na:\n\n\tb\n"),
    ("requirements.txt", "a==1\n", "# c\na==1\n"),
]


@pytest.mark.parametrize(("path", "one", "other"), SAME)
def test_notes_say_nothing(path: str, one: str, other: str) -> None:
    assert significant(path, one) == significant(path, other)


DIFFERENT = [
    ("a.sh", "#!/bin/sh\nx\n", "#!/bin/bash\nx\n"),
    ("a.sh", "echo 'a\n\nb'\n", "echo 'a\nb'\n"),
    ("a.sh", "cat <<E\n# a\nE\n", "cat <<E\n# b\nE\n"),
    ("a.sh", "echo a#b\n", "echo a#c\n"),
    ("a.py", "if x:\n    y\n    z\n", "if x:\n    y\nz\n"),
    ("a.py", "'''\n\n'''\n", "'''\n'''\n"),
    ("a.py", "x = (\n# c\n", "x = (\n# d\n"),
    ("a.py", "x = $y\n# c\n", "x = $y\n# d\n"),
    ("a.yaml", "a: |\n  x\n\n  y\n", "a: |\n  x\n  y\n"),
    ("a.yaml", "a: |+\n  x\n\nb: 1\n", "a: |+\n  x\nb: 1\n"),
    ("a.yaml", "a: [\n# c\n", "a: [\n# d\n"),
    ("a.md", "# a\n", "# b\n"),
    ("prompt.txt", "# a\n", "# b\n"),
    ("a.bin", "# a\n", "# b\n"),
    ("a.json", "[1,\n\n2]", "[1,\n2]"),
]


@pytest.mark.parametrize(("path", "one", "other"), DIFFERENT)
def test_everything_else_does(path: str, one: str, other: str) -> None:
    assert significant(path, one) != significant(path, other)
