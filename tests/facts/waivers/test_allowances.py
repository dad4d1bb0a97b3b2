"""`[[allow]]`: what it covers, what it must hold, and what is left of it."""

from __future__ import annotations

import pytest
from tests.fleets import found, judge, repository

from evalpolicy.artifacts.syntax.toml_reader import parse_toml
from evalpolicy.errors import UsageError
from evalpolicy.policy.report import Waived

DOCKERFILE = "containers/benchmarks/arc/Dockerfile"
TEXT = """\
FROM python:3.12-slim
LABEL eval.benchmark.tasks="17" a=b
LABEL eval.benchmark.tasks="2"
"""
ALLOW = """
[[allow]]
rule = "LBL006"
path = "containers/benchmarks/*/Dockerfile"
match = "eval.benchmark.tasks"
reason = "two readers"
"""


def fleet(root, allow, text=TEXT):
    return repository(root, {DOCKERFILE: text, "evalpolicy.toml": allow})


class TestCovering:
    @pytest.mark.parametrize("rule", ["LBL006", "label-repeated", "LBL", "labels"])
    def test_by_id_name_and_family(self, tmp_path, rule):
        report = judge(fleet(tmp_path, ALLOW.replace('"LBL006"', f'"{rule}"')), "LBL006")
        assert found(report) == []
        (waived,) = report.waived
        assert isinstance(waived, Waived)
        assert (waived.by, waived.reason) == ("allowance", "two readers")
        assert report.suppressed == 1

    @pytest.mark.parametrize(
        "match",
        ["arc", "eval.benchmark.tasks", "is overridden on line 3", 'eval.benchmark.tasks="17"'],
        ids=["subject", "about", "message", "source"],
    )
    def test_by_what_the_finding_says_and_points_at(self, tmp_path, match):
        allow = ALLOW.replace('"eval.benchmark.tasks"', f"'{match}'")
        assert found(judge(fleet(tmp_path, allow), "LBL006", "PIN")) == []

    def test_without_match_by_rule_and_path(self, tmp_path):
        allow = ALLOW.replace('match = "eval.benchmark.tasks"\n', "")
        assert found(judge(fleet(tmp_path, allow), "LBL006", "PIN")) == []

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("LBL006", "LBL005"),
            ("benchmarks/*/", "agents/*/"),
            ("eval.benchmark.tasks", "Eval.benchmark.tasks"),
            ("eval.benchmark.tasks", 'tasks=\\"2\\"'),
            ("eval.benchmark.tasks", "LABEL eval"),
            ("eval.benchmark.tasks", 'tasks=\\"17\\" '),
        ],
    )
    def test_not_another(self, tmp_path, old, new):
        report = judge(fleet(tmp_path, ALLOW.replace(old, new)), "LBL005", "LBL006", "PIN")
        assert found(report) == [("LBL006", DOCKERFILE, 2), ("PIN007", "evalpolicy.toml", 2)]

    def test_within_pyproject(self, tmp_path):
        allow = ALLOW.replace("[[allow]]", "[[tool.evalpolicy.allow]]")
        root = repository(tmp_path, {DOCKERFILE: TEXT, "pyproject.toml": allow})
        assert found(judge(root, "LBL006", "PIN")) == []


class TestBesideAComment:
    """Where a comment and an allowance both cover a finding."""

    TEXT = TEXT.replace("LABEL", "# evalpolicy: ignore[LBL006] here\nLABEL", 1)

    def test_the_comment_is_what_waives(self, tmp_path):
        report = judge(fleet(tmp_path, ALLOW, self.TEXT), "LBL006")
        assert found(report) == []
        assert [(waived.by, waived.reason) for waived in report.waived] == [("comment", "here")]

    def test_neither_is_unused(self, tmp_path):
        report = judge(fleet(tmp_path, ALLOW, self.TEXT), "LBL006", "PIN", "EVP")
        assert found(report) == []


class TestUnused:
    def test_it_is_told_where_it_stands(self, tmp_path):
        allow = ALLOW + ALLOW.replace("arc", "x").replace("eval.benchmark.tasks", "gone")
        report = judge(fleet(tmp_path, allow), "LBL006", "PIN")
        assert found(report) == [("PIN007", "evalpolicy.toml", 8)]
        assert report.exit_code("error") == 0

    @pytest.mark.parametrize(
        ("match", "words"),
        [('match = "gone"\n', 'no finding of LBL006 in gone/* with "gone"'),
         ("", "no finding of LBL006 in gone/*; remove")],
    )  # fmt: skip
    def test_it_says_what_it_would_cover(self, tmp_path, match, words):
        allow = ALLOW.replace("containers/benchmarks/*/Dockerfile", "gone/*")
        allow = allow.replace('match = "eval.benchmark.tasks"\n', match)
        [finding] = judge(fleet(tmp_path, allow), "LBL005", "LBL006", "PIN007").findings[1:]
        assert words in finding.message

    def test_only_if_its_rule_ran(self, tmp_path):
        root = fleet(tmp_path, ALLOW, "FROM a:1\n")
        assert found(judge(root, "REL", "PIN007")) == []
        assert [rule for rule, _, _ in found(judge(root, "PIN007"))] == ["PIN007"]

    def test_it_cannot_be_taken_back_itself(self, tmp_path):
        allow = "# evalpolicy: ignore[PIN007] hush" + ALLOW
        report = judge(fleet(tmp_path, allow, "FROM a:1\n"), "PIN", "EVP", "LBL006")
        assert [rule for rule, _, _ in found(report)] == ["EVP001", "PIN007"]


class TestBadConfiguration:
    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            (ALLOW.replace("LBL006", "LBL999"), 2, "'LBL999' is not a rule"),
            (ALLOW + ALLOW.replace("LBL006", "nope"), 8, "'nope' is not a rule"),
            (ALLOW.replace("LBL006", "ALL"), 2, "not everything can be allowed"),
            (ALLOW.replace("LBL006", "EVP001"), 2, "EVP001 cannot be allowed"),
            (ALLOW + 'raison = "x"', 7, "did you mean 'reason'?"),
            (ALLOW.replace('reason = "two readers"', ""), 2, "'reason' is a required property"),
            (ALLOW.replace("two readers", " "), 6, "does not match"),
            (ALLOW + ALLOW.replace('path = "', 'path = 1 # "'), 10, "1 is not of type 'string'"),
            (ALLOW.replace("benchmarks/*", "[z-a]"), 4, "not a glob"),
            ("[allow]\nrule = 1\n", 1, "is not of type 'array'"),
            ("[[alow]]\n", 1, "did you mean 'allow'?"),
        ],
    )
    def test_it_is_refused_with_its_line(self, tmp_path, text, line, said):
        with pytest.raises(UsageError) as raised:
            judge(fleet(tmp_path, text))
        assert str(raised.value).startswith(f"evalpolicy.toml:{line}: ")
        assert said in str(raised.value)


def test_the_line_of_a_table_in_an_array():
    text = "a = 1\n[[allow]]\nx = 1\n[layout]\n[[allow]]\nx = 2\n"
    lines = parse_toml(text.encode())
    assert lines.line_of("allow", 0) == 2
    assert lines.line_of("allow", 1) == 5
    assert lines.line_of("allow", 1, "x") == 6
    assert lines.line_of("layout", "benchmarks", 0) == 4
    assert lines.line_of("sizes") == 1
    assert lines.line_of("allow", 2) == 2


@pytest.mark.parametrize(
    ("text", "keys", "line"),
    [
        ('x = """\n[rules]\nA = 1\n"""\n[rules]\n"A" = 2', ("rules", "A"), 6),
        ("plugins = [\n  'a',\n  'b']", ("plugins", 1), 3),
        ("rules.'A' = 'off'\n", ("rules", "A"), 1),
        ("[a.b]\nc = { d = [], e = [] }", ("a", "b", "c", "e"), 2),
        ("[[allow]]\n# [[allow]]\nx = 1\n[[allow]]\n", ("allow", 1), 4),
    ],
)  # fmt: skip
def test_a_line_is_that_of_the_key_and_not_of_its_spelling(text, keys, line):
    assert parse_toml(text.encode()).line_of(*keys) == line
