"""The limits of each format, and the schemas that machines hold them to."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from tests.fleets import repository, write
from tests.reporters.sample import finding, report, sample

from evalpolicy.__main__ import main
from evalpolicy.matching.json_schema import violations
from evalpolicy.matching.shipped import schema
from evalpolicy.policy.report import FileProblem
from evalpolicy.policy.urgency import CONCERNS, urgency
from evalpolicy.reporters import markdown, render
from evalpolicy.reporters.text import render as render_text


class TestJson:
    def test_a_report_fits_the_schema(self):
        assert violations(schema("report"), json.loads(render("json", sample()))) == []

    @pytest.mark.parametrize("key", ["summary", "findings", "problems", "version"])
    def test_the_schema_misses_what_is_missing(self, key):
        document = json.loads(render("json", sample()))
        del document[key]
        assert [found.key for found in violations(schema("report"), document)] == [key]

    def test_what_was_taken_back_is_counted(self):
        summary = json.loads(render("json", sample()))["summary"]
        assert summary == {"error": 1, "warning": 1, "note": 2, "suppressed": 2, "baselined": 1}

    def test_a_real_report_fits_the_schema(self, tmp_path, monkeypatch, capfdbinary):
        root = write(repository(tmp_path / "r"), {"containers/agents/x/Dockerfile": "FROM a\n"})
        monkeypatch.chdir(root)
        assert main(["check", "--format", "json", "--no-cache"]) == 1
        document = json.loads(capfdbinary.readouterr().out)
        assert document["findings"]
        assert violations(schema("report"), document) == []


class TestGithub:
    def test_ten_of_each_and_the_last_line_says_what_is_missing(self):
        found = [finding("LBL001", about=str(n)) for n in range(13)]
        found += [finding("LBL006", about=str(n)) for n in range(11)]
        lines = render("github", report(found)).splitlines()
        assert sum(line.startswith("::error ") for line in lines) == 10
        assert sum(line.startswith("::warning ") for line in lines) == 10
        assert len(lines) == 21
        assert lines[-1].startswith("evalpolicy: 3 errors, 1 warning more; ")
        assert "job summary" in lines[-1]

    def test_what_makes_others_worth_less_comes_first(self):
        ids = ["LBL001"] * 12 + ["SEC001", "GLK003", "GAT002", "SUB012", "SUB001"]
        found = [replace(finding(), rule=id, path=f"{n:02}") for n, id in enumerate(ids)]
        problems = [FileProblem("a", n, "unreadable") for n in range(1, 7)]
        lines = render("github", report(found, problems)).splitlines()
        titles = [re.search("title=([A-Z0-9]+|not checked)", line)[1] for line in lines[:-1]]
        assert titles == ["SUB012", *["not checked"] * 6, "GAT002", "GLK003", "SEC001"]
        assert lines[-1].startswith("evalpolicy: 13 errors more; ")

    def test_what_matters_as_much_is_sorted_by_path(self):
        found = [replace(finding(), path=path, rule="SUB012") for path in ("b", "a")]
        found.append(replace(finding(), path="0", severity="warning"))
        lines = render("github", report(found)).splitlines()
        assert [line.partition("file=")[2][0] for line in lines] == ["a", "b", "0"]

    @pytest.mark.parametrize(("number", "shown"), [(10, 10), (11, 1)])
    def test_a_cause_is_annotated_once_if_there_is_no_room_for_its_findings(self, number, shown):
        found = [finding(path=f"{n:02}", about=str(n), cause="one reason") for n in range(number)]
        lines = render("github", report(found)).splitlines()
        assert len(lines) == shown
        assert (", and 10 more like it" in lines[0]) is (shown == 1)

    def test_what_is_left_out_counts_findings(self):
        found = [finding(path=f"{n:02}", cause=f"{n // 2:02}") for n in range(24)]
        assert "evalpolicy: 4 errors more; " in render("github", report(found))

    def test_ten_are_all_and_nothing_is_said(self):
        lines = render("github", report([finding(about=str(n)) for n in range(10)])).splitlines()
        assert len(lines) == 10
        assert all(line.startswith("::error ") for line in lines)

    def test_problems_come_before_findings(self):
        problems = [FileProblem("a", n, "unreadable") for n in range(1, 11)]
        lines = render("github", report([finding()], problems)).splitlines()
        assert all("not checked" in line for line in lines[:10])
        assert lines[10].startswith("evalpolicy: 1 error more")

    def test_no_findings_no_lines(self):
        assert render("github", report()) == ""


class TestMarkdown:
    def test_a_summary_stays_below_the_limit_and_is_cut_at_a_finding(self):
        found = [finding(about=str(n), message=f"é{n}" * 100) for n in range(4000)]
        text = render("markdown", report(found))
        assert len(text.encode()) <= 1 << 20
        assert len(text.encode()) > 900_000
        *_, last, _, rule, _, cut = text.splitlines()
        assert last.endswith("`")
        assert rule == "---"
        shown = text.count("- **LBL001")
        assert cut.startswith(f"Not shown: {4000 - shown:,} of 4,000, because")

    def test_what_is_cut_counts_findings(self):
        found = [finding(path=f"{n}", cause=f"{n // 2}", message="x" * 900) for n in range(8)]
        text = markdown.render(report(found), limit=3500)
        assert text.count("- **LBL001") == 2
        assert "Not shown: 4 of 8, because" in text

    def test_one_finding_larger_than_the_limit_is_cut_too(self):
        text = markdown.render(report([finding(message="x" * 5000)]), limit=4000)
        assert len(text) < 4000
        assert "Not shown: 1 of 1, because" in text

    def test_nothing_is_cut_that_fits(self):
        assert "Not shown" not in render("markdown", sample())

    def test_the_most_urgent_come_first(self):
        ids = ("PRV001", "SEC001", "LBL009", "GAT001", "FIX006")
        text = render("markdown", report([replace(finding(), rule=id) for id in ids]))
        places = [text.index(f"### {CONCERNS[urgency(id, fixable=False)].title}\n") for id in ids]
        assert [ids[places.index(place)] for place in sorted(places)] == [
            "GAT001", "SEC001", "LBL009", "FIX006", "PRV001",
        ]  # fmt: skip

    def test_a_cause_lists_its_findings_up_to_a_number(self):
        most = markdown.LISTED + 3
        found = [finding(path=f"{n:04}", cause="one reason") for n in range(most)]
        text = render("markdown", report(found))
        assert text.count("- **LBL001") == 1
        assert text.count("  - `") == markdown.LISTED
        assert f"<summary>and {most - 1} more in {most - 1} files</summary>" in text
        assert "  - and 2 more\n" in text


# The union of what Jenkins' and Apache Ant's schemas know, which GitLab and Azure read.
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "time", "disabled"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"message"},
    "system-out": set(),
}
INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}


class TestJunit:
    @pytest.mark.parametrize("made", [sample(), report()], ids=["full", "empty"])
    def test_it_holds_what_consumers_know_and_counts_right(self, made):
        root = ElementTree.fromstring(render("junit", made))
        assert root.tag == "testsuites"
        for element in root.iter():
            assert element.attrib.keys() <= ATTRIBUTES[element.tag]
            assert {child.tag for child in element} <= INSIDE.get(element.tag, set())
        for suite in root:
            assert suite.get("tests") == str(len(suite)) != "0"
            assert suite.get("failures") == str(len(suite.findall("*/failure")))
        assert root.get("failures") == str(len(list(root.iter("failure"))))
        assert root.get("errors") == str(len(list(root.iter("error"))))

    def test_a_clean_run_is_one_passed_case(self):
        root = ElementTree.fromstring(render("junit", report()))
        assert [case.get("name") for case in root.iter("testcase")] == ["no findings"]
        assert root.get("failures") == "0"

    def test_notes_pass_and_what_was_taken_back_is_skipped(self):
        root = ElementTree.fromstring(render("junit", sample()))
        assert len(list(root.iter("failure"))) == 2
        assert len(list(root.iter("skipped"))) == 3
        assert len(list(root.iter("system-out"))) == 2


class TestText:
    WAY_OUT = "Too many to fix at once? evalpolicy check --statistics"

    @pytest.mark.parametrize(("number", "said"), [(99, False), (100, True)])
    def test_a_first_check_says_how_to_begin(self, number, said):
        text = render_text(report([finding(about=str(n)) for n in range(number)]))
        assert (self.WAY_OUT in text) is said

    def test_what_is_absent_can_be_brought(self):
        problem = FileProblem("a", 1, "its object is not in this clone (partial or damaged)")
        many = [finding(about=str(n)) for n in range(200)]
        text = render_text(report(many, [problem]))
        assert "To fetch the missing files, run: git fetch --refetch --no-filter\n" in text
        assert self.WAY_OUT not in text
        assert "--refetch" not in render_text(report(many, [FileProblem("a", 1, "no TOML")]))
