"""Where each command of a script runs, and what its words come to there."""

from __future__ import annotations

import pytest

from evalpolicy.artifacts.syntax.shell.expansion import Scope, expression, resolved
from evalpolicy.artifacts.syntax.shell.reader import parse
from evalpolicy.artifacts.syntax.shell.running import innermost
from evalpolicy.artifacts.syntax.shell.walking import placed

SCOPE = Scope({"SET": "v1.2", "EMPTY": "", "OPEN": None}, directory="/r", script="/r/ci/a.sh",
              top="/r")  # fmt: skip


def at_x(script: str) -> list[tuple[str | None, str]]:
    """The directory and the words of every command `x`."""
    return [
        (each.scope.directory, " ".join(word.text for word in words[1:]))
        for each in placed(parse(script), SCOPE)
        if (words := resolved(each.command.words, each.scope)) and words[0].text == "x"
    ]


@pytest.mark.parametrize(
    ("script", "directory"),
    [
        ("x", "/r"),
        ("cd a; x", "/r/a"),
        ("cd a && x", "/r/a"),
        ("cd a || exit 1; x", "/r/a"),
        ("cd a || { echo; exit 1; }; x", "/r/a"),
        ("true || cd a; x", None),
        ("[ -d a ] && cd a; x", None),
        ("[ -d a ] && cd a && x", "/r/a"),
        ("make && cd a; x", "/r/a"),
        ("cd a & x", "/r"),
        ("(cd a); x", "/r"),
        ("(cd a; x)", "/r/a"),
        ("{ cd a; }; x", "/r/a"),
        ("cd a | cat; x", "/r"),
        ("A=$(cd a); x", "/r"),
        ("if t; then cd a; fi; x", None),
        ("if t; then cd a; else cd a; fi; x", "/r/a"),
        ("if t; then cd a; exit; fi; x", "/r"),
        ("case $1 in a) cd a ;; esac; x", None),
        ("for d in a b; do cd $d; x; done", None),
        ("for SET in a b; do cd $SET; x; done", None),
        ("while t; do cd a; done; x", None),
        ("f() { cd a; }; f; x", "/r/a"),
        ("f() { cd a; }; x", "/r"),
        ("f() { x; }; cd a; f", "/r/a"),
        ("f() { x; }; cd a", "/r/a"),
        ("pushd a; popd; x", "/r"),
        ("pushd a; x", "/r/a"),
        ("popd; x", None),
        ("cd ~/a; x", None),
        ("cd; x", None),
        ("cd -- a; x", "/r/a"),
        ("cd /b; x", "/b"),
        ('cd "$(dirname "$0")/.."; x', "/r"),
        ('D=$(cd "$(dirname "${BASH_SOURCE[0]}")" >/dev/null 2>&1 && pwd); cd "$D"; x', "/r/ci"),
        ("cd $(git rev-parse --show-toplevel || pwd); x", "/r"),
        ("cd $(mktemp -d); x", None),
    ],
)
def test_the_directory(script, directory):
    assert [where for where, _ in at_x(script)] == [directory]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("x $SET", "v1.2"),
        ("x $UNSET $OPEN", "$UNSET $OPEN"),
        ("x ${SET#v} ${SET%.*} ${SET/v/w} ${SET//1/3}", "1.2 v1 w1.2 v3.2"),
        ("x ${SET##*.} ${SET%%.*}", "2 v1"),
        ("x ${UNSET:-d} ${SET:-d} ${EMPTY:-d} ${EMPTY-d}", "d v1.2 d"),
        ("x ${OPEN:-d} ${OPEN#v}", "${OPEN:-d} ${OPEN#v}"),
        ('x "${UNSET:-"d e"}" ${SET:+s} ${UNSET:+s}', "d e s"),
        ("x ${UNSET:?no}", "${UNSET:?no}"),
        ("A=b; x $A; A=c", "b"),
        ("A=b; A=$A$SET; x $A", "bv1.2"),
        ("if t; then A=b; fi; x $A", "b"),
        ("if t; then SET=b; fi; x $SET", "$SET"),
        ("read SET; x $SET", "$SET"),
        ("unset SET; x $SET", "$SET"),
        ("printf -v SET a; x $SET", "$SET"),
        ("printf a SET; x $SET", "v1.2"),
        ("SET+=a; x $SET", "$SET"),
        ("A=(a b); x $A", "$A"),
        ("A=$(y); x $A", "$A"),
        ("export A=b; x $A", "b"),
        ("A=b y; x $A", "$A"),
        ("f() { x $1 \"$@\"; }; f a 'b c'", "a a b c"),
        ("x $(echo $SET | sed 's/^v//') `echo a`", "1.2 a"),
        ("x $(echo a || echo b)", "a"),
        ("x $(echo $SET | y)", "$(echo $SET | y)"),
        ("x $((1 + 2)) '$SET'", "$((1 + 2)) $SET"),
        ("x $(basename a/b) $(realpath a)", "b /r/a"),
    ],
)
def test_the_words(script, words):
    assert [found for _, found in at_x(script)] == [words]


def test_each_call_of_a_function_is_followed_but_not_without_end():
    assert [words for _, words in at_x("f() { x $1; }; f a; f b")] == ["a", "b"]
    assert at_x("f() { x; f; }; f") == [("/r", "")]
    body = "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}\n" for n in range(30))
    assert len(at_x(f"{body}f30() {{ x; }}\nf0")) <= 100


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("env.A", "1"),
        ("env.B || env.A", "1"),
        ("env.B || 'c'", "c"),
        ("env.B", None),
        ("env.C || 'c'", None),
        ("vars.A || 'c'", None),
        ("env.A == '1' || 'c'", None),
    ],
)
def test_an_expression_of_a_workflow(text, value):
    assert expression(text, {"env.A": "1", "env.C": None}) == value


def test_a_runner_says_where_it_runs():
    (command,) = parse("env -C a uv --directory=b run x").commands
    assert innermost(command).directory == "b"
    (command,) = parse("uv --directory b run x").commands
    assert innermost(command).directory == "b"


def test_substitutions_within_each_other_are_read_a_few_times_only() -> None:
    from tests.growth import assert_linear

    from evalpolicy.scanners.gitleaks.runs.files import script_pins

    assert_linear(
        lambda text: script_pins(text, "a.sh"),
        lambda n: "gitleaks " + "$(" * n + "echo a" + ")" * n,
        largest=1 << 13,
    )
