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


def test_what_is_off_by_default_runs_only_when_it_is_named(tmp_path):
    tree = {"containers/benchmarks/arc/Dockerfile": RELEASED, **FIXTURE}
    write(tmp_path, {**tree, "containers/agents/codex/Dockerfile": AGENT})
    assert "REL003" not in {rule.id for rule in judge(tmp_path, "REL").rules}
    assert "REL003" in {rule.id for rule in judge(tmp_path, "REL003").rules}
    write(tmp_path, {"evalpolicy.toml": '[rules]\nREL003 = "warning"\n'})
    report = judge(tmp_path, "REL")
    assert [(f.rule, f.severity) for f in report.findings] == [("REL003", "warning")]
