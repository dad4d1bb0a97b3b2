"""REL: what is released stands on a recorded run."""

from __future__ import annotations

import pytest
from tests.fleets import AGENT, BENCHMARK, FIXTURES, judge, write

RELEASED = BENCHMARK + 'LABEL eval.benchmark.released="true"\n'
FIXTURE = {f"{FIXTURES}/arc-0-codex.traces.jsonl": "{}\n"}
OF_ANOTHER = {f"{FIXTURES}/arc-agi-0-codex.traces.jsonl": "{}\n"}
CASES = [
    ("REL001", RELEASED, {}, 1),
    ("REL001", RELEASED, FIXTURE, 0),
    ("REL001", RELEASED, OF_ANOTHER, 1),
    ("REL001", BENCHMARK, {}, 0),
    ("REL001", BENCHMARK + 'LABEL eval.benchmark.released="false"\n', {}, 0),
    ("REL002", BENCHMARK, FIXTURE, 1),
    ("REL002", RELEASED, FIXTURE, 0),
    ("REL002", BENCHMARK, {}, 0),
    ("REL002", RELEASED.replace("true", "false"), FIXTURE, 0),
    ("REL002", RELEASED.replace("true", "soon"), FIXTURE, 1),
    ("REL002", BENCHMARK.replace("shared-env", "test"), FIXTURE, 0),
    ("REL003", RELEASED, {}, 1),
    ("REL003", RELEASED, {"containers/benchmarks/arc/AUDIT.md": "fine\n"}, 0),
    ("REL003", BENCHMARK, {}, 0),
]


@pytest.mark.parametrize(("rule", "dockerfile", "files", "times"), CASES)
def test_a_rule_fires_as_often_as_it_should(rule, dockerfile, files, times, tmp_path):
    tree = {
        "containers/benchmarks/arc/Dockerfile": dockerfile,
        "containers/benchmarks/arc-agi/Dockerfile": BENCHMARK.replace('"arc"', '"arc-agi"'),
        "containers/agents/codex/Dockerfile": AGENT,
        **files,
    }
    report = judge(write(tmp_path, tree), rule)
    hits = [f.rule for f in report.findings if f.subject == "arc"]
    assert hits == [rule] * times


@pytest.mark.parametrize(
    ("path", "of_release", "of_layout"),
    [
        ("tests/replay/fixtures/arc-0-codex.traces.jsonl", 0, 1),
        ("recordings/arc-0-codex.trajectory.jsonl", 0, 1),
        # Of no benchmark of the fleet, or among what the layout matches.
        ("tests/replay/fixtures/other-0-codex.traces.jsonl", 1, 0),
        ("tests/replay/fixtures/arc-0-codex.jsonl", 1, 0),
        (f"{FIXTURES}/arc-0-codex.traces.jsonl", 0, 0),
    ],
)
def test_recordings_outside_the_layout_are_one_finding(path, of_release, of_layout, tmp_path):
    tree = {
        "containers/benchmarks/arc/Dockerfile": RELEASED,
        "containers/agents/codex/Dockerfile": AGENT,
        path: "{}\n",
    }
    report = judge(write(tmp_path, tree), "REL001", "FIX014")
    assert [f.rule for f in report.findings if f.rule == "REL001"] == ["REL001"] * of_release
    of_fix014 = [f.path for f in report.findings if f.rule == "FIX014"]
    assert of_fix014 == [path] * of_layout


def test_what_is_off_by_default_runs_only_when_it_is_named(tmp_path):
    tree = {"containers/benchmarks/arc/Dockerfile": RELEASED, **FIXTURE}
    write(tmp_path, {**tree, "containers/agents/codex/Dockerfile": AGENT})
    assert "REL003" not in {rule.id for rule in judge(tmp_path, "REL").rules}
    assert "REL003" in {rule.id for rule in judge(tmp_path, "REL003").rules}
    write(tmp_path, {"evalpolicy.toml": '[rules]\nREL003 = "warning"\n'})
    report = judge(tmp_path, "REL")
    assert [(f.rule, f.severity) for f in report.findings] == [("REL003", "warning")]


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (["codex", "goose"], ["aider"]),
        (["codex", "goose", "aider"], []),
        (["codex"], []),
        ([], []),
    ],
)
def test_an_agent_that_nothing_was_recorded_with(recorded, expected, tmp_path):
    agents = ("codex", "goose", "aider")
    tree = {
        "containers/benchmarks/arc/Dockerfile": RELEASED,
        **{f"containers/agents/{name}/Dockerfile": AGENT for name in agents},
        **{f"{FIXTURES}/arc-0-{name}.traces.jsonl": "{}\n" for name in recorded},
    }
    assert [f.subject for f in judge(write(tmp_path, tree), "REL004").findings] == expected


def test_half_of_the_agents_are_not_most(tmp_path):
    tree = {
        "containers/benchmarks/arc/Dockerfile": RELEASED,
        "containers/agents/codex/Dockerfile": AGENT,
        "containers/agents/aider/Dockerfile": AGENT,
        **FIXTURE,
    }
    assert not judge(write(tmp_path, tree), "REL004").findings
