"""`evalpolicy check` with a base, a message or an event: what runs, and how it ends."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from tests.engine.silencers import RUNS, WORKFLOW
from tests.fleets import FLEET, git, write
from tests.submissions import FIXTURES, MESSAGE, commit, start, submission

from evalpolicy.__main__ import main


@pytest.fixture
def run(monkeypatch, capfdbinary, tmp_path):
    """`run(root, *arguments)` gives (exit code, standard output, standard error)."""
    monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")

    def call(root, *arguments):
        monkeypatch.chdir(root)
        code = main(list(arguments))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def event(root, tmp_path, body="Fixes #1", **fields):
    head, base = (git(root, "rev-parse", name).strip() for name in ("work", "main"))
    pull = {"number": 7, "title": "t", "body": body, "head": {"sha": head}, "base": {"sha": base}}
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"pull_request": {**pull, **fields}}))
    return str(file)


class TestWhatRuns:
    @pytest.mark.parametrize("selector", ["SUB", "submission", "SUB001", "sign-off", "LBL,SUB002"])
    def test_without_anything_to_judge_it_is_wrong_usage(self, run, tmp_path, selector):
        root = submission(tmp_path / "r", FLEET, FLEET)
        code, out, err = run(root, "check", "--select", selector)
        assert (code, out) == (2, "")
        assert "--base, --message or --event" in err

    def test_unasked_the_rules_do_not_run(self, run, tmp_path):
        root = submission(tmp_path / "r", FLEET, {**FLEET, "x": "x\n"}, message="x\n")
        code, out, _ = run(root, "check", "--format", "json")
        assert code == 0
        assert json.loads(out)["snapshot"]["base"] is None

    def test_a_change_to_no_fleet_is_not_checked_but_for_itself(self, run, tmp_path):
        elsewhere = {"src/main.py": "x\n"}
        root = submission(tmp_path / "r", elsewhere, {**elsewhere, "x": "x\n"}, message="x\n")
        code, out, err = run(root, "check", "--base", "main", "--select", "LBL")
        assert (code, out) == (3, "")
        assert "nothing to check" in err
        code, out, _ = run(root, "check", "--base", "main", "-q")
        assert code == 1
        assert "SUB001" in out
        code, out, _ = run(root, "check", "--base", "main", "--select", "SUB", "-q")
        assert code == 1
        assert "SUB001" in out

    def test_no_submission_switches_off_what_judges_it(self, run, tmp_path):
        on, off = '[rules]\nSUB = "error"\n', '[rules]\nSUB = "off"\n'
        root = submission(
            tmp_path / "r",
            {**FLEET, "evalpolicy.toml": on},
            {**FLEET, "evalpolicy.toml": off, "x": "x\n"},
            message="x\n",
        )
        code, out, _ = run(root, "check", "--base", "main", "-q")
        assert code == 1
        assert "error: SUB001" in out
        assert "evalpolicy.toml:2:1: error: SUB012" in out

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("evalpolicy.toml", '[rules]\nSUB = "off"\n'),
            ("evalpolicy.toml", '[rules]\nSUB005 = "off"\n"gate-weakened" = "off"\n'),
            ("pyproject.toml", '[tool.evalpolicy.rules]\nsubmission = "off"\n'),
        ],
    )
    def test_a_new_configuration_does_not_switch_off_what_judges_its_own_submission(
        self, run, tmp_path, name, text
    ):
        fixture = f"{FIXTURES}/arc-0-codex.traces.jsonl"
        base = {**FLEET, WORKFLOW: RUNS}
        root = submission(tmp_path / "r", base, {**base, name: text, fixture: "{}\n"})
        code, out, _ = run(root, "check", "--base", "main", "-q", "--select", "SUB")
        assert code == 1
        assert f"{fixture}:1:1: error: SUB005" in out
        assert f"{name}:2:1: error: SUB012" in out

    def test_where_the_configuration_before_is_wrong_nothing_is_decided(self, run, tmp_path):
        root = submission(
            tmp_path / "r",
            {**FLEET, "evalpolicy.toml": "[rules\n"},
            {**FLEET, "evalpolicy.toml": '[rules]\nSUB = "off"\n'},
            message="x\n",
        )
        code, out, _ = run(root, "check", "--base", "main", "-q")
        assert code == 3
        assert "evalpolicy.toml:1: not checked: the policy at the merge base cannot be read" in out
        accepted = run(root, "check", "--base", "main", "--accept-policy-changes", "-q")
        assert accepted[:2] == (0, "")

    def test_with_a_base_all_families_run_and_the_merge_base_is_said(self, run, tmp_path):
        root = submission(
            tmp_path / "r", FLEET, {**FLEET, "x": "x\n"}, message="x\n", upstream={**FLEET, "y": ""}
        )
        code, out, _ = run(root, "check", "--base", "main", "--format", "json")
        document = json.loads(out)
        assert code == 1
        assert document["snapshot"]["base"] == git(root, "merge-base", "main", "work").strip()
        assert {f["rule"] for f in document["findings"]} == {"SUB001"}
        code, out, _ = run(root, "check", "--base", "main")
        assert f"since the merge base {document['snapshot']['base'][:12]}" in out

    def test_a_rule_on_two_states_cannot_be_chosen_for_a_message(self, run, tmp_path):
        root = start(tmp_path / "r")
        (root / "m").write_text(MESSAGE)
        code, _, err = run(root, "check", "--message", "m", "--select", "SUB008")
        assert code == 2
        assert "--base or --event" in err

    def test_configuration_can_turn_the_one_that_is_off_on(self, run, tmp_path):
        config = {"evalpolicy.toml": '[rules]\nSUB010 = "error"\n', "CHANGELOG.md": "x\n"}
        root = submission(tmp_path / "r", {**FLEET, **config}, {**FLEET, **config, "CHANGELOG.md": "y\n"})  # fmt: skip # noqa: E501 - one row a case
        code, out, _ = run(root, "check", "--base", "main", "-q")
        assert code == 1
        assert "SUB010 changelog-out-of-release" in out


# The rule on sign-offs is off unless configured.
SIGNED = {"evalpolicy.toml": '[rules]\nSUB004 = "error"\n'}


class TestMessage:
    def test_before_the_first_commit(self, run, tmp_path):
        root = write(start(tmp_path / "r"), SIGNED)
        (root / "m").write_text("x\n")
        code, out, _ = run(root, "check", "--message", "m", "--select", "SUB", "-q")
        assert code == 1
        assert [line.split(": ")[2].split()[0] for line in out.splitlines()] == ["SUB001", "SUB004"]
        (root / "m").write_text(MESSAGE)
        assert run(root, "check", "--message", "m", "--select", "SUB")[0] == 0

    def test_as_a_hook_of_git(self, tmp_path, monkeypatch):
        root = start(tmp_path / "r")
        monkeypatch.setenv("EVALPOLICY_CACHE_DIR", str(tmp_path / "cache"))
        hook = root / ".git/hooks/commit-msg"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m evalpolicy check --staged --select SUB '
            '--message "$1" -q\n'
        )
        hook.chmod(0o755)
        write(root, {**FLEET, **SIGNED})
        git(root, "add", "-A")
        with pytest.raises(Exception, match="exit status 1"):
            git(root, "commit", "-qm", "#12: no sign-off")
        git(root, "commit", "-qsm", "#12: signed off")
        with pytest.raises(Exception, match="exit status 1"):
            git(root, "commit", "-qs", "--allow-empty", "-m", "no issue")
        mine = "Signed-off-by: Test <test@example.org>"
        other = ("commit", "-q", "--allow-empty", "--author=O <o@example.org>", "-m")
        with pytest.raises(Exception, match="exit status 1"):
            git(root, *other, f"#1\n\n{mine.replace('test@', 'x@').replace('Test', 'X')}")
        git(root, *other, "#1\n\nSigned-off-by: O <o@example.org>")

    def test_together_with_a_base(self, run, tmp_path):
        root = submission(tmp_path / "r", FLEET, FLEET)
        write(root, {"RULES.md": "1. **A.** x\n", "a.py": ""})
        git(root, "add", "-A")
        (root / "m").write_text("x\n")
        code, out, _ = run(
            root, "check", "--staged", "--base", "HEAD", "--message", "m", "--select", "SUB", "-q"
        )
        assert code == 1
        assert {line.split(": ")[2].split()[0] for line in out.splitlines()} == {"SUB001", "SUB002"}

    @pytest.mark.parametrize("key", ["core.commentChar", "core.commentString"])
    def test_another_comment_character(self, run, tmp_path, key):
        root = start(tmp_path / "r")
        git(root, "config", key, ";")
        (root / "m").write_text("x\n\n; on branch fix/ #12\n;\n")
        assert run(root, "check", "--message", "m", "--select", "SUB001")[0] == 1

    def test_a_file_that_is_not_there(self, run, tmp_path):
        assert run(start(tmp_path / "r"), "check", "--message", "m")[0] == 2


class TestEvent:
    def test_its_head_is_checked_whatever_is_checked_out(self, run, tmp_path):
        root = submission(tmp_path / "r", FLEET, {**FLEET, "x": "x\n"})
        git(root, "checkout", "-q", "main")
        code, out, _ = run(root, "check", "--event", event(root, tmp_path), "--format", "json")
        document = json.loads(out)
        assert code == 0
        assert document["snapshot"]["kind"] == "commit"
        assert document["snapshot"]["revision"] == git(root, "rev-parse", "work").strip()

    def test_no_issue_in_the_body(self, run, tmp_path):
        root = submission(tmp_path / "r", FLEET, {**FLEET, "x": "x\n"})
        code, out, _ = run(root, "check", "--event", event(root, tmp_path, "no"), "-q")
        assert code == 1
        assert out.startswith("x:1:1: error: SUB001")

    def test_hostile_text_stays_text(self, run, tmp_path):
        root = submission(tmp_path / "r", FLEET, {**FLEET, "x": "x\n"}, message="\x1b[31mred\n")
        body = "\x1b]0;x\x07::error::x"
        file = event(root, tmp_path, body, labels=[{"name": "\x1b"}], title="\x1b[2J")
        code, out, err = run(root, "check", "--event", file, "--color", "never")
        assert code == 1
        assert "\x1b" not in out + err
        code, out, _ = run(root, "check", "--base", "main", "-q", "--color", "never")
        assert code == 1
        assert "\x1b" not in out

    def test_of_a_merge_group_and_a_push(self, run, tmp_path):
        root = submission(tmp_path / "r", FLEET, {**FLEET, "x": "x\n"})
        head, base = (git(root, "rev-parse", name).strip() for name in ("work", "main"))
        file = tmp_path / "event.json"
        for payload in (
            {"merge_group": {"head_sha": head, "base_sha": base}},
            {"before": base, "after": head},
            {"before": "0" * 40, "after": head, "repository": {"default_branch": "main"}},
        ):
            file.write_text(json.dumps(payload))
            assert run(root, "check", "--event", str(file))[0] == 0

    @pytest.mark.parametrize("content", ["", "{}", "[]", '{"pull_request": {}}', '{"issue": 1}'])
    def test_what_is_none_is_not_checked(self, run, tmp_path, content):
        root = submission(tmp_path / "r", FLEET, FLEET)
        (tmp_path / "event.json").write_text(content)
        code, out, err = run(root, "check", "--event", str(tmp_path / "event.json"))
        assert (code, out) == (3, "")
        assert "event.json" in err

    @pytest.mark.parametrize("file", ["", "nowhere.json", ".", "/dev/null"])
    def test_without_a_payload_nothing_is_checked(self, run, tmp_path, file):
        root = submission(tmp_path / "r", FLEET, FLEET)
        code, out, _ = run(root, "check", "--event", file)
        assert (code, out) == (3, "")

    def test_commits_that_are_not_there(self, run, tmp_path):
        root = submission(tmp_path / "r", FLEET, {**FLEET, "x": "x\n"})
        file = event(root, tmp_path, head={"sha": "c" * 40})
        code, out, err = run(root, "check", "--event", file)
        assert (code, out) == (3, "")
        assert "fetch-depth: 0" in err


class TestNotChecked:
    def test_a_shallow_clone(self, run, tmp_path):
        root = submission(tmp_path / "r", FLEET, {**FLEET, "x": "x\n"}, upstream={**FLEET, "y": ""})
        commit(root, {**FLEET, "x": "2\n"})
        git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{root}", "clone")
        code, out, err = run(tmp_path / "clone", "check", "--base", "origin/main")
        assert (code, out) == (3, "")
        assert "fetch-depth: 0" in err

    def test_an_unknown_base(self, run, tmp_path):
        code, out, err = run(
            submission(tmp_path / "r", FLEET, FLEET), "check", "--base", "origin/nowhere"
        )
        assert (code, out) == (3, "")
        assert "fetch-depth" in err

    def test_an_absent_object(self, run, tmp_path):
        one, two, three = ({**FLEET, "a": f"{n}\n"} for n in (1, 2, 3))
        root = submission(tmp_path / "r", one, two, upstream=three)
        blob = git(root, "rev-parse", "work:a").strip()
        (root / ".git/objects" / blob[:2] / blob[2:]).unlink()
        code, out, _ = run(root, "check", "--rev", "work", "--base", "main", "-q")
        assert code == 3
        assert "git merge-tree failed" in " ".join(out.split())

    def test_outside_git(self, run, tmp_path):
        root = write(tmp_path / "f", FLEET)
        assert run(root, "check", "--base", "main")[0] == 3

    def test_without_git(self, run, tmp_path, monkeypatch):
        root = submission(tmp_path / "r", FLEET, FLEET)
        assert shutil.which("git")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert run(root, "check", "--base", "main")[0] == 3


class TestConfiguration:
    @pytest.mark.parametrize(
        ("table", "words"),
        [
            ('issue_referenecs = ["x"]', "did you mean 'issue_references'"),
            ('issue_references = ["("]', "not an RE2 expression"),
            ('issue_references = ["(?=x)"]', "not an RE2 expression"),
            ("bots = ['[']", "submission.bots"),
            ('sign_off = "me"', "submission.sign_off"),
            ("exempt_labels = { SUB1 = ['x'] }", "submission.exempt_labels"),
            ("governs = { 'a' = 'b' }", "submission.governs"),
            ('code = ["[z-a]"]', "submission.code"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_line(self, run, tmp_path, table, words):
        root = write(tmp_path / "f", {**FLEET, "evalpolicy.toml": f"\n[submission]\n{table}\n"})
        code, out, err = run(root, "check")
        assert (code, out) == (2, "")
        assert "evalpolicy.toml:3: " in err
        assert words in err
