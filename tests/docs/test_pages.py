"""The pages that are made: complete, and true to what they are made from."""

from __future__ import annotations

import json
import re

import pytest
from docsite import commands, comparison, configuration, console, report, rules
from docsite.generated import REPOSITORY, outward, pages
from docsite.navigation import filled

from evalpolicy.matching.shipped import schema
from evalpolicy.rules import FAMILIES, all_rules

RULES = all_rules()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_page_with_both_examples_and_the_report_on_the_bad_one(rule):
    page = rules.page(rule)
    bad = page.index("\n## Example\n")
    report = page.index("\nevalpolicy reports:\n\n```text\n", bad)
    good = page.index("\n## Fixed\n", report)
    assert page.index("\n## Why\n") < bad
    assert rule.id in page[report:good]
    assert "\n## Other tools\n\nFound by others: " in page[good:]
    assert len(re.findall(r"^```", page, re.MULTILINE)) % 2 == 0


def test_the_comparison_has_a_line_for_every_rule_and_no_other():
    assert set(comparison.rows()) == {rule.id for rule in RULES}
    page = comparison.page()
    for rule in RULES:
        assert page.count(f"| [{rule.id}](rules/{rule.id}.md) {rule.name} |") == 1
    assert "{{" not in page


def test_the_comparison_holds_nothing_that_is_not_shown():
    known = {*comparison.MEASURED, "conftest", "note"}
    for id, row in comparison.rows().items():
        assert set(row) <= known, id
        assert row.get("conftest", "policy") in ("policy", "as written"), id


def test_the_readme_says_of_every_family_what_it_is_about():
    assert set(rules.families_about()) == set(FAMILIES)


def test_every_key_of_the_configuration_is_explained():
    page = configuration.page()
    document = json.loads(schema("config"))
    for name, value in document["properties"].items():
        keys = value.get("properties") or value.get("items", {}).get("properties") or {}
        for key in (*keys, name):
            assert any(shown in page for shown in (f"`{key}`", f"[{key}]", f".{key}]")), key
        for key, what in keys.items():
            assert what["description"].endswith("."), f"{name}.{key}"
    assert '`"containers/benchmarks/*"`' in page


def test_every_key_of_the_report_is_in_its_reference():
    page = report.page()
    names = set(re.findall(r'"(\w+)": ', page.partition("```json")[2]))
    assert {"findings", "fingerprint", "summary"} <= names
    for name in names:
        assert re.search(rf"`(?:[\w\[\].]+\.)?{name}`", page), name


def test_every_option_is_in_the_reference():
    page = commands.page()
    assert "`--fail-on [error|warning|note|never]`".replace("|", "\\|") in page
    assert "### evalpolicy baseline prune" in page


def test_the_navigation_shows_what_is_there():
    nav = [{"A": "index.md"}, {"B": [{"C": "rules/index.md"}, {"D": "x.md"}]}]
    [first, second] = filled(nav)
    assert first == {"A": "index.md"}
    [of_rules, last] = second["B"]
    assert last == {"D": "x.md"}
    shown = [page for part in of_rules["C"][1:] for group in part.values() for page in group]
    assert len(shown) == len(RULES)


def test_links_to_files_outside_of_the_documents_lead_to_the_repository():
    text = "[a](../examples/fleet) [b](tutorial.md#x) [c](https://x.org/../y) [d](../Makefile#z)"
    at = f"{REPOSITORY}/{{}}/main/{{}}"
    assert outward(text, "replay.md") == (
        f"[a]({at.format('tree', 'examples/fleet')}) [b](tutorial.md#x) [c](https://x.org/../y) "
        f"[d]({at.format('blob', 'Makefile')}#z)"
    )
    assert outward("[a](../tutorial.md)", "reference/x.md") == "[a](../tutorial.md)"
    with pytest.raises(ValueError, match=r"docs/a.md links to ../nothing, which is not there"):
        outward("[a](../nothing)", "a.md")


def test_a_page_includes_files_the_way_the_site_reads_it():
    """A formatter takes the line for Python, and without quotes it stays text."""
    included = []
    for document in console.documents():
        for line in document.read_text(encoding="utf-8").splitlines():
            if re.match(r"-+8 ?<", line):
                found = re.fullmatch(r'--8<-- "(.+)"', line)
                assert found, f"{document.name}: {line}"
                included.append(console.ROOT / found[1])
    assert included
    assert [path for path in included if not path.is_file()] == []


def test_links_of_the_top_folders_documents_lead_into_the_site():
    made = pages()
    assert "](docs/" not in made["changelog.md"] + made["contributing.md"]
