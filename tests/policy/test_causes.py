"""Findings by cause: each in exactly one, in one order, whatever order they were found in."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.reporters.sample import finding, report

from evalpolicy.policy.causes import causes
from evalpolicy.policy.fix import Fix
from evalpolicy.policy.report import FileProblem
from evalpolicy.policy.rule import SEVERITIES
from evalpolicy.policy.urgency import CONCERNS, urgency
from evalpolicy.reporters import render
from evalpolicy.reporters.safe import width
from evalpolicy.reporters.text import ROOM
from evalpolicy.reporters.text import render as render_text

RULES = ("GAT001", "SEC001", "LBL009", "FIX006", "PRV001", "LBL001", "REL002")


def found(rule="LBL001", path="a", cause="", about="", severity="error", fix=None, help=""):
    made = finding(path=path, about=about, severity=severity, cause=cause, fix=fix, help=help)
    return replace(made, rule=rule)


FOUND = st.builds(
    found,
    st.sampled_from(RULES),
    st.sampled_from(["a", "b", "c/d"]),
    st.sampled_from(["", "one", "two"]),
    st.sampled_from(["", "x", "y"]),
    st.sampled_from(SEVERITIES),
    st.sampled_from([None, Fix(()), Fix((), safe=False)]),
)

# A rule does not say the same thing of the same place twice.
SOME = st.lists(FOUND, unique_by=lambda finding: finding.order, max_size=20)


class TestCauses:
    @given(SOME, st.randoms())
    @settings(max_examples=40)
    def test_each_finding_has_one_cause_and_order_does_not_matter(self, findings, shuffling):
        made = causes(findings)
        members = [member for cause in made for member in cause.findings]
        assert sorted(map(id, members)) == sorted(map(id, findings))
        assert len({cause.id for cause in made}) == len(made)
        for cause in made:
            assert {member.cause_id for member in cause.findings} == {cause.id}
            assert {member.rule for member in cause.findings} == {cause.rule}
            assert cause.first in cause.findings
            ranks = [SEVERITIES.index(member.severity) for member in cause.findings]
            assert SEVERITIES.index(cause.severity) == min(ranks)
        shuffled = shuffling.sample(findings, len(findings))
        assert causes(shuffled) == made

    @given(SOME)
    @settings(max_examples=30)
    def test_the_causes_of_a_rule_stand_together_and_the_urgent_come_first(self, findings):
        made = causes(findings)
        rules = [cause.rule for cause in made]
        assert len(list(dict.fromkeys(rules))) == sum(
            1 for n, rule in enumerate(rules) if n == 0 or rules[n - 1] != rule
        )
        assert [cause.urgency for cause in made] == sorted(cause.urgency for cause in made)

    @given(SOME)
    @settings(max_examples=20)
    def test_the_numbers_of_a_json_report_add_up(self, findings):
        document = json.loads(render("json", report(findings)))
        counted = {cause["id"]: cause["count"] for cause in document["causes"]}
        assert sum(counted.values()) == len(findings)
        for id, number in counted.items():
            assert sum(row["cause"] == id for row in document["findings"]) == number

    def test_a_rule_that_names_no_cause_shares_it_only_with_the_same_thing(self):
        same = [replace(found(), message=f"on line {line}") for line in (1, 2)]
        others = [found(path="b"), found(about="x"), found("LBL002")]
        assert [len(cause.findings) for cause in causes([*same, *others])] == [2, 1, 1, 1]

    @pytest.mark.parametrize("text", ["\ud800", "a\0b"])
    def test_a_cause_may_hold_whatever_a_file_holds(self, text):
        first, second = found(cause=text), found(path="b", about=text)
        assert len(causes([first, second])) == 2

    def test_two_rules_share_no_cause(self):
        assert len(causes([found("LBL001", cause="x"), found("LBL002", cause="x")])) == 2

    @pytest.mark.parametrize(
        ("findings", "words"),
        [
            ([found()], ""),
            ([found(cause="x"), found(cause="x", about="y")], "and 1 more in this file"),
            ([found(cause="x"), found(path="b", cause="x")], "and 1 more in 1 file"),
            ([found(path=p, cause="x", about=p) for p in "aabc"], "and 3 more in 3 files"),
        ],
    )
    def test_how_many_others_there_are(self, findings, words):
        (cause,) = causes(findings)
        assert cause.others == words

    def test_the_first_is_of_the_worst_severity(self):
        note, error = found(severity="note", cause="x"), found(path="b", cause="x")
        (cause,) = causes([note, error])
        assert (cause.first, cause.severity) == (error, "error")
        assert cause.findings == (note, error)


class TestCommand:
    BACKFILL = "`evalpolicy provenance backfill`"

    @pytest.mark.parametrize(
        ("helps", "command"),
        [
            ([BACKFILL, BACKFILL], "evalpolicy provenance backfill"),
            (["evalpolicy provenance backfill"] * 2, "evalpolicy provenance backfill"),
            (["evalpolicy provenance backfill", BACKFILL], "evalpolicy provenance backfill"),
            (["evalpolicy explain LBL001"], ""),
            (["see evalpolicy provenance backfill"], ""),
            ([BACKFILL, ""], ""),
            (["`evalpolicy provenance record a`"], "evalpolicy provenance record a"),
            (["`evalpolicy provenance record a`", "`evalpolicy provenance record b`"], ""),
            (["`evalpolicy provenance record FIXTURE`"] * 2, ""),
            (["`evalpolicy provenance record a; rm b`"], ""),
        ],
    )
    def test_it_is_the_one_that_fixes_all(self, helps, command):
        made = [found(help=help, cause="x", about=str(n)) for n, help in enumerate(helps)]
        (cause,) = causes(made)
        assert cause.command == command


class TestUrgency:
    @pytest.mark.parametrize(
        ("rule", "fixable", "title"),
        [
            ("GAT001", False, "Gates that see nothing"),
            ("SUB012", False, "Gates that see nothing"),
            ("SEC004", True, "Credentials"),
            ("LBL008", False, "Data that changes under a fixed label"),
            ("FIX006", False, "Recordings by another agent"),
            ("LBL006", True, "Automatic fixes"),
            ("PRV001", False, "Provenance"),
            ("LBL006", False, "The rest"),
            ("ACM001", False, "The rest"),
        ],
    )
    def test_a_rule_belongs_to_the_first_concern_that_names_it(self, rule, fixable, title):
        assert CONCERNS[urgency(rule, fixable=fixable)].title == title

    def test_only_a_safe_fix_applies_itself(self):
        safe, unsafe = found("LBL006", fix=Fix(())), found("LBL005", fix=Fix((), safe=False))
        titles = [CONCERNS[cause.urgency].title for cause in causes([unsafe, safe])]
        assert titles == ["Automatic fixes", "The rest"]

    def test_the_guide_to_adopting_has_the_same_order(self):
        guide = Path(__file__).parents[2] / "docs" / "adopting.md"
        steps = re.findall(r"^\d+\. \*\*(.+?)\*\*", guide.read_text("utf-8"), re.MULTILINE)
        assert steps == [concern.title for concern in CONCERNS]

    def test_of_one_concern_errors_come_first_then_the_most_findings(self):
        numbers = {("REL001", "note"): 9, ("LBL001", "error"): 1, ("LBL002", "error"): 3}
        made = [
            found(rule, about=str(n), severity=severity)
            for (rule, severity), number in numbers.items()
            for n in range(number)
        ]
        assert list(dict.fromkeys(cause.rule for cause in causes(made))) == [
            "LBL002", "LBL001", "REL001",
        ]  # fmt: skip

    def test_of_one_rule_errors_come_first_then_the_largest(self):
        sizes = {("a", "warning"): 9, ("b", "error"): 1, ("c", "error"): 3}
        made = [
            found(path=f"{cause}{n}", cause=cause, severity=severity)
            for (cause, severity), number in sizes.items()
            for n in range(number)
        ]
        assert [len(cause.findings) for cause in causes(made)] == [3, 1, 9]


def many(rules=RULES, causes=40, each=6):
    """Findings of these rules, with so many causes of each, in files of their own."""
    return [
        found(rule, f"files/{rule}/{cause}/{n}", f"{rule} {cause}", help="look")
        for rule in rules
        for cause in range(causes)
        for n in range(each)
    ]


def rows(text, columns):
    return sum(max(1, -(-width(line) // columns)) for line in text.splitlines())


class TestFolding:
    @pytest.mark.parametrize("columns", [60, 80, 100])
    @pytest.mark.parametrize(("causes", "each"), [(1, 300), (2, 40), (40, 6), (300, 1)])
    def test_a_large_report_fits_on_two_screens_and_names_every_rule(self, columns, causes, each):
        made = report(many(causes=causes, each=each))
        text = render_text(made, columns=columns)
        assert rows(text, columns) <= ROOM
        assert {rule for rule in RULES if rule in text} == set(RULES)
        assert "Each cause is shown once." in text

    @pytest.mark.parametrize("columns", [60, 100])
    def test_more_rules_than_fit_are_named_with_their_number(self, columns):
        ids = [f"AAA{n:03}" for n in range(70)]
        found = many(ids, causes=2, each=3)
        text = render_text(
            report([replace(f, message="word " * 30) for f in found]), columns=columns
        )
        assert rows(text, columns) <= ROOM
        heads = re.findall("^files/.*: error: (AAA[0-9]+) ", text, re.MULTILINE)
        (named,) = re.findall(r"^and findings of [0-9]+ more rules: (.*?)\n\n", text, re.M | re.S)
        others = re.findall(r"(AAA[0-9]+)\s\(6\)", named)
        assert [*heads, *others] == ids
        assert len(heads) > 10

    def test_the_names_of_rules_are_wrapped_in_the_room_that_there_is(self):
        found = many([f"AAA{n:03}" for n in range(70)], causes=1, each=1)
        made = report([replace(f, message="word " * 30) for f in found])
        for columns in range(40, 100, 4):
            assert rows(render_text(made, columns=columns), columns) <= ROOM

    def test_many_problems_leave_room_for_findings(self):
        problems = [FileProblem("a", n, "unreadable") for n in range(1, 2 * ROOM)]
        text = render_text(report([found(about="x", help="look"), found(help="look")], problems))
        assert text.count("help: look") == 2

    def test_no_line_is_kept_for_what_is_left_out_if_nothing_is(self):
        texts = [
            render_text(report([replace(f, message="m") for f in many(["LBL001"], number, 1)]))
            for number in range(60, ROOM)
        ]
        whole = [text for text in texts if "more cause" not in text]
        assert rows(whole[-1], 100) == ROOM
        assert len(whole) < len(texts)

    def test_what_is_left_out_is_counted(self):
        text = render_text(report(many(causes=300, each=2)))
        for rule in RULES:
            heads = len(re.findall(f"^files/.*: {rule} ", text, re.MULTILINE))
            left = re.search(f"and ([0-9]+) more causes of {rule}: ([0-9]+) findings", text)
            assert heads + int(left[1]) == 300
            assert int(left[2]) == 2 * int(left[1])

    def test_all_findings_are_shown_if_they_fit(self):
        fitting = [found(path=f"{n:02}", cause="x", help="look") for n in range(32)]
        text = render_text(report(fitting))
        assert rows(text, 100) <= ROOM
        assert text.count("help: look") == 32
        folded = render_text(report([*fitting, found(path="99", cause="x", help="look")]))
        assert "and 32 more in 32 files" in folded
        assert folded.count("help: look") == 1
        assert rows(folded, 100) < 10

    def test_a_long_line_counts_as_many_as_it_takes(self):
        long = [replace(f, message="word " * 60) for f in many(RULES[:1], causes=30, each=1)]
        narrow, wide = (render_text(report(long), columns=c) for c in (60, 400))
        assert "more causes" in narrow
        assert "more causes" not in wide

    def test_full_and_quiet_leave_nothing_out(self):
        findings = many()
        for options in ({"full": True}, {"quiet": True}):
            text = render_text(report(findings), **options)
            assert all(f"{f.path}:2:1: error: {f.rule} " in text for f in findings)
        assert render("full", report(findings)) == render_text(report(findings), full=True)

    @given(SOME, st.integers(20, 200))
    @settings(max_examples=15)
    def test_it_names_every_rule_that_the_whole_names(self, findings, columns):
        large = [replace(f, path=f"{f.path}/{n}") for f in findings for n in range(30)]
        text = render_text(report(large), columns=columns)
        assert {f.rule for f in findings} == {rule for rule in RULES if rule in text.split()}

    def test_colours_change_no_line(self):
        plain, coloured = (
            render_text(report(many()), colour=colour, columns=60) for colour in (False, True)
        )
        assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain

    def test_the_order_of_findings_changes_nothing(self):
        shuffled = random.Random(7).sample(many(), len(many()))
        assert render_text(report(shuffled)) == render_text(report(many()))

    def test_the_summary_counts_causes_first(self):
        text = render_text(report(many(causes=2, each=50)))
        assert "14 causes (14 errors), 700 findings (700 errors)." in " ".join(text.split())
        alone = render_text(report([found(about="x"), found(about="y")]))
        assert "cause" not in alone
        assert "by 3 rules: 2 errors." in alone
