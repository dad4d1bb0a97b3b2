"""RPL: the pages' examples, where findings stand, and that only `replay run` makes them."""

from __future__ import annotations

import json
import re

import pytest
from tests.fleets import write
from tests.replays import FOLDER, replayed

from evalpolicy.config.reading import Config
from evalpolicy.engine.check import check
from evalpolicy.errors import UsageError
from evalpolicy.rules import family
from evalpolicy.snapshot import open_snapshot
from evalpolicy.snapshot.cache import Cache

RULES = family("RPL")
FENCE = re.compile(r"^```json (\S+)\n(.*?)^```$", re.M | re.S)
PROVENANCE = f"{FOLDER}/provenance.json"


def judged(root, replays, files=None, chosen=("RPL",)):
    fixtures = {f"{FOLDER}/{one.name}.traces.jsonl": "{}\n{}\n{}\n" for one in replays}
    write(root, {**fixtures, **(files or {})})
    with open_snapshot(root) as snapshot:
        return check(snapshot, Config(), chosen=chosen, replays=replays)


def example(rule, title):
    section = rule.documentation.partition(f"## {title}\n")[2].partition("\n## ")[0]
    fences = dict(FENCE.findall(section))
    return json.loads(fences.pop("replay")), fences


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
class TestPages:
    def test_the_bad_example_fires(self, rule, tmp_path):
        row, files = example(rule, "Example")
        report = judged(tmp_path, [replayed(**row)], files)
        assert [finding.rule for finding in report.findings] == [rule.id]
        assert not report.problems

    def test_the_mended_example_does_not(self, rule, tmp_path):
        row, files = example(rule, "Fixed")
        report = judged(tmp_path, [replayed(**row)], files)
        assert [finding.message for finding in report.findings] == []


def test_a_finding_stands_on_the_fixtures_line(tmp_path):
    row = example(RULES[0], "Example")[0]
    (found,) = judged(tmp_path, [replayed(**row, line=3)]).findings
    assert (found.path, found.span.line) == (f"{FOLDER}/arc-0-codex.traces.jsonl", 3)
    assert found.subject == "arc-0-codex"


def test_another_reward_stands_in_the_provenance_entry(tmp_path):
    text = '{\n "arc-0-codex": {\n  "reward": 1\n }\n}\n'
    row = {"turns": 1, "served": 1, "recorded": 1, "result": {"reward": 0, "passed": False}}
    (found,) = judged(tmp_path, [replayed(**row)], {PROVENANCE: text}).findings
    assert (found.rule, found.path, found.span.line) == ("RPL005", PROVENANCE, 3)
    assert "the grader gave 0, but 1 was recorded" in found.message


def test_a_failed_replay_with_another_reward_makes_two_findings(tmp_path):
    row = {"exit_code": 1, "recorded": 1, "result": {"reward": 0, "passed": False}}
    found = judged(tmp_path, [replayed(**row)]).findings
    assert sorted(one.rule for one in found) == ["RPL004", "RPL005"]
    assert all("grader gave" not in one.message for one in found if one.rule == "RPL004")


def test_what_could_not_be_replayed_is_a_problem_and_no_pass(tmp_path):
    report = judged(tmp_path, [replayed(not_run="docker does not answer any more")])
    assert not report.findings
    (problem,) = report.problems
    assert problem.message == "not replayed: docker does not answer any more"
    assert report.exit_code("never") == 3


def test_what_is_known_to_be_broken_is_a_note(tmp_path):
    report = judged(tmp_path, [replayed(not_run="known to be broken: old", broken=True)])
    assert [(one.rule, one.severity) for one in report.findings] == [("RPL006", "note")]
    assert report.exit_code("error") == 0


def test_check_has_no_replays_to_judge(tmp_path):
    write(tmp_path, {f"{FOLDER}/arc-0-codex.traces.jsonl": "{}\n"})
    with open_snapshot(tmp_path) as snapshot:
        report = check(snapshot, Config())
        assert not {rule.family for rule in report.rules} & {"RPL"}
        with pytest.raises(UsageError, match="evalpolicy replay run"):
            check(snapshot, Config(), chosen=("RPL001",))


def test_an_allowance_and_a_level_hold_for_replays_as_well(tmp_path):
    row = {"turns": 2, "served": 1, "turns_left": 1}
    config = '[rules]\n"RPL003" = "warning"\n'
    write(tmp_path, {"evalpolicy.toml": config})
    from evalpolicy.config.reading import load

    with open_snapshot(tmp_path) as snapshot:
        settings = load(snapshot)
    write(tmp_path, {f"{FOLDER}/arc-0-codex.traces.jsonl": "{}\n"})
    with open_snapshot(tmp_path) as snapshot:
        report = check(snapshot, settings, chosen=("RPL",), replays=[replayed(**row)])
    assert [(one.rule, one.severity) for one in report.findings] == [("RPL003", "warning")]


def test_findings_of_replays_are_not_kept_for_the_next_run(tmp_path):
    """What containers did is in no snapshot: the same files can be replayed to another end."""
    rows = [example(rule, "Example")[0] for rule in RULES[:2]]
    root = write(tmp_path / "fleet", {f"{FOLDER}/arc-0-codex.traces.jsonl": "{}\n"})
    found = []
    for row in rows:
        cache = Cache(tmp_path / "cache")
        with open_snapshot(root) as snapshot:
            replays = [replayed(**row)]
            report = check(snapshot, Config(), chosen=("RPL",), replays=replays, cache=cache)
        cache.save()
        found.append([finding.rule for finding in report.findings])
    assert found == [["RPL001"], ["RPL002"]]
