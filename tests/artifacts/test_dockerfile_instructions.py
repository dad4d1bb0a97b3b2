"""Instructions, their spans, and what is reported of a Dockerfile that BuildKit would refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalpolicy.artifacts.dockerfile import heredocs, lines, parse, resolve, splitting, stages
from evalpolicy.artifacts.syntax.source import Span

FILE = """\
# syntax=docker/dockerfile:1
ARG TASK=x
FROM --platform=linux/amd64 \\
    ghcr.io/a/${TASK}:1 AS Base
  LABEL a="é b" \\
    # between
        eval.type='x'
RUN --mount=type=cache,target=/c <<EOF
LABEL no=1
EOF
COPY ["a b", "/c"]
ONBUILD HEALTHCHECK --retries=3 CMD ["x"]
"""


def test_instructions_with_their_spans():
    dockerfile = parse(FILE.encode())
    assert dockerfile.problems == ()
    [arg, from_, label, run, copy, onbuild] = dockerfile.instructions
    assert [i.keyword for i in dockerfile.instructions] == [
        *["ARG", "FROM", "LABEL", "RUN", "COPY", "ONBUILD"]
    ]
    assert [i.stage for i in dockerfile.instructions] == [None, 0, 0, 0, 0, 0]
    assert arg.span == Span(2, 1, 2, 11)
    assert from_.text == "FROM --platform=linux/amd64     ghcr.io/a/${TASK}:1 AS Base"
    assert (from_.flags, from_.words) == (
        ("--platform=linux/amd64",),
        ("ghcr.io/a/${TASK}:1", "AS", "Base"),
    )
    assert (from_.span, from_.head) == (Span(3, 1, 4, 32), Span(3, 1, 3, 28))
    assert from_.arguments[0].span == Span(4, 5, 4, 24)
    assert (label.span, label.head) == (Span(5, 3, 7, 22), Span(5, 3, 5, 16))
    assert run.value == "<<EOF"
    assert run.span == Span(8, 1, 10, 4)
    assert run.heredocs[0].span == Span(9, 1, 10, 1)
    assert copy.json == ("a b", "/c")
    assert onbuild.onbuild is not None
    assert (onbuild.onbuild.keyword, onbuild.onbuild.json) == ("HEALTHCHECK", ("x",))
    assert onbuild.onbuild.flags == ("--retries=3",)


def test_a_base_may_name_the_platforms_that_buildkit_sets() -> None:
    names = [f"{side}{part}" for side in ("BUILD", "TARGET") for part in
             ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")]  # fmt: skip
    (stage,) = parse(f"FROM a:{'-'.join(f'${{{name}}}' for name in names)}\n".encode()).stages
    one = "linux/amd64-linux--amd64-"
    assert stage.base.resolved == f"a:{one}-{one}"


def test_stage_and_label_spans():
    dockerfile = parse(FILE.encode())
    stage = dockerfile.final
    assert (stage.name, stage.base.resolved) == ("base", "ghcr.io/a/x:1")
    assert (stage.base.raw, stage.base.names) == ("ghcr.io/a/${TASK}:1", ("TASK",))
    assert stage.base.span == Span(4, 5, 4, 24)
    assert stage.platform.resolved == "linux/amd64"
    first, second = stage.labels
    assert (first.span, first.key_span, first.value_span) == (
        Span(5, 9, 5, 16),
        Span(5, 9, 5, 10),
        Span(5, 11, 5, 16),
    )
    assert (second.key_span, second.value_span) == (Span(7, 9, 7, 18), Span(7, 19, 7, 22))
    assert dockerfile.global_args[0].value == "x"


@pytest.mark.parametrize("change", ["plain", "crlf", "bom", "no newline at the end"])
def test_spans_do_not_depend_on_line_ends(change):
    content = FILE.encode()
    if change == "crlf":
        content = content.replace(b"\n", b"\r\n")
    elif change == "bom":
        content = b"\xef\xbb\xbf" + content
    elif change == "no newline at the end":
        content = content.removesuffix(b"\n")
    plain, changed = parse(FILE.encode()), parse(content)
    assert changed.problems == ()
    assert [i.span for i in changed.instructions] == [i.span for i in plain.instructions]
    assert changed.final.labels == plain.final.labels


def test_old_form_and_env_spans():
    dockerfile = parse(b"FROM scratch\nLABEL  key a value \nENV A=1 B=$A\nARG C D=2\n")
    [label] = dockerfile.final.labels
    assert (label.key_span, label.value_span) == (Span(2, 8, 2, 11), Span(2, 12, 2, 19))
    assert [env.value_span for env in dockerfile.final.envs] == [
        Span(3, 7, 3, 8),
        Span(3, 11, 3, 13),
    ]
    assert [arg.value_span for arg in dockerfile.final.args] == [None, Span(4, 9, 4, 10)]
    assert [arg.default for arg in dockerfile.final.args] == [None, "2"]


def test_directives():
    dockerfile = parse(
        b"# syntax = a/b:1 \n#check=skip=all\n# escape=`\nFROM scratch\n# escape=x\n"
    )
    assert [(d.name, d.value, d.span.line) for d in dockerfile.directives] == [
        ("syntax", "a/b:1", 1),
        ("check", "skip=all", 2),
        ("escape", "`", 3),
    ]
    assert dockerfile.escape == "`"
    assert dockerfile.problems == ()


def test_a_comment_ends_the_directives():
    assert parse(b"# a comment\n# escape=`\nFROM scratch\n").escape == "\\"


NO_HEREDOCS = {
    "a here-string": "RUN cat <<<EOF\nLABEL a=1\n",
    "an open quote": "RUN echo ' <<EOF\nLABEL a=1\n",
    "in quotes": "RUN echo '<<EOF'\nLABEL a=1\n",
    "in the JSON form": 'RUN ["cat", "<<EOF"]\nLABEL a=1\n',
    "in another instruction": "CMD cat <<EOF\nLABEL a=1\n",
}


@pytest.mark.parametrize("text", NO_HEREDOCS.values(), ids=NO_HEREDOCS.keys())
def test_what_looks_like_a_heredoc(text):
    dockerfile = parse(f"FROM scratch\n{text}".encode())
    assert dockerfile.problems == ()
    assert dockerfile.instructions[1].heredocs == ()
    assert [label.key for label in dockerfile.final.labels] == ["a"]


def test_only_a_dash_lets_tabs_stand_before_the_end():
    dockerfile = parse(b"FROM scratch\nRUN <<A <<-B\n\tA\nA\n\tB\n")
    assert [heredoc.body for heredoc in dockerfile.instructions[1].heredocs] == ["\tA\n", ""]


TAKEN = {
    "a constant is no JSON": "CMD [NaN]",
    "nor is what is too large": "CMD [1e999]",
    "a switch in capitals": "COPY --link=TRUE a b",
    "a list twice": "COPY --exclude=a --exclude=b a b",
    "flags of NONE": "HEALTHCHECK --x NONE",
    "flags of STOPSIGNAL": "STOPSIGNAL --x 9",
    "flags of ARG": "ARG --x y",
    "an empty duration": "HEALTHCHECK --interval= CMD a",
    "a quoted body": "COPY <<'E' /x\n${\nE",
    "a trigger that nobody pulls": "ONBUILD FOO",
    "a word in an open substitution of RUN": "RUN echo ${",
}


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN.keys())
def test_what_buildkit_takes_is_no_problem(text):
    assert parse(f"FROM scratch\n{text}\n".encode()).problems == ()


def test_flags_end_at_the_files_escape_character():
    text = b"# escape=`\nFROM scratch\nRUN --mount=a\\b --mount=a` b -- --x\n"
    run = parse(text).instructions[1]
    assert (run.flags, run.value) == (("--mount=a\\b", "--mount=a b"), "--x")


REFUSED = {
    "empty": ("", "no instructions", 1),
    "comments only": ("# a\n\n# b\n", "no instructions", 1),
    "no FROM": ("ARG A\n", "no FROM", 1),
    "before FROM": ("RUN x\nFROM scratch\n", "RUN comes before the first FROM", 1),
    "unknown": ("FROM scratch\nLABLE a=1\n", "LABLE is not an instruction", 2),
    "bare value": ("FROM scratch\nLABEL a=1 b c=2\n", "b has no =", 2),
    "no value": ("FROM scratch\nENV a\n", "a has no value: write a=value", 2),
    "no pair": ("FROM scratch\nLABEL\n", "LABEL needs at least one pair", 2),
    "no name": ("FROM scratch\nLABEL =1\n", "has no name before the =", 2),
    "ARG without a name": ("FROM scratch\nARG =1\n", "has no name before the =", 2),
    "open quote": ('FROM scratch\nLABEL a="b\n', "a double quote is not closed", 2),
    "open substitution": ("FROM scratch\nLABEL a=${b\n", "no closing }", 2),
    "unknown substitution": ("FROM scratch\nLABEL a=${b^c}\n", "${b^…}", 2),
    "empty value": ("FROM scratch\nARG B=\nLABEL a=${B:?needed}\n", "B: needed", 3),
    "bad pattern": ("FROM scratch\nENV b=1\nLABEL a=${b#\\x}\n", "not an escape in a pattern", 3),
    "open heredoc": ("FROM scratch\nRUN <<EOF\nx\n", "the heredoc EOF is not closed", 2),
    "a shift is one": ("FROM scratch\nRUN echo $((1 << 2))\n", "the heredoc 2)) is not closed", 2),
    "second escape": ("# escape=`\n# escape=`\nFROM scratch\n", "is given twice", 2),
    "strange escape": ("# escape=x\nFROM scratch\n", "must be \\ or `", 1),
    "strange check": ("# check=x\nFROM scratch\n", "# check accepts", 1),
    "FROM nothing": ("FROM\n", "FROM takes an image", 1),
    "FROM two": ("FROM a b\n", "FROM takes an image", 1),
    "empty base": ("FROM ${A:-}\n", "expands to nothing", 1),
    "stage name": ("FROM scratch AS 1a\n", "1a is not a valid stage name", 1),
    "JSON number": ("FROM scratch\nCMD [1]\n", "only contain strings", 2),
    "unknown flag": ("FROM scratch\nCOPY --form=x a b\n", "COPY has no flag --form", 2),
    "flag twice": ("FROM scratch\nCOPY --chmod=1 --chmod=1 a b\n", "is given twice", 2),
    "flag without value": ("FROM scratch\nCOPY --from a b\n", "--from needs a value", 2),
    "no switch": ("FROM scratch\nCOPY --link=x a b\n", "true or false", 2),
    "network": ("FROM scratch\nRUN --network=x a\n", "default, none, host", 2),
    "COPY one": ("FROM scratch\nCOPY a\n", "a source and a destination", 2),
    "COPY heredoc": ("FROM scratch\nCOPY a <<EOF\nEOF\n", "a destination after", 2),
    "SHELL": ("FROM scratch\nSHELL sh\n", "SHELL needs the JSON form", 2),
    "HEALTHCHECK": ("FROM scratch\nHEALTHCHECK RUN x\n", "neither CMD nor NONE", 2),
    "interval": ("FROM scratch\nHEALTHCHECK --interval=5 CMD x\n", "not a duration", 2),
    "ONBUILD FROM": ("FROM scratch\nONBUILD FROM x\n", "ONBUILD FROM is not allowed", 2),
    "ONBUILD LABEL": ("FROM scratch\nONBUILD LABEL a\n", "a has no value", 2),
    "a trigger": ("FROM scratch AS x\nONBUILD FOO\nFROM x\n", "FOO is not an instruction", 3),
    "COPY's body": ("FROM scratch\nCOPY <<E /x\n${A:-\nE\n", "no closing }", 2),
}


@pytest.mark.parametrize(("text", "message", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_what_buildkit_refuses_is_a_problem(text, message, line):
    dockerfile = parse(text.encode())
    [problem] = dockerfile.problems
    assert message in problem.message
    assert problem.span.line == line


def test_problems_lose_nothing_else():
    dockerfile = parse(b'FROM scratch\nLABEL a=1\nLABEL b="\nRUN <<EOF\nLABEL c=3\n')
    assert len(dockerfile.problems) == 2
    assert [label.key for label in dockerfile.final.labels] == ["a", "c"]


@pytest.mark.parametrize(
    "text", ["ARG TASK_BASE\nFROM ${TASK_BASE}\n", "FROM scratch\nARG V\nLABEL a=${V:?needed}\n"]
)
def test_what_only_lacks_a_build_argument_is_no_problem(text):
    dockerfile = parse(text.encode())
    assert dockerfile.problems == ()
    assert len(dockerfile.unsupplied) == 1
    supplied = resolve(dockerfile, {"TASK_BASE": "scratch", "V": "1"})
    assert supplied.unsupplied == ()


BAD_BYTES = {
    "Latin-1": (b"FROM scratch\n# caf\xe9\nLABEL a=1\n", "is not UTF-8", Span(2, 6, 2, 7)),
    "NUL": (b"FROM scratch\nLABEL a=1\n# \0\n", "contains a NUL byte", Span(3, 3, 3, 4)),
    "long line": (
        b"FROM scratch\nLABEL a=1\nRUN " + b"x" * lines.MAX_LINE + b"\n",
        "a line of more than 65535 bytes",
        Span(3, 1, 3, 2),
    ),
}


@pytest.mark.parametrize(("content", "message", "span"), BAD_BYTES.values(), ids=BAD_BYTES.keys())
def test_bad_bytes_are_reported_and_the_rest_is_read(content, message, span):
    dockerfile = parse(content)
    [problem] = dockerfile.problems
    assert message in problem.message
    assert problem.span == span
    assert [label.key for label in dockerfile.final.labels] == ["a"]


def test_the_longest_line_that_buildkit_takes():
    line = b"LABEL a=" + b"x" * (lines.MAX_LINE - 8)
    assert parse(b"FROM scratch\n" + line + b"\n").problems == ()
    assert parse(b"FROM scratch\n" + line).problems == ()
    assert parse(b"FROM scratch\n" + line + b"x").problems != ()


def test_a_file_beyond_buildkits_limit_is_not_read():
    dockerfile = parse(b"FROM scratch\n" + b"#" * lines.MAX_BYTES)
    assert dockerfile.instructions == ()
    [problem] = dockerfile.problems
    assert "larger than 16 MiB" in problem.message
    assert problem.span == Span.at(1)


def test_a_hundred_thousand_continuation_lines():
    text = b"FROM scratch\nRUN a \\\n" + b"  && b \\\n" * 100_000 + b"  c\nLABEL a=1\n"
    dockerfile = parse(text)
    assert dockerfile.problems == ()
    assert dockerfile.instructions[1].span.end_line == 100_003
    assert dockerfile.final.labels[0].span == Span(100_004, 7, 100_004, 10)


HOSTILE = {
    "instructions": (b"RUN x\n" * 205, "more than 200 instructions"),
    "words": (b"COPY \\\n" + b"a \\\n" * 305, "more than 300 words"),
    "doubling": (b"ENV A=xxxxxxxx\n" + b"ENV A=$A$A\n" * 60, "expand to more than"),
    "nesting": (b"LABEL a=" + b"${a:-" * 5000 + b"\n", "nest deeper"),
    "open heredocs": (b"RUN <<E\n" * 150, "is not closed"),
    "triggers": (b"ONBUILD LABEL a=1\n" * 20 + b"FROM x\n" * 25, "inherit more than 400"),
    "variables": (b"ENV a=1 b=1 c=1 d=1\n" + b"FROM x\n" * 150, "inherit more than 400"),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files_end_in_a_problem(text, message, monkeypatch):
    monkeypatch.setattr(splitting, "MAX_INSTRUCTIONS", 200)
    monkeypatch.setattr(splitting, "MAX_ARGUMENTS", 300)
    monkeypatch.setattr(stages, "MAX_INHERITED", 400)
    dockerfile = parse(b"FROM scratch AS x\n" + text)
    assert any(message in problem.message for problem in dockerfile.problems)


PIECES = st.sampled_from(
    [
        *(b"FROM scratch", b"LABEL a=", b"RUN <<EOF", b"EOF", b"ONBUILD ", b"ENV A ", b"ARG A"),
        *(b"\n", b"\\\n", b"`", b"# escape=`", b"${", b"}", b'"', b"'", b"$A", b"[", b'"]'),
        *(b"\xff", b"\0", b"\r", b" ", b"--x="),
    ]
)


@given(st.one_of(st.binary(), st.lists(PIECES).map(b"".join)))
def test_any_bytes_give_an_answer_whose_spans_lie_in_the_file(content):
    dockerfile = parse(content)
    last = content.count(b"\n") + 1
    spans = [problem.span for problem in (*dockerfile.problems, *dockerfile.unsupplied)]
    for instruction in dockerfile.instructions:
        spans += [instruction.span, instruction.head, instruction.value_span]
        spans += [argument.span for argument in instruction.arguments]
        spans += [heredoc.span for heredoc in instruction.heredocs]
    for stage in dockerfile.stages:
        spans += [stage.base.span]
        for label in (*stage.labels, *stage.triggered):
            spans += [label.span, label.key_span, label.value_span]
    for span in spans:
        assert 1 <= span.line <= span.end_line <= last
        assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
    assert dockerfile.problems or dockerfile.stages


@pytest.mark.parametrize(
    ("word", "name", "expand"),
    [
        ("<<E", "E", True),
        ("<<'E'", "E", False),
        ('<<"E"', "E", False),
        ("<<E''", "E", False),
        # An escaped quote is a part of the name and quotes nothing.
        ("<<E\\'F", "E'F", True),
        ('<<E\\"F', 'E"F', True),
        ('<<"E\'F"', "E'F", False),
    ],
)
def test_a_quoted_name_keeps_a_heredoc_from_expanding(word, name, expand):
    found = heredocs.parse_heredoc(word)
    assert found is not None
    assert (found.name, found.expand) == (name, expand)


def test_comments_know_where_they_stand():
    dockerfile = parse(b"# a\nFROM a\n  #b  \nRUN x \\\n\t# c\n  y\n")
    assert [(comment.text, comment.span) for comment in dockerfile.comments] == [
        ("# a", Span.at(1, 1, 3)),
        ("#b", Span.at(3, 3, 2)),
        ("# c", Span.at(5, 2, 3)),
    ]
