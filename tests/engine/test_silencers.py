"""No submission switches its judge off: the same finding stands, and SUB012 reports the attempt."""

from __future__ import annotations

import json
import sys

import pytest
from tests.action_runner import run
from tests.engine.silencers import BASE, CONFIG, LABEL, OFF, SILENCERS, WORKFLOW, Silencer, step
from tests.fleets import git
from tests.submissions import submission

from evalpolicy.__main__ import main


def merged(*layers):
    files = {path: text for layer in layers for path, text in layer.items()}
    return {path: text for path, text in files.items() if text is not None}


def repository(root, case: Silencer, *, silenced: bool = True):
    before = merged(BASE, case.base)
    after = merged(before, case.offence, case.silencer if silenced else {})
    return submission(root, before, after, message=case.message)


@pytest.fixture
def check(monkeypatch, capfdbinary):
    """`check(root, case, *more)` gives the exit code and (rule, severity) of each finding."""

    def call(root, case, *more):
        monkeypatch.chdir(root / case.folder)
        arguments = [*case.arguments, *more]
        code = main(["check", "--base", "main", "--format", "json", "--no-cache", *arguments])
        out, err = capfdbinary.readouterr()
        assert out, err.decode()
        report = json.loads(out)
        return code, {(f["rule"], f["severity"]) for f in report["findings"]}, report

    return call


def of(name):
    return next(case for case in SILENCERS if case.name == name)


@pytest.mark.parametrize("case", SILENCERS, ids=lambda case: case.name)
def test_nothing_is_silenced(tmp_path, check, case):
    code, found, report = check(repository(tmp_path / "r", case), case)
    assert code == 1, report["problems"]
    assert case.rule in {rule for rule, severity in found if severity == "error"}
    assert ("SUB012", "error") in found
    assert report["judged_by"]["policy"] == "base"


# In the others the silencer stands in the file that offends, or is named on the command line.
CONTROLS = [c for c in SILENCERS if c.silencer and not c.arguments and c.rule != "SUB012"]


@pytest.mark.parametrize("case", CONTROLS, ids=lambda case: case.name)
def test_the_same_without_the_silencer(tmp_path, check, case):
    """The control: the finding is there, and no word of a gate that nobody touched."""
    code, found, _ = check(repository(tmp_path / "r", case, silenced=False), case)
    assert code == 1
    assert case.rule in {rule for rule, _ in found}
    assert "SUB012" not in {rule for rule, _ in found}


def test_the_ways_are_as_many_as_were_counted():
    assert len({case.name for case in SILENCERS}) == len(SILENCERS) >= 48


@pytest.mark.parametrize(
    "name", ["key + allow SUB + baseline", "narrow layout", "all rules off", "comment", "bots"]
)
def test_by_the_action(tmp_path, name):
    case = of(name)
    root = repository(tmp_path / "r", case)
    head, base = (git(root, "rev-parse", name).strip() for name in ("work", "main"))
    pull = {"title": "x", "body": "", "labels": [], "user": {"login": "someone", "type": "User"},
            "head": {"sha": head}, "base": {"sha": base}}  # fmt: skip
    if case.rule != "SUB001":
        pull["body"] = "Fixes #12"
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": pull}))
    github = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)}
    ran = run(root, tmp_path / "runner", installed=sys.executable, github=github)
    assert ran.outputs["exit-code"] == "1"
    assert "SUB012" in ran.summary
    assert any(case.rule in command for command in ran.commands)
    assert "judged by the policy at its merge base" in ran.summary


def test_a_branch_from_before_the_judge_came(tmp_path, check):
    """Its merge base has no judge; the branch that it goes into has."""
    offence = dict(LABEL[1])
    bare = merged(BASE, {CONFIG: None, WORKFLOW: None})
    after = merged(bare, offence, {CONFIG: OFF})
    root = submission(tmp_path / "r", bare, after, upstream=dict(BASE))
    code, found, report = check(root, of("all rules off"))
    assert code == 1
    assert {("LBL003", "error"), ("SUB012", "error")} <= found
    assert report["judged_by"]["policy"] == "base"


@pytest.mark.parametrize("value", ["true", "${{ true || contains(github.event.pull_request.labels.*.name, 'x') }}"])  # fmt: skip # noqa: E501
def test_a_workflow_does_not_accept_itself(tmp_path, check, value):
    silencer = {CONFIG: OFF, WORKFLOW: step("with:", f"  accept-policy-changes: {value}")}
    case = of("all rules off")._replace(silencer=silencer)
    code, found, _ = check(repository(tmp_path / "r", case), case, "--accept-policy-changes")
    assert (code, found) == (1, {("SUB012", "error")})
