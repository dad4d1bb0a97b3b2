"""Whose policy judges a submission, and that honest work is not stopped by it."""

from __future__ import annotations

import json
import sys

import pytest
from tests.action_runner import run
from tests.engine.silencers import (
    ARC,
    BASELINE,
    BELOW,
    CONFIG,
    HOOKS,
    LABEL_ROW,
    RUNS,
    WORKFLOW,
    WRONG_TASKS,
    allow,
    step,
    toml,
)
from tests.fleets import BENCHMARK, FLEET, git
from tests.submissions import MESSAGE, submission

from evalpolicy.__main__ import main
from evalpolicy.reporters import FORMATS

JUDGED = {**FLEET, CONFIG: "[rules]\n", WORKFLOW: RUNS}
NEW = {
    "containers/benchmarks/gsm/Dockerfile": BENCHMARK.replace("arc", "gsm").replace("ARC", "GSM"),
    "containers/benchmarks/gsm/compose.yaml": FLEET["containers/benchmarks/arc/compose.yaml"].replace("arc", "gsm"),  # noqa: E501
    "containers/benchmarks/gsm/README.md": "# GSM\n",
}  # fmt: skip


@pytest.fixture
def check(monkeypatch, capfdbinary):
    def call(root, *arguments, form="json"):
        monkeypatch.chdir(root)
        code = main(["check", "--base", "main", "--format", form, "--no-cache", *arguments])
        out, err = capfdbinary.readouterr()
        assert out, err.decode()
        return code, json.loads(out) if form == "json" else out.decode()

    return call


def rules(report):
    return {finding["rule"] for finding in report["findings"]}


@pytest.mark.parametrize(
    "own", [CONFIG, "pyproject.toml", BASELINE, "a comment"], ids=["toml", "pyproject", "rows", "#"]
)
def test_who_adopts_it_is_judged_by_its_own(tmp_path, check, own):
    """A base that neither configures nor runs it has no judge to switch off."""
    files = {
        CONFIG: {CONFIG: toml("[rules]", 'LBL003 = "off"')},
        "pyproject.toml": {"pyproject.toml": toml("[tool.evalpolicy.rules]", 'LBL003 = "off"')},
        BASELINE: {BASELINE: LABEL_ROW},
        "a comment": {ARC: BELOW},
    }[own]
    before = {**FLEET, **WRONG_TASKS, ".github/workflows/ci.yml": "on: push\njobs: {}\n"}
    root = submission(tmp_path, before, {**before, **files, WORKFLOW: RUNS})
    code, report = check(root)
    assert (code, rules(report)) == (0, set())
    assert report["judged_by"] == {"policy": "adopted", "not_honoured": []}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {CONFIG: '[rules]\nSUB010 = "error"\n'}),
        ({CONFIG: "[sizes]\nlimit = 900\n"}, {CONFIG: "[sizes]\nlimit = 600\n"}),
        ({}, {CONFIG: "[secrets]\ninternal_hosts = ['x[.]example']\n"}),
        ({}, {CONFIG: '[layout]\nfixtures = ["tests/run/replay/fixtures/*.traces.jsonl", "tests/run/replay/fixtures/*.trajectory.jsonl", "more/*.jsonl"]\n'}),  # noqa: E501
        ({CONFIG: '[submission]\nbots = ["a", "b"]\n'}, {CONFIG: '[submission]\nbots = ["a"]\n'}),
        ({CONFIG: '[contracts]\nagent = "c.json"\n', "c.json": '{"required": []}'}, {CONFIG: '[contracts]\nagent = "c.json"\n', "c.json": '{"required": ["eval.agent.name"]}'}),  # noqa: E501
        ({CONFIG: allow("LBL003", ARC), **WRONG_TASKS}, {CONFIG: ""}),
        ({BASELINE: LABEL_ROW, **WRONG_TASKS}, {BASELINE: None, ARC: BENCHMARK}),
        ({}, {WORKFLOW: step("with:", "  fail-on: warning")}),
        ({WORKFLOW: step("with:", "  ignore: LBL,PIN")}, {WORKFLOW: step("with:", "  ignore: PIN")}),  # noqa: E501
        ({}, {WORKFLOW: RUNS.replace("v0.1.0", "v0.1.1")}),
        ({}, {WORKFLOW: RUNS.replace("  pull_request:\n", "  pull_request:\n  merge_group:\n")}),
        ({}, {CONFIG: None, "pyproject.toml": "[tool.evalpolicy.rules]\n"}),
    ],
)  # fmt: skip
def test_what_only_tightens_is_not_reported(tmp_path, check, before, after):
    first = {**JUDGED, **before}
    last = {path: text for path, text in {**first, **after}.items() if text is not None}
    code, report = check(submission(tmp_path, first, last))
    assert "SUB012" not in rules(report)
    assert not report["problems"]
    if ARC not in before:
        assert code == 0 or rules(report) == {"FIX014"}


def test_a_new_benchmark_is_judged_by_the_layout_at_the_base(tmp_path, check):
    code, report = check(submission(tmp_path, JUDGED, {**JUDGED, **NEW}))
    assert (code, rules(report)) == (0, set())
    assert report["checked"]["benchmarks"] == 2


def test_folders_that_move_with_their_layout_are_judged_where_they_are(tmp_path, check):
    moved = {p.replace("containers/benchmarks", "evals"): text for p, text in JUDGED.items()}
    layout = toml("[layout]", 'benchmarks = ["evals/*"]')
    wrong = {"evals/arc/Dockerfile": WRONG_TASKS[ARC]}
    root = submission(tmp_path, JUDGED, {**moved, CONFIG: layout, **wrong})
    code, report = check(root)
    assert code == 1
    assert "LBL003" in rules(report)
    assert "SUB012" not in rules(report)
    assert report["checked"]["benchmarks"] == 1


class TestWaiversOfTheBase:
    @pytest.mark.parametrize("kind", ["allowance", "baseline", "comment"])
    def test_they_count(self, tmp_path, check, kind):
        before = {
            "allowance": {CONFIG: allow("LBL003", ARC), **WRONG_TASKS},
            "baseline": {BASELINE: LABEL_ROW, **WRONG_TASKS},
            "comment": {ARC: BELOW},
        }[kind]
        first = {**JUDGED, **before}
        last = {**first, ARC: "# moved\n\n" + first[ARC] + "RUN true\n"}
        code, report = check(submission(tmp_path, first, last))
        assert (code, rules(report)) == (0, set())
        assert report["summary"]["suppressed"] + report["summary"]["baselined"] == 1

    @pytest.mark.parametrize("kind", ["baseline", "comment"])
    def test_they_follow_a_file_that_is_renamed(self, tmp_path, check, kind):
        brought = {**WRONG_TASKS, BASELINE: LABEL_ROW} if kind == "baseline" else {ARC: BELOW}
        before = {**JUDGED, **brought}
        after = {path.replace("arc/", "renamed/"): text for path, text in before.items()}
        if kind == "baseline":
            after[BASELINE] = LABEL_ROW.replace("arc", "renamed")
        code, report = check(submission(tmp_path, before, after))
        assert code == 1  # the folder's name is no longer the label's
        assert "LBL003" not in rules(report)
        assert report["judged_by"]["not_honoured"] == []

    def test_they_do_not_follow_one_that_is_changed_as_well(self, tmp_path, check):
        before = {**JUDGED, ARC: BELOW}
        after = {path.replace("arc/", "renamed/"): text for path, text in before.items()}
        after[ARC.replace("arc/", "renamed/")] += "RUN true\n"
        _, report = check(submission(tmp_path, before, after))
        assert {"LBL003", "SUB012"} <= rules(report)

    def test_a_reason_is_written_anew(self, tmp_path, check):
        first = {**JUDGED, ARC: BELOW}
        last = {**first, ARC: BELOW.replace("] x", "] another reason")}
        code, report = check(submission(tmp_path, first, last))
        assert (code, rules(report)) == (0, set())

    def test_the_line_that_they_are_on_is_changed(self, tmp_path, check):
        first = {**JUDGED, ARC: BELOW}
        last = {**first, ARC: BELOW.replace('"many"', '"lots"')}
        code, report = check(submission(tmp_path, first, last))
        assert (code, rules(report)) == (0, set())

    def test_each_of_several_that_are_alike_counts(self, tmp_path, check):
        line = '# evalpolicy: ignore[LBL006] x\nLABEL eval.benchmark.env="shared-env"\n'
        first = {**JUDGED, ARC: BENCHMARK + line + line + 'LABEL eval.benchmark.env="shared-env"\n'}
        last = {**first, ARC: "# moved\n" + first[ARC]}
        _, before = check(submission(tmp_path / "a", first, {**first, "x.txt": ""}))
        _, after = check(submission(tmp_path / "b", first, last))
        assert before["summary"]["suppressed"] == after["summary"]["suppressed"] == 2

    def test_one_that_goes_counts_no_longer(self, tmp_path, check):
        first = {**JUDGED, ARC: BELOW}
        code, report = check(submission(tmp_path, first, {**first, **WRONG_TASKS}))
        assert (code, rules(report)) == (1, {"LBL003"})


AFTER = {**JUDGED, **WRONG_TASKS, CONFIG: toml("[rules]", 'LBL003 = "off"')}


class TestAccepted:
    def test_it_is_judged_by_its_own(self, tmp_path, check):
        root = submission(tmp_path, JUDGED, AFTER)
        assert check(root)[0] == 1
        code, report = check(root, "--accept-policy-changes")
        assert (code, rules(report)) == (0, set())
        assert report["judged_by"]["policy"] == "accepted"

    def test_by_the_documented_label_the_workflow_may_be_changed_too(self, tmp_path, check):
        value = "${{ contains(github.event.pull_request.labels.*.name, 'policy-change-accepted') }}"
        after = {**AFTER, WORKFLOW: step("with:", f"  accept-policy-changes: {value}")}
        root = submission(tmp_path, JUDGED, after)
        assert check(root)[0] == 1
        assert check(root, "--accept-policy-changes")[0] == 0

    def test_without_a_submission_it_is_wrong_usage(self, tmp_path, monkeypatch):
        root = submission(tmp_path, JUDGED, AFTER)
        monkeypatch.chdir(root)
        assert main(["check", "--accept-policy-changes"]) == 2

    def test_a_baseline_outside_of_the_repository_is_the_users_word(self, tmp_path, check):
        root = submission(tmp_path / "r", JUDGED, {**JUDGED, **WRONG_TASKS})
        known = tmp_path / "known.json"
        known.write_text(LABEL_ROW)
        assert check(root, "--baseline", str(known))[0] == 0


@pytest.mark.parametrize("path", [CONFIG, BASELINE, "c.json"])
def test_a_policy_at_the_base_that_cannot_be_read_decides_nothing(tmp_path, check, path):
    contract = toml("[contracts]", 'benchmark = "c.json"')
    before = {**JUDGED, CONFIG: contract, "c.json": "{}", path: "{"}
    root = submission(tmp_path, before, JUDGED)
    code, report = check(root)
    assert code == 3
    assert report["judged_by"]["policy"] == "unreadable"
    assert check(root, "--accept-policy-changes")[0] == 0


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "junit"])
def test_every_format_says_how_a_waiver_is_accepted(tmp_path, check, form):
    root = submission(tmp_path, JUDGED, {**JUDGED, ARC: BELOW})
    _, out = check(root, form=form)
    text = json.dumps(out) if form == "json" else " ".join(out.split())
    wanted = '"not_honoured": [{"by": "comment"' if form == "json" else "--accept-policy-changes"
    assert wanted in text


def test_the_push_of_a_merge_goes_by_what_was_there_before(tmp_path, monkeypatch, capfdbinary):
    root = submission(tmp_path / "r", JUDGED, {**JUDGED, **WRONG_TASKS, BASELINE: LABEL_ROW})
    before, after = (git(root, "rev-parse", name).strip() for name in ("main", "work"))
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"before": before, "after": after}))
    monkeypatch.chdir(root)
    assert main(["check", "--event", str(event)]) == 1
    assert main(["check", "--event", str(event), "--accept-policy-changes"]) == 0
    capfdbinary.readouterr()


def test_a_message_alone_is_judged_by_what_is_there(tmp_path, monkeypatch, capfdbinary):
    root = submission(tmp_path / "r", JUDGED, {**JUDGED, CONFIG: '[rules]\nSUB = "off"\n'})
    (root / "m").write_text(MESSAGE)
    monkeypatch.chdir(root)
    assert main(["check", "--message", "m"]) == 0
    assert HOOKS not in FLEET
    capfdbinary.readouterr()


def test_a_baseline_beside_the_fleet_but_in_its_repository_is_refused(tmp_path, monkeypatch):
    """What the base holds there is not known: the fleet begins below it."""
    below = {f"sub/{path}": text for path, text in {**FLEET, CONFIG: "[rules]\n"}.items()}
    wrong = {f"sub/{path}": text for path, text in WRONG_TASKS.items()}
    root = submission(tmp_path, below, {**below, **wrong, "known.json": LABEL_ROW})
    monkeypatch.chdir(root / "sub")
    assert main(["check", "--base", "main", "--baseline", "../known.json"]) == 2


@pytest.mark.parametrize(("value", "code"), [("true", "0"), ("false", "1")])
def test_the_action_accepts_what_its_input_says(tmp_path, value, code):
    root = submission(tmp_path / "r", JUDGED, AFTER)
    inputs = {"base": "main", "accept-policy-changes": value}
    ran = run(root, tmp_path / "runner", inputs, installed=sys.executable)
    assert ran.outputs["exit-code"] == code
    assert ("::notice title=evalpolicy::" in ran.log) == (value == "true")
