"""Shell scripts as commands: what is a word, what is a comment, what runs."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalpolicy.artifacts.dockerfile import parse
from evalpolicy.artifacts.run_scripts import scripts
from evalpolicy.artifacts.syntax.shell.expansion import Scope, resolved
from evalpolicy.artifacts.syntax.shell.model import Compound
from evalpolicy.artifacts.syntax.shell.reader import parse as parse_shell
from evalpolicy.artifacts.syntax.shell.running import innermost, unwrapped
from evalpolicy.artifacts.syntax.shell.shells import shell_call
from evalpolicy.artifacts.syntax.shell.values import known_values


def commands(script: str):
    return parse_shell(script).commands


def words(script: str) -> list[list[str]]:
    return [[word.text for word in c.words] for c in commands(script) if c.words]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b && c || d; e | f & g", [["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
        ("a # b && c\nd", [["a"], ["d"]]),
        ("a b#c", [["a", "b#c"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("a 'x<2' y>z 2>&1", [["a", "x<2", "y"]]),
        ("a 2>/dev/null b", [["a", "b"]]),
        ("a &>log b", [["a", "b"]]),
        ("if ! a; then B=1 c; else d; fi", [["a"], ["c"], ["d"]]),
        ("for i in 1 2; do a || b; done", [["a"], ["b"]]),
        ("(a; { b; })", [["a"], ["b"]]),
        ("a $(b 'c)' | d) e", [["b", "c)"], ["d"], ["a", "$(b 'c)' | d)", "e"]]),
        ('a "$(b "c d")"', [["b", "c d"], ["a", '$(b "c d")']]),
        ("a `b c`", [["b", "c"], ["a", "`b c`"]]),
        ("a `b`;c $(d);e", [["b"], ["a", "`b`"], ["d"], ["c", "$(d)"], ["e"]]),
        ("a ${B:-$(c)} $((1 + 2))", [["c"], ["a", "${B:-$(c)}", "$((1 + 2))"]]),
        ("a <(b) c", [["b"], ["a", "<(b)", "c"]]),
        ("a <<E && b\nc\nE\nd", [["a"], ["b"], ["d"]]),
        ("a <<-'E'\n\tc d\n\tE\nd", [["a"], ["d"]]),
        ("a <<E\nno end", [["a"]]),
        ("a <<<'b' c", [["a", "c"]]),
        ("X='a b' c", [["c"]]),
        ("'if' a", [["if", "a"]]),
        ("case x in a) b;; *) c;; esac", [["b"], ["c"]]),
        ("a 'open", [["a", "open"]]),
        ('a "open $(b', [["b"], ["a", "open $(b"]]),
        ("", []),
    ],
)
def test_commands(script, expected):
    assert words(script) == expected


def shape(lists) -> str:
    """Lists written with brackets around what belongs together."""
    return "; ".join(_item(item) for item in lists)


def _item(item) -> str:
    found = _pipeline(item.pipelines[0])
    for operator, pipeline in zip(item.operators, item.pipelines[1:], strict=True):
        found += f" {operator} {_pipeline(pipeline)}"
    return found + " &" * item.background


def _pipeline(pipeline) -> str:
    return "! " * pipeline.negated + " | ".join(map(_node, pipeline.commands))


def _node(node) -> str:
    inner = "".join(f" ${shape(each)}$" for each in node.inner)
    if isinstance(node, Compound):
        return f"{node.kind}[{' / '.join(map(shape, node.parts))}]{inner}"
    return " ".join(node.text) + inner


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b | c || d", "a b | c || d"),
        ("a |\n b &&\n\n# c\n d", "a | b && d"),
        ("a & b; c\nd", "a &; b; c; d"),
        ("a 2>&1 | b &>c", "a | b"),
        ("a $(b | c `d`) e", "a $(b | c `d`) e $b | c `d` $d$$"),
        ("if a; then b; elif c; then d\nelse\ne; fi && f", "if[a / b / c / d / e] && f"),
        ("if a\nthen\nb\nelse\nc\nfi", "if[a / b / c]"),
        ("while a; do b; done | c", "while[a / b] | c"),
        ("until a; do b; done >c; d", "until[a / b]; d"),
        ("for x in $(a); do b; done", "for[b] $a$"),
        (
            "for x\ndo a; done; for ((;;)); do b; done; select y in a; { c; }",
            "for[a]; for[b]; for[c]",
        ),
        ("case $(a) in b | c) d;; (e) f;& *) ;; esac; g", "case[d / f / ] $a$; g"),
        (
            "f() { a; }; function g { b; }; function h() (c)",
            "function[group[a]]; function[group[b]]; function[subshell[c]]",
        ),
        ("! a | b; time c; time -p ! d; ! (e)", "! a | b; c; ! d; ! subshell[e]"),
        ("{ a; } 2>b; (c; d) & e", "group[a]; subshell[c; d] &; e"),
        ("((a + (b))) && c; ((d); e)", "((a + (b))) && c; subshell[subshell[d]; e]"),
        ("[[ a && b || (c) ]] || d", "[[ a & & b | | ( c ) ]] || d"),
        ("a=(b $(c) 'd)') e", "e $c$"),
        ("a <(b | c) >(d) e", "a <(b | c) >(d) e $b | c$ $d$"),
        ("a ${{ b || c }} ${d:-$(e | f)}", "a ${{ b || c }} ${d:-$(e | f)} $e | f$"),
        ("cat <<-E <<'F'\n\ta | b\n\tE\nF|\nF\nc", "cat; c"),
        ("if a <<E; then\nfi; b\nE\nc; fi", "if[a / c]"),
        ("a $(b <<E\n)\nE\n) c", "a $(b <<E\n)\nE\n) c $b$"),
        ("coproc a; exec b", "a; exec b"),
        ("a $'b\\'c' | d", "a b\\'c | d"),
        ("echo if; 'if' a; \\if b; if=1 c", "echo if; if a; if b; c"),
        # What no shell takes.
        ("fi; a; }; b; ;; c", "a; b; c"),
        ("a && || b | ; c", "a; b; c"),
        ("if a; b", "if[a; b / ]"),
        ("{ a; (b", "group[a; subshell[b]]"),
        ("case a in b", "case[]"),
        ("f()", "function[]"),
    ],
)
def test_how_commands_are_joined(script, expected):
    assert shape(parse_shell(script).lists) == expected


@pytest.mark.parametrize("opening", ["{ ", "(", "if a; then ", "$(", "f() { ", '"${a:-', "`\\`"])
def test_depth_is_bounded(opening):
    script = parse_shell("a; " + opening * 5000 + "b")
    assert script.commands[0].text in (("a",), ("b",))


@pytest.mark.parametrize("char", ["\x0b", "\x0c", "\x00", "\x85", "\u2028", "\xa0", "é"])
def test_no_character_is_lost(char):
    script = f"a{char}b {char} c{char}{char}"
    assert "".join(word for [*row] in words(script) for word in row) == script.replace(" ", "")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("sudo -E -u root pip x", ["pip", "x"]),
        ("env -u A B=1 pip x", ["pip", "x"]),
        ("timeout -k 5 30 pip x", ["pip", "x"]),
        ("nice -n 5 sudo pip x", ["pip", "x"]),
        ("xargs -n 1 pip install", ["pip", "install"]),
        ("command -v pip", ["command", "-v", "pip"]),
        ("command pip x", ["pip", "x"]),
    ],
)
def test_wrappers(script, expected):
    (command,) = commands(script)
    assert [word.text for word in unwrapped(command.words)] == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("timeout 300 gitleaks detect", "gitleaks detect"),
        ("env A=b nice -n 5 uvx --from x ruff check", "ruff check"),
        ("uv run --extra a pytest -q", "pytest -q"),
        ("uv pip install x", "uv pip install x"),
        ("poetry run pytest", "pytest"),
        ("npx -p a b", "b"),
        ("conda run -n a --no-capture-output pytest", "pytest"),
        ("sudo -- a -b", "a -b"),
        ("sudo", ""),
        ("command -v pytest", "command -v pytest"),
        ("docker run --rm -it -v a:b --name=c x/img:1 d -e", "img d -e"),
        ("docker run --entrypoint sh img -c x", "sh -c x"),
        ("podman -H a container run -dit img@sha256:ab", "img"),
        ("docker compose -f a run --rm app pytest", "app pytest"),
        ("sudo docker exec -i c pytest", "pytest"),
        ("docker build -t run .", "docker build -t run ."),
        ("docker run", "docker run"),
    ],
)
def test_the_innermost_command(script, expected):
    (command,) = commands(script)
    assert " ".join(word.text for word in innermost(command).words) == expected


def test_what_is_set_for_the_innermost_command():
    (command,) = commands("A=1 env B=2 c")
    assert innermost(command).environment == (("A", "1"), ("B", "2"))


def test_a_container_sees_what_it_is_given():
    line = "A=1 docker run -e C=3 --env=D=4 -e E -v a:/b:ro -v./c:/d --mount src=e,dst=/f -w /d x g"
    (command,) = commands(line)
    found = innermost(command)
    assert found.environment == (("C", "3"), ("D", "4"))
    container = found.container
    assert container is not None
    assert (container.image.text, container.passed, container.directory) == ("x", ("E",), "/d")
    assert container.mounts == (("/b", "a"), ("/d", "./c"), ("/f", "e"))


@pytest.mark.parametrize(
    ("line", "errexit", "pipefail", "script", "reads"),
    [
        ("bash", False, False, None, True),
        ("bash -eo pipefail -c x y", True, True, "x", False),
        ("bash -o errexit +e -c x", False, False, "x", False),
        ("bash --norc --rcfile a -euc x", True, False, "x", False),
        ("sh -", False, False, None, True),
        ("sh -s a", False, False, None, True),
        ("sh -e a.sh -o pipefail", True, False, None, False),
    ],
)
def test_how_a_shell_is_called(line, errexit, pipefail, script, reads):
    call = shell_call(commands(line)[0].words)
    assert call is not None
    assert call.options == (errexit, pipefail)
    assert (call.script.text if call.script else None, call.reads) == (script, reads)


def test_values_that_are_known():
    script = (
        "A=1; B=2 c; export C='x y' D; E=$(x); F=1; F+=2; G=(1 2); H=; for I in a; do I=3; done\n"
        "read -r J; J=1; K=1; unset K; if a; then local L=2; fi; M=1; M=1; N=" + "n" * 81
    )
    assert known_values(parse_shell(script)) == {"A": "1", "C": "x y", "H": "", "L": "2"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [("$A", ["a", "b"]), ('"${A}c"', ["a bc"]), ("'$A'", ["$A"]), ("$B$A", ["$Ba", "b"])],
)
def test_a_known_value_stands_in_its_word(word, expected):
    (command,) = commands(f"x {word}")
    assert [each.text for each in resolved(command.words[1:], Scope({"A": "a b"}))] == expected


def test_what_is_no_shell_is_not_called_as_one():
    assert shell_call(commands("python -c x")[0].words) is None


def run_texts(dockerfile: str) -> list[str]:
    return [script.text for script in scripts(parse(dockerfile.encode()))]


class TestWhatRuns:
    def test_each_script_knows_the_number_of_its_run(self):
        text = b'FROM a\nRUN a\nENV b=c\nRUN ["d"]\nONBUILD RUN bash -c "e" && f\nRUN <<E\ng\nE\n'
        found = [(script.run, script.text) for script in scripts(parse(text))]
        assert found == [
            (0, "a"),
            (1, '["d"]'),
            (2, 'bash -c "e" && f'),
            (2, "e"),
            (3, "<<E"),
            (3, "g\n"),
        ]

    def test_a_bare_heredoc_is_a_script(self):
        assert run_texts("FROM a\nRUN <<EOF\na\nb\nEOF\n")[1] == "a\nb\n"

    @pytest.mark.parametrize("shell", ["bash", "/bin/sh -e", "sudo bash -s", "sh -"])
    def test_a_heredoc_for_a_shell_is_a_script(self, shell):
        assert "a\n" in run_texts(f"FROM a\nRUN {shell} <<EOF\na\nEOF\n")

    @pytest.mark.parametrize(
        "line", ["cat > f <<EOF", "python3 <<EOF", "cat <<EOF | tee f", "bash x.sh <<EOF"]
    )
    def test_other_heredocs_are_none(self, line):
        assert "a\n" not in run_texts(f"FROM a\nRUN {line}\na\nEOF\n")

    def test_an_interpreter_line_decides(self):
        assert len(run_texts("FROM a\nRUN <<EOF\n#!/usr/bin/env python3\na\nEOF\n")) == 1
        assert len(run_texts("FROM a\nRUN <<EOF\n#!/usr/bin/env bash\na\nEOF\n")) == 2

    def test_the_second_of_two_heredocs(self):
        text = "FROM a\nRUN cat > f <<ONE && bash <<TWO\na\nONE\nb\nTWO\n"
        assert run_texts(text)[1:] == ["b\n"]

    def test_a_script_in_quotes(self):
        assert run_texts("FROM a\nRUN bash -lc 'x && y'\n") == ["bash -lc 'x && y'", "x && y"]

    def test_the_json_form(self):
        assert run_texts('FROM a\nRUN ["sh", "-c", "x && y"]\n') == ["x && y"]
        (script,) = scripts(parse(b'FROM a\nRUN ["pip", "install", "x"]\n'))
        assert [word.text for word in script.commands[0].words] == ["pip", "install", "x"]

    def test_a_trigger_runs(self):
        assert run_texts("FROM a\nONBUILD RUN x\n") == ["x"]

    def test_a_heredoc_within_a_heredoc(self):
        text = "FROM a\nRUN <<EOF\ncat > f <<X\npip\nX\nbash <<Y\nz\nY\nEOF\n"
        assert run_texts(text)[2:] == ["z\n"]


@pytest.mark.parametrize(
    ("dockerfile", "word", "place"),
    [
        ("FROM a\nRUN x y\n", "y", (2, 7, 2, 8)),
        ("FROM a\nRUN x \\\n    # remark\n    yy z\n", "yy", (4, 5, 4, 7)),
        ("FROM a\nRUN x \\\n    yy\n", "yy", (3, 5, 3, 7)),
        ("FROM a\nRUN <<EOF\nx\n  yy\nEOF\n", "yy", (4, 3, 4, 5)),
        ("FROM a\nRUN --mount=type=cache,target=/x  x yy\n", "yy", (2, 37, 2, 39)),
        ("FROM a\nRUN bash -c 'x yy'\n", "yy", (2, 16, 2, 18)),
        ('FROM a\nRUN ["x", "yy"]\n', "yy", (2, 5, 2, 16)),
    ],
)
def test_a_word_knows_its_place(dockerfile, word, place):
    found = [
        tuple(script.span(each.start, each.end))
        for script in scripts(parse(dockerfile.encode()))
        for command in script.commands
        for each in command.words
        if each.text == word
    ]
    assert found == [place]


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="ab'\"\\$`(){}<>|&;\n #=E", max_size=60))
def test_no_text_fails_and_ranges_lie_within(text):
    for command in commands(text):
        for word in (*command.words, *command.assignments):
            assert 0 <= word.start < word.end <= len(text)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.text(alphabet="ab'\"\\ #", min_size=1, max_size=8).filter(
            lambda word: word.count("'") % 2 == 0
        ),
        min_size=1,
        max_size=4,
    )
)
def test_words_are_those_of_a_real_shell(parts):
    script = "printf '%s\\n' " + " ".join(parts)
    done = subprocess.run(["sh", "-nc", script], capture_output=True)
    if done.returncode or script.endswith("\\"):
        return
    out = subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout
    (command,) = [c for c in commands(script) if c.words]
    expected = "".join(f"{word.text}\n" for word in command.words[2:]) or "\n"
    assert out == expected
