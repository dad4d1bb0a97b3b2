"""Each format of `replay run` on one run: golden files, schemas, and what a recording may hold.

`EVALPOLICY_RENEW_GOLDEN=1 pytest tests/replay/reports` writes the files anew: read the difference
before you commit it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from msgspec.structs import replace
from referencing import Registry, Resource
from tests.replays import replayed
from tests.reporters.test_hostile import HOSTILE

from evalpolicy.artifacts.syntax.source import Span
from evalpolicy.errors import UsageError
from evalpolicy.facts.replays.reading import read
from evalpolicy.matching.shipped import schema
from evalpolicy.policy.report import Checked, FileProblem, Report
from evalpolicy.policy.rule import Finding
from evalpolicy.replay.reports import FORMATS, ReplayReport, render, text
from evalpolicy.reporters import json as check_json
from evalpolicy.reporters import sarif
from evalpolicy.reporters.safe import width
from evalpolicy.rules import family

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {"json": "json", "sarif": "sarif", "junit": "xml", "markdown": "md"}
FIRST = {
    "turn": 2,
    "line": 5,
    "differences": [{"where": "user", "recorded": "17 + 25", "asked": "18 + 24"}],
}


def sample():
    replays = [
        replayed(fixture="arc-0-codex", turns=3, served=3, compared=3, recorded=1, seconds=1.25),
        replayed(
            fixture="arc-1-codex", turns=2, served=1, diverged=1, first_diverged=FIRST, line=5,
            logs=["/fleet/evalpolicy-replay/arc-1-codex/logs/runner.stdout.log"],
        ),
        replayed(fixture="arc-2-codex", turns=1, served=1, exhausted=2, exit_code=1),
        replayed(fixture="arc-3-codex", control=True, exhausted=1, result={"reward": 1}),
        replayed(fixture="arc-4-codex", not_run="known to be broken: old", broken=True),
        replayed(fixture="arc-5-codex", not_run="docker: no such image"),
    ]  # fmt: skip
    return report(replays)


def report(replays):
    """With a finding on each, as far as it does not matter which."""
    rules = {"diverged": "RPL001", "exhausted": "RPL002", "failed": "RPL007", "not run": "RPL006"}
    of = {rule.id: rule for rule in family("RPL")}
    findings = [
        Finding(
            rules[one.verdict], of[rules[one.verdict]].name, of[rules[one.verdict]].severity,
            one.path, Span.at(one.line), "; ".join(one.judgement.reasons), "help", one.name,
        )
        for one in replays
        if one.verdict in rules and (one.verdict != "not run" or one.broken)
    ]  # fmt: skip
    problems = [
        FileProblem(one.path, 1, f"not replayed: {one.judgement.reasons[0]}")
        for one in replays
        if one.verdict == "not run" and not one.broken
    ]
    checked = Report(
        "worktree", None, "", "/fleet", Checked(6, 2, 1, 1, 6, 7), family("RPL"), findings, problems
    )
    look = "less evalpolicy-replay/arc-1-codex/logs/runner.stdout.log"
    return ReplayReport(checked, replays, "20260102-030405-abcdef", "docker 20.10", 7.5, look)


@pytest.mark.parametrize("name", FORMATS)
def test_the_output_is_the_golden_one(name, monkeypatch):
    for module in (check_json, sarif):
        monkeypatch.setattr(module, "__version__", "0.0.0")
    file = GOLDEN / f"{name}.{ENDINGS.get(name, 'txt')}"
    output = text.render(sample()) if name == "text" else render(name, sample())
    if os.environ.get("EVALPOLICY_RENEW_GOLDEN"):
        file.write_bytes(output.encode())
    assert output.encode() == file.read_bytes()


def test_every_golden_file_belongs_to_a_format():
    assert {file.stem for file in GOLDEN.iterdir()} == set(FORMATS)


def validator():
    known = [json.loads(schema(name)) for name in ("replay", "report")]
    registry = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in known)
    return Draft202012Validator(known[0], registry=registry)


def test_the_json_passes_its_schema():
    document = json.loads(render("json", sample()))
    validator().validate(document)
    assert document["summary"] == {
        "reproduced": 1, "diverged": 1, "exhausted": 1, "failed": 1, "not run": 2,
    }  # fmt: skip
    del document["replays"][0]["evidence"]["calls"]["turns_left"]
    assert not validator().is_valid(document)


def test_quiet_leaves_what_was_not_reproduced():
    said = text.render(sample(), quiet=True)
    assert "arc-0-codex" not in said
    assert "arc-1-codex" in said
    assert "Replayed" not in said


@pytest.mark.parametrize("columns", [60, 100])
def test_text_keeps_to_the_terminal(columns):
    said = text.render(sample(), columns=columns)
    wide = [line for line in said.splitlines() if width(line) > columns]
    assert [line for line in wide if not line.startswith("To read the logs, run: ")] == []


def test_the_summary_ends_with_the_command_to_look_closer():
    look = "To read the logs, run: less evalpolicy-replay/arc-1-codex/logs/runner.stdout.log"
    assert text.render(sample()).splitlines()[-1] == look


@pytest.mark.parametrize("harm", HOSTILE.values(), ids=HOSTILE)
class TestHostile:
    """A name of a fixture, and what an agent writes into its result, are anybody's."""

    def made(self, harm):
        result = {"benchmark": harm, "task_id": harm}
        return report(
            [
                replayed(fixture=f"arc-{harm}", turns=1, served=1, result=result, logs=[harm]),
                replayed(fixture="arc-1-codex", not_run=harm),
            ]
        )

    def test_text(self, harm):
        said = text.render(self.made(harm))
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\u2029]|##\\[", said)
        assert not any(line.lstrip().startswith("::") for line in said.splitlines())

    def test_json(self, harm):
        raw = render("json", self.made(harm))
        raw.encode()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\u2029]|##\\[", raw)
        validator().validate(json.loads(raw))

    def test_junit(self, harm):
        root = ElementTree.fromstring(render("junit", self.made(harm)).encode())
        assert [root.get(name) for name in ("tests", "failures", "errors")] == ["2", "1", "1"]

    def test_markdown(self, harm):
        raw = render("markdown", self.made(harm))
        tokens = MarkdownIt("gfm-like").parse(raw)
        inner = [child for token in tokens for child in token.children or ()]
        kinds = {token.type for token in (*tokens, *inner)}
        assert not kinds & {"html_block", "html_inline", "link_open", "image"}
        rows = [token for token in tokens if token.type == "tr_open"]
        assert len(rows) == 3


def test_the_machine_format_is_read_back():
    run = sample()
    again = read(render("json", run).encode(), "replay.json")
    assert [(one.judgement, one.line, one.broken, one.logs) for one in again] == [
        (one.judgement, one.line, one.broken, one.logs) for one in run.replays
    ]
    assert [one.evidence for one in again] == [one.evidence for one in run.replays]
    assert render("json", replace(run, replays=again)) == render("json", run)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b'{"version": "1"}', b'{"replays": [{}]}']
)
def test_another_file_is_refused(content):
    with pytest.raises(UsageError, match="replay run --format json"):
        read(content, "x.json")
