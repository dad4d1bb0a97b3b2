"""SARIF: what the specification and GitHub's code scanning ask for."""

from __future__ import annotations

import gzip
import json

import pytest
from tests.fleets import repository, write
from tests.reporters.sample import DOCKERFILE, finding, report, sample

from evalpolicy.__main__ import main
from evalpolicy.engine.line_hashes import line_hashes
from evalpolicy.matching.json_schema import violations
from evalpolicy.policy.report import Waived
from evalpolicy.reporters import render, sarif

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation", "region"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "pattern": "^[^/ ][^ \\\\\\\\]*$"}},
                },
                "region": {
                    "type": "object",
                    "required": ["startLine"],
                    "additionalProperties": {"type": "integer", "minimum": 1},
                },
            },
        }
    },
}
# What the specification (3.13 and on) requires of the objects that we write, and what GitHub's
# "SARIF support for code scanning" marks as required; both by hand, because no package that a
# test could install ships the schema.
REQUIRED = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["tool", "results", "columnKind"],
                "properties": {
                    "columnKind": {"const": "unicodeCodePoints"},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "maxItems": 25000,
                                        "items": {
                                            "type": "object",
                                            "required": [
                                                "id", "shortDescription", "fullDescription",
                                                "help", "defaultConfiguration", "properties",
                                            ],
                                            "properties": {
                                                "shortDescription": TEXT,
                                                "fullDescription": TEXT,
                                                "help": {
                                                    **TEXT,
                                                    "required": ["text", "markdown"],
                                                },
                                                "defaultConfiguration": {
                                                    "properties": {"level": LEVEL},
                                                    "required": ["level"],
                                                },
                                                "properties": {
                                                    "properties": {"tags": {"maxItems": 10}},
                                                    "required": ["tags", "problem.severity"],
                                                },
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "maxItems": 25000,
                        "items": {
                            "type": "object",
                            "required": [
                                "ruleId", "ruleIndex", "level", "message", "locations",
                                "partialFingerprints", "suppressions",
                            ],
                            "properties": {
                                "level": LEVEL,
                                "message": TEXT,
                                "locations": {"minItems": 1, "maxItems": 100, "items": LOCATION},
                                "partialFingerprints": {
                                    "additionalProperties": {"type": "string"}
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip


def run_of(text):
    return json.loads(text)["runs"][0]


def test_everything_that_is_required_is_there():
    assert violations(json.dumps(REQUIRED).encode(), json.loads(render("sarif", sample()))) == []


def test_a_result_points_at_its_rule():
    run = run_of(render("sarif", sample()))
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]


def test_the_worst_come_first_and_the_waived_last():
    found = [finding("REL002"), finding("LBL006"), finding("LBL001")]
    waived = [Waived(finding("LBL001"), "comment", "so")]
    results = run_of(render("sarif", report(found, waived=waived)))["results"]
    assert [result["level"] for result in results] == ["error", "warning", "note", "error"]
    assert [bool(result["suppressions"]) for result in results] == [False, False, False, True]


@pytest.mark.parametrize(
    ("by", "kind"), [("comment", "inSource"), ("allowance", "external"), ("baseline", "external")]
)
def test_what_was_taken_back_says_why(by, kind):
    waived = [Waived(finding(), by, "because")]
    (result,) = run_of(render("sarif", report(waived=waived)))["results"]
    assert result["suppressions"] == [
        {"kind": kind, "status": "accepted", "justification": "because"}
    ]


def test_more_results_than_github_takes_are_cut_from_the_end():
    found = [finding("REL002"), *(finding(about=str(n)) for n in range(30))]
    run = run_of(sarif.render(report(found), results=30))
    assert len(run["results"]) == 30
    assert {result["level"] for result in run["results"]} == {"error"}
    (said,) = run["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"].startswith("left out: 1 result of lower severity")


def test_a_file_larger_than_github_takes_is_cut_until_it_fits():
    found = [finding(about=str(n), message=f"{n * 7919} is wrong") for n in range(3000)]
    text = sarif.render(report(found), compressed=40_000)
    assert len(gzip.compress(text.encode())) <= 40_000
    assert 200 < len(run_of(text)["results"]) < 3000


def test_problems_make_the_invocation_a_failure():
    run = run_of(render("sarif", sample()))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (said,) = invocation["toolExecutionNotifications"]
    assert said["level"] == "error"
    place = said["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "fleet/containers/agents/%C3%A4/Dockerfile", "uriBaseId": "%SRCROOT%"}


def test_a_file_outside_of_the_repository_is_named_as_such():
    (result,) = run_of(render("sarif", report([finding(path="/tmp/b c.json")], prefix="x/")))[
        "results"
    ]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "file:///tmp/b%20c.json"}


# The cases of github/codeql-action's own test (src/fingerprints.test.ts).
@pytest.mark.parametrize(
    ("text", "hashes"),
    [
        ("", "c129715d7a2bc9a3:1"),
        (
            " a\nb\n  \t\tc\n d",
            "271789c17abda88f:1 54703d4cd895b18:1 180aee12dab6264:1 a23a3dc5e078b07b:1",
        ),
        *(
            (
                text,
                "e9496ae3ebfced30:1 fb7c023a8b9ccb3f:1 ce8ba1a563dcdaca:1 e20e36e16fcb0cc8:1 "
                "b3edc88f2938467e:1 c8e28b0b4002a3a0:1 c129715d7a2bc9a3:1",
            )
            for text in (
                " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
                " hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r",
                " hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n",
                " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
            )
        ),
        (
            "Lorem ipsum dolor sit amet.\n" * 10,
            " ".join(f"a7f2ff13bc495cf2:{n}" for n in range(1, 7))
            + " a7f2ff1481e87703:1 a9cf91f7bbf1862b:1 55ec222b86bcae53:1 cc97dc7b1d7d8f7b:1"
            " c129715d7a2bc9a3:1",
        ),
    ],
)
def test_lines_are_hashed_as_github_hashes_them(text, hashes):
    assert line_hashes(text.encode()) == hashes.split()
    assert line_hashes(text.encode(), 1) == hashes.split()[:1]


def test_a_real_run_has_the_hash_of_every_line(tmp_path, monkeypatch):
    root = repository(tmp_path / "r")
    text = "FROM a:1\nLABEL eval.type=benchmark\n"
    write(root, {DOCKERFILE: text})
    monkeypatch.chdir(root)
    assert main(["check", "--format", "sarif=out.sarif", "--no-cache"]) == 1
    results = run_of((root / "out.sarif").read_text())["results"]
    assert results
    for result in results:
        line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
        known = line_hashes(text.encode())[line - 1]
        assert result["partialFingerprints"]["primaryLocationLineHash"] == known
